# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compilation targets."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from functools import lru_cache

from . import _capi
from . import _prototypes as c
from .errors import ArgumentError, DeviceError


@dataclass(frozen=True)
class Target:
    """The CPU of this machine, or a GPU architecture and the driver's CUDA version."""

    #: "cpu", or an architecture such as "sm_90a".
    chip: str
    #: The newest CUDA version that the driver supports (12080 is 12.8); 0 if unknown.
    driver: int = 0

    @property
    def is_gpu(self) -> bool:
        return self.chip != "cpu"

    def __str__(self) -> str:
        return self.chip


TargetLike = Target | str
CPU = Target("cpu")


def device_info(ordinal: int = 0) -> ctypes.Structure:
    """The driver's description of a GPU, a SpattnDeviceInfo."""
    device = c.DeviceInfo()
    _capi.call("ContextGetDevice", _capi.context(), ordinal, ctypes.byref(device))
    return device


@lru_cache(maxsize=64)
def cuda_target(ordinal: int = 0) -> Target:
    """The target of a GPU of this machine."""
    driver = c.DriverInfo()
    _capi.call("ContextGetDriver", _capi.context(), ctypes.byref(driver))
    device = device_info(ordinal)
    chip = device.chip.decode()
    if not chip:
        raise DeviceError(
            f"{device.name.decode()} has compute capability {device.major}."
            f"{device.minor}; there are kernels from 8.0 on"
        )
    return Target(chip, driver.version)


def as_target(target: TargetLike, device: int = 0) -> Target:
    """Converts "cpu", "cuda" (GPU `device` of this machine) or e.g. "sm_90a"."""
    if isinstance(target, Target):
        return target
    if target == "cpu":
        return CPU
    if target == "cuda":
        return cuda_target(device)
    if isinstance(target, str) and re.fullmatch(r"sm_\d+[af]?", target):
        return Target(target)
    raise ArgumentError(
        f"expected a target that is 'cpu', 'cuda' or a chip such as 'sm_90a', got "
        f"{target!r}"
    )
