# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libspattn_torch.so: what it needs of torch, which has to be there in all releases
from 2.10 on."""

import re
import shutil
import subprocess

import pytest

torch = pytest.importorskip("torch")
from spattn import _capi  # noqa: E402

LIBRARY = _capi.library_path("libspattn_torch.so")


def run(*command):
    if not shutil.which(command[0]):
        pytest.skip(f"no {command[0]}")
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_imports():
    """Functions of the stable interface in C, and nothing of torch in C++."""
    names = re.findall(r" U (\S+)", run("nm", "-D", str(LIBRARY)))
    assert names
    for name in names:
        assert not re.match(r"_ZN?K?(2at|3c10|5torch)", name), name
    of_torch = {n for n in names if re.match(r"(aoti_)?torch_", n)}
    assert "torch_library_impl" in of_torch
    # Those that torch has added since 2.10 and 2.11.
    newer = {"torch_new_stable_ivalue", "torch_stream_native_handle", "torch_from_blob"}
    assert not of_torch & newer


def test_exports():
    names = re.findall(r" T (\S+)", run("nm", "-D", str(LIBRARY)))
    assert names and all(name.startswith("spattnTorch") for name in names)


def test_dependencies():
    """Those that torch and the package have loaded, and the system's."""
    text = run("readelf", "-d", str(LIBRARY))
    needed = set(re.findall(r"NEEDED.*\[(\S+)\]", text))
    assert {"libtorch_cpu.so", "libspattn_c.so"} <= needed
    assert not {n for n in needed if "python" in n or "cuda" in n}
    assert re.findall(r"R(?:UN)?PATH.*\[(\S+)\]", text) == ["$ORIGIN"]
