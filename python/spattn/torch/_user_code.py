# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where users' functions are, that are traced."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from .. import _tracing

_FOLDERS = tuple(
    f"{Path(file).resolve().parent}/" for file in (torch.__file__, _tracing.__file__)
)


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function of the user's, whose lines `here` finds."""
    return function(*arguments)


def here() -> tuple[str, int, int] | None:
    """The file, line and column of the user's code that is run."""
    frame: FrameType | None = sys._getframe(2)
    while frame and frame.f_code is not called.__code__:
        file = frame.f_code.co_filename
        if not file.startswith(_FOLDERS):
            return Path(file).name, frame.f_lineno, _column(frame)
        frame = frame.f_back
    return None


def _column(frame: FrameType) -> int:
    """Python 3.10 does not know it."""
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is None or frame.f_lasti < 0:
        return 1
    own = next(itertools.islice(positions(), frame.f_lasti // 2, None))
    return (own[2] or 0) + 1
