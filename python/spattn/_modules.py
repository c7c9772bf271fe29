# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Parses, lowers, prints and compiles MLIR modules."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TypeVar

from . import _capi
from . import _prototypes as c
from .errors import ArgumentError, CompileError

T = TypeVar("T")


def with_module(ir: str, use: Callable[[int], T]) -> T:
    """Parses IR, calls `use` with the module, and destroys the module."""
    encoded = ir.encode()
    module = _capi.new(
        "ModuleParse", _capi.context(), encoded, len(encoded), b"attention.mlir", None
    )
    try:
        return use(module)
    finally:
        _capi.library().spattnModuleDestroy(module)


def print_module(module: int) -> str:
    """Prints the module."""
    return _capi.text("ModulePrint", module, 0).decode()


def lower(ir: str, pipeline: str) -> str:
    """Runs a pipeline and prints the result."""

    def run(module: int) -> str:
        if pipeline:
            _capi.call("ModuleRunPipeline", module, pipeline.encode(), None)
        return print_module(module)

    return with_module(ir, run)


def compile_cpu(ir: str, options: str, function: str) -> int:
    """Compiles a kernel for this machine's CPU."""
    fields = {}
    for word in options.split():
        name, _, value = word.partition("=")
        if name not in _CPU_OPTIONS or not value.isdecimal():
            raise ArgumentError(
                f"expected options of kernels for a CPU, {', '.join(_CPU_OPTIONS)}, "
                f"with a number each, got {word!r}"
            )
        fields[_CPU_OPTIONS[name]] = int(value)
    asked = ctypes.byref(c.CpuOptions(**fields))
    return with_module(
        ir,
        lambda module: _capi.new(
            "KernelCompileCpu", module, function.encode(), asked, None
        ),
    )


_CPU_OPTIONS = {
    "query-tile": "queryTile",
    "key-tile": "keyTile",
    "vector-width": "vectorWidth",
}


def gpu_options(chip: str, driver: int, options: str) -> ctypes.Structure:
    """A SpattnGpuOptions."""
    return c.GpuOptions(
        chip=chip.encode(), driverVersion=driver, options=options.encode()
    )


def compile_gpu(ir: str, chip: str, driver: int, options: str, function: str) -> int:
    """Compiles a kernel for a GPU, or loads it from the cache."""
    asked = ctypes.byref(gpu_options(chip, driver, options))
    return with_module(
        ir,
        lambda module: _capi.new(
            "KernelCompileGpu", module, function.encode(), asked, None
        ),
    )


def emit_ptx(ir: str, chip: str, driver: int, options: str, function: str) -> str:
    """The PTX of a kernel for a GPU."""
    asked = ctypes.byref(gpu_options(chip, driver, options))
    return with_module(
        ir,
        lambda module: _capi.text(
            "ModuleEmitPtx", module, function.encode(), asked, None
        ),
    ).decode()


def refused(error: CompileError, ir: str, pipeline: str) -> CompileError:
    """Adds a reproducer to a compile error."""
    command = f"spattn-opt --{pipeline} <<'END'\n{ir}END"
    return CompileError(error.message, error.diagnostics, command)
