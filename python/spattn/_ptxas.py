# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds NVIDIA's assembler, which `pip install spattn[cuda]` installs."""

from __future__ import annotations

import sys
from pathlib import Path


def candidates() -> list[Path]:
    """The ptxas executables of NVIDIA's packages on sys.path, newest first."""
    found = []
    for folder in map(Path, sys.path):
        if (folder / "nvidia").is_dir():
            found += [
                path
                for path in (folder / "nvidia").glob("*/bin/ptxas")
                if path.is_file()
            ]
    # Folder names sort by release: cu13 is newer than cuda_nvcc, which is CUDA 12.
    return sorted(set(found), key=lambda path: path.parts[-3].startswith("cu1"))[::-1]
