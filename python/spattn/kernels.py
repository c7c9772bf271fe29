# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels of this process: one per problem, target and length class.

A kernel is correct for all lengths, but the fastest tile shape, scheduler and
backward mode depend on the length. So lengths are divided into classes at powers of
two, and a GPU kernel is tuned for its class. Up to 16 queries, as in decoding, have
kernels of their own. Classes with identical IR share a kernel. On a CPU there are two
classes: up to 16 queries, and more.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from . import _modules
from .errors import CompileError
from .kernel import Kernel, compile
from .merge_problem import AnyProblem
from .problem import Problem
from .target import Target, TargetLike, as_target

#: The smallest and the largest class.
SHORTEST, LONGEST = 10, 17
#: So many queries are few, as in decoding.
FEW_QUERIES = 16


def length_class(query_length: int, key_length: int) -> int:
    """The class `k` of lengths: the longer one is in (2^(k-1), 2^k].

    The first class also has all shorter lengths, and the last class all longer ones.
    """
    longer = max(query_length, key_length)
    return min(max((longer - 1).bit_length(), SHORTEST), LONGEST)


class _Kernels:
    """A thread-safe table that compiles each kernel once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._futures: dict[Any, Future[Kernel]] = {}

    def get(
        self, problem: AnyProblem, target: Target, query_length: int, key_length: int
    ) -> Kernel:
        """The kernel of the length class."""
        # Tiles of 64 queries of a head waste work on a few queries.
        is_forward = isinstance(problem, Problem) and not problem.gradients
        few = is_forward and query_length <= FEW_QUERIES
        if not target.is_gpu:
            options = f"query-tile={FEW_QUERIES}" if few else ""
            return self._once(
                (problem, target, options),
                lambda: compile(problem, target, options=options),
            )
        length = length_class(query_length, key_length)
        options = f"expected-queries={FEW_QUERIES}" if few else ""
        return self._once(
            (problem, target, length, options),
            lambda: self._make(problem, target, length, options),
        )

    def _make(
        self, problem: AnyProblem, target: Target, length: int, options: str
    ) -> Kernel:
        def make() -> Kernel:
            return compile(problem, target, length=2**length, options=options)

        digest = self._lowered(problem, target, 2**length, options)
        if digest is None:  # Compile anyway, to raise the error with a reproducer.
            return make()
        return self._once((problem, target, digest), make)

    @staticmethod
    def _lowered(
        problem: AnyProblem, target: Target, length: int, more: str
    ) -> bytes | None:
        """A hash of the kernel's IR, to find identical kernels; None on an error."""
        options = f"target={target.chip} expected-length={length} {more}"
        if problem.deterministic is not None:
            options += f" deterministic={str(problem.deterministic).lower()}"
        try:
            text = _modules.lower(problem.ir(), f"spattn-gpu-kernels{{{options}}}")
            return hashlib.sha256(text.encode()).digest()
        except CompileError:
            return None

    def _once(self, key: Any, make: Callable[[], Kernel]) -> Kernel:
        with self._lock:
            future = self._futures.get(key)
            mine = future is None
            if future is None:
                future = self._futures[key] = Future()
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                # Let later calls retry: a driver may have been installed meanwhile.
                with self._lock:
                    del self._futures[key]
                future.set_exception(error)
        return future.result()

    def loaded(self) -> list[Kernel]:
        """The distinct kernels that are compiled."""
        with self._lock:
            futures = list(self._futures.values())
        done = [f.result() for f in futures if f.done() and not f.exception()]
        return list(dict.fromkeys(done))


_kernels = _Kernels()


def kernel_for(
    problem: AnyProblem,
    target: TargetLike,
    query_length: int,
    key_length: int,
    *,
    device: int = 0,
) -> Kernel:
    """Returns the kernel for a call with the given lengths.

    The first call compiles it; it stays loaded until the process ends.
    """
    target = as_target(target, device)
    return _kernels.get(problem, target, query_length, key_length)


def loaded_kernels() -> list[Kernel]:
    """The kernels that this process has compiled or loaded."""
    return _kernels.loaded()


_orphans: list[_Kernels] = []


def _after_fork() -> None:
    # Kernels refer to the parent's context, which the child must not destroy.
    global _kernels
    _orphans.append(_kernels)
    _kernels = _Kernels()


os.register_at_fork(after_in_child=_after_fork)
