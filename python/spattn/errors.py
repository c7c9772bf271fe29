# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What can go wrong. Messages say what was found and what to do."""

from __future__ import annotations


class SpattnError(Exception):
    """The base of all errors of spattn."""


class StructureError(SpattnError, ValueError):
    """A structure that does not exist: its text, a bound, a number of heads."""


class ArgumentError(SpattnError, ValueError):
    """Arrays or numbers that do not fit: shapes, strides, types, devices."""


class UnsupportedError(SpattnError, NotImplementedError):
    """Something that is well-formed, but that spattn does not compute."""


class DeviceError(SpattnError, RuntimeError):
    """A driver, GPU or ptxas that is missing, or a launch that failed."""


class CompileError(SpattnError, RuntimeError):
    """The compiler refused a program.

    `diagnostics` are its messages, each with its location, and `reproducer` is a
    shell command that gives the same ones from spattn-opt.
    """

    def __init__(
        self, message: str, diagnostics: tuple[str, ...] = (), reproducer: str = ""
    ) -> None:
        text = message
        if reproducer:
            text += f"\nTo reproduce it:\n{reproducer}"
        super().__init__(text)
        self.message = message
        self.diagnostics = diagnostics
        self.reproducer = reproducer

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.message, self.diagnostics, self.reproducer)
