# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled kernels and their launches."""

from __future__ import annotations

import ctypes
import json
import math
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import _capi, _modules
from . import _prototypes as c
from .arrays import Array, contiguous_strides
from .errors import ArgumentError, CompileError
from .merge_problem import AnyProblem, problem_of
from .problem import Problem
from .target import CPU, Target, TargetLike, as_target

#: The levels of `Kernel.ir` by target, with the pipelines that lower to each.
CPU_LEVELS: dict[str, tuple[str, ...]] = {
    "spattn": (),
    "spattn_cpu": ("spattn-cpu-loops",),
    "vector": ("spattn-cpu-loops", "spattn-cpu-vector"),
    "llvm": ("spattn-cpu",),
}
GPU_LEVELS: dict[str, tuple[str, ...]] = {
    "spattn": (),
    "spattn_gpu": ("spattn-gpu-kernels",),
    "nvvm": ("spattn-gpu",),
    "ptx": (),
}


class Kernel:
    """A problem compiled for a target. Launches are thread-safe."""

    def __init__(
        self,
        problem: AnyProblem,
        target: Target,
        handle: int,
        options: str = "",
        length: int | None = None,
    ) -> None:
        self.problem, self.target, self.length = problem, target, length
        #: The pipeline options that it was compiled with.
        self.options = options
        #: The address of the SpattnKernel, which this object owns.
        self.handle = handle
        expected = len(problem.operands) + len(problem.scalars)
        found = _capi.library().spattnKernelGetNumArguments(handle)
        if found != expected:
            raise CompileError(
                f"expected a kernel of {expected} arguments, got {found}"
            )

    def __del__(self) -> None:
        if getattr(self, "handle", None) and _capi is not None:
            _capi.library().spattnKernelDestroy(self.handle)

    def __repr__(self) -> str:
        return f"<spattn.Kernel: {self.problem}, {self.target}>"

    # ------------------------------------------------------------------------
    # Launches
    # ------------------------------------------------------------------------

    def launch(
        self,
        arrays: Sequence[Array],
        *,
        scale: float | None = None,
        soft_cap: float | None = None,
        stream: int = 0,
        device: int = 0,
    ) -> None:
        """Launches the kernel on arrays in the order of `problem.operands`.

        `stream` is a cudaStream_t as an integer. It belongs to the calling thread's
        current CUDA context or, without one, to GPU `device`. A launch on a GPU is
        asynchronous. `scale` defaults to `1 / sqrt(head_dim)`; `soft_cap` is for
        problems with one.
        """
        arguments = self._arguments(arrays, self.numbers(scale, soft_cap))
        where = c.LaunchOptions(stream=stream, device=device)
        _capi.call(
            "KernelLaunch",
            self.handle,
            arguments,
            len(arguments),
            ctypes.byref(where),
        )

    def prepare(self, arrays: Sequence[Array], *, device: int = 0) -> Call:
        """Checks sizes and strides once, for calls that differ only in addresses."""
        arguments = self._arguments(arrays, [0.0] * len(self.problem.scalars))
        where = ctypes.byref(c.LaunchOptions(device=device))
        handle = _capi.new("CallCreate", self.handle, arguments, len(arguments), where)
        return Call(self, handle)

    def scale(self, scale: float | None) -> float:
        """The scale of a call, `1 / sqrt(head_dim)` by default."""
        if not isinstance(self.problem, Problem):
            raise ArgumentError("only attention has a scale")
        if scale is None:
            return 1 / math.sqrt(self.problem.head_dim)
        return float(scale)

    def numbers(self, scale: float | None, soft_cap: float | None) -> list[float]:
        """The numbers of a call, in the order of `problem.scalars`."""
        scalars = self.problem.scalars
        if ("soft_cap" in scalars) == (soft_cap is None):
            raise ArgumentError(
                "expected a soft_cap, which the problem has"
                if soft_cap is None
                else f"expected no soft_cap, as the problem has none, got {soft_cap}"
            )
        if "scale" not in scalars and scale is None:
            return []
        numbers = [self.scale(scale)]
        return numbers if soft_cap is None else [*numbers, float(soft_cap)]

    def _arguments(
        self, arrays: Sequence[Array], numbers: list[float]
    ) -> ctypes.Array[Any]:
        names = self.problem.operands
        if len(arrays) != len(names):
            raise ArgumentError(
                f"expected {len(names)} arrays, {', '.join(names)}; got {len(arrays)}"
            )
        arguments = (c.Argument * (len(names) + len(numbers)))()
        for argument, name, array in zip(arguments, names, arrays, strict=False):
            rank = len(array.sizes)
            argument.kind = c.BUFFER
            argument.value.data = array.pointer
            argument.element = c.ELEMENTS[array.element or self.problem.element(name)]
            argument.rank = rank
            argument.sizes = (ctypes.c_int64 * rank)(*array.sizes)
            argument.strides = (ctypes.c_int64 * rank)(*array.strides)
        for argument, number in zip(arguments[len(names) :], numbers, strict=True):
            argument.kind = c.REAL
            argument.value.real = number
        return arguments

    # ------------------------------------------------------------------------
    # What it is
    # ------------------------------------------------------------------------

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels that `ir` accepts."""
        return tuple(GPU_LEVELS if self.target.is_gpu else CPU_LEVELS)

    def ir(self, level: str = "spattn") -> str:
        """The IR at one of `levels`."""
        if level not in self.levels:
            raise ArgumentError(
                f"expected a level of {', '.join(self.levels)}, got {level!r}"
            )
        ir = self.problem.ir()
        if level == "ptx":
            return _modules.emit_ptx(
                ir,
                self.target.chip,
                self.target.driver,
                self.options,
                self.problem.function,
            )
        options = self.options
        if self.target.is_gpu:
            options = f"target={self.target.chip} {options}"
        passes = (GPU_LEVELS if self.target.is_gpu else CPU_LEVELS)[level]
        return _modules.lower(ir, ",".join(f"{p}{{{options}}}" for p in passes))

    @property
    def description(self) -> str:
        """The launch description: arrays, kernels, grids, scratch. GPU only."""
        return _capi.text("KernelDescribe", self.handle).decode()

    @property
    def compile_ms(self) -> dict[str, float | bool]:
        """Compile times in milliseconds, and whether the kernel was cached."""
        times = c.CompileTimes()
        _capi.call("KernelGetCompileTimes", self.handle, ctypes.byref(times))
        return {name: getattr(times, name) for name, *_ in times._fields_}

    @property
    def artifact(self) -> bytes:
        """The code and launch description, which spattn's runtime loads. GPU only."""
        return _capi.text("KernelSerialize", self.handle)

    def save(self, path: str | Path) -> None:
        """Saves a GPU kernel to a file that `spattn.load` reads."""
        if not self.target.is_gpu:
            raise ArgumentError(
                "kernels for a CPU cannot be saved; save one for a GPU, or the IR"
            )
        about = {
            "problem": self.problem.fields(),
            "target": asdict(self.target),
            "options": self.options,
            "length": self.length,
        }
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("about.json", json.dumps(about, indent=2))
            file.writestr("artifact", self.artifact)


class Call:
    """A prepared launch, which lacks only the addresses: see `Kernel.prepare`."""

    def __init__(self, kernel: Kernel, handle: int) -> None:
        self.kernel, self.handle = kernel, handle
        lib = _capi.library()
        #: Size and alignment in bytes of the scratch buffer for `run`.
        self.scratch_bytes: int = lib.spattnCallGetScratchBytes(handle)
        self.scratch_alignment: int = lib.spattnCallGetScratchAlignment(handle)

    def __del__(self) -> None:
        if getattr(self, "handle", None) and _capi is not None:
            _capi.library().spattnCallDestroy(self.handle)

    def run(
        self,
        pointers: Sequence[int],
        *,
        scale: float | None = None,
        soft_cap: float | None = None,
        scratch: int = 0,
        stream: int = 0,
    ) -> None:
        """Launches at these addresses. Allocates scratch if none is given."""
        names = self.kernel.problem.operands
        if len(pointers) != len(names):
            raise ArgumentError(
                f"expected {len(names)} addresses, {', '.join(names)}; got "
                f"{len(pointers)}"
            )
        numbers = self.kernel.numbers(scale, soft_cap)
        values = (c.Value * (len(names) + len(numbers)))()
        for value, pointer in zip(values, pointers, strict=False):
            value.data = pointer
        for value, number in zip(values[len(names) :], numbers, strict=True):
            value.real = number
        _capi.call("CallRun", self.handle, values, scratch, stream)


def compile(
    problem: AnyProblem,
    target: TargetLike = "cpu",
    *,
    length: int | None = None,
    device: int = 0,
    options: str = "",
) -> Kernel:
    """Compiles a problem ahead of time.

    A kernel is correct for all lengths; `length` is the length that a GPU kernel is
    tuned for. `options` are further pipeline options (docs/Pipelines.md), such as
    "key-tile=64". GPU kernels are loaded from the cache on a hit.
    """
    target = as_target(target, device)
    ir = problem.ir()
    if not target.is_gpu:
        try:
            return Kernel(
                problem,
                CPU,
                _modules.compile_cpu(ir, options, problem.function),
                options,
            )
        except CompileError as error:
            raise _modules.refused(error, ir, f'spattn-cpu="{options}"') from None
    words = [] if length is None else [f"expected-length={length}"]
    if problem.deterministic is not None:
        words.append(f"deterministic={str(problem.deterministic).lower()}")
    options = " ".join([*words, options]).strip()
    try:
        handle = _modules.compile_gpu(
            ir, target.chip, target.driver, options, problem.function
        )
    except CompileError as error:
        pipeline = f'spattn-gpu="target={target.chip} {options}"'
        raise _modules.refused(error, ir, pipeline) from None
    return Kernel(problem, target, handle, options, length)


def load(path: str | Path) -> Kernel:
    """Loads a kernel that `Kernel.save` wrote, without compiling."""
    try:
        with zipfile.ZipFile(path) as file:
            about = json.loads(file.read("about.json"))
            artifact = file.read("artifact")
        problem = problem_of(about["problem"])
        target = Target(**about["target"])
    except (zipfile.BadZipFile, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ArgumentError(f"{path} is not a kernel that was saved: {error}") from None
    handle = _capi.new("KernelLoad", _capi.context(), artifact, len(artifact))
    return Kernel(problem, target, handle, about["options"], about["length"])


__all__ = ["Array", "Call", "Kernel", "compile", "contiguous_strides", "load"]
