# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exceptions. Messages say what was found and what to do."""

from __future__ import annotations


class SpattnError(Exception):
    """The base class of spattn's exceptions."""


class StructureError(SpattnError, ValueError):
    """An invalid structure: its text, a bound, or a number of heads."""


class ArgumentError(SpattnError, ValueError):
    """Invalid or mismatched arguments: shapes, strides, types, devices."""


class UnsupportedError(SpattnError, NotImplementedError):
    """A valid request that spattn does not implement."""


class DeviceError(SpattnError, RuntimeError):
    """A missing driver, GPU or ptxas, or a failed launch."""


class DistributedError(SpattnError, RuntimeError):
    """Another process of a group has failed, ended, or called something else."""


class CompileError(SpattnError, RuntimeError):
    """A compilation failed.

    `diagnostics` are the compiler's messages with their locations, and `reproducer`
    is a shell command that reproduces them with spattn-opt.
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
