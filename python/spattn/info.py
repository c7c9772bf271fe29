# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Lists the components that spattn compiles and runs with, and what is missing."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from . import _capi
from . import _prototypes as c
from ._version import __version__
from .errors import SpattnError
from .target import device_info


class Item(NamedTuple):
    """A component: its name, whether it was found, and a description."""

    name: str
    found: bool
    text: str


def items() -> list[Item]:
    """The lines of `python -m spattn info`."""
    try:
        path = _capi.library_path("libspattn_c.so")
        compiler = _capi.library().spattnGetCompilerVersion().decode()
        context = _capi.context()
    except SpattnError as error:
        return [Item("library", False, str(error))]
    lib = _capi.library()
    threads = lib.spattnContextGetNumThreads(context)
    found = [
        Item("spattn", True, f"{__version__}, Python {platform.python_version()}"),
        Item("library", True, f"{path} ({compiler})"),
        Item("CPU", True, f"{lib.spattnGetHostName().decode()}, {threads} threads"),
        *_cuda(context),
        _ptxas(context),
        _cache(context),
        *_frameworks(),
    ]
    warning = lib.spattnContextGetWarning(context).decode()
    return [*found, Item("warning", False, warning)] if warning else found


def _cuda(context: int) -> Iterator[Item]:
    driver = c.DriverInfo()
    try:
        _capi.call("ContextGetDriver", context, ctypes.byref(driver))
    except SpattnError as error:
        yield Item("driver", False, f"{error}; kernels run on the CPU only")
        return
    major, minor = driver.version // 1000, driver.version % 1000 // 10
    yield Item("driver", True, f"CUDA {major}.{minor}")
    if driver.numDevices == 0:
        yield Item("GPU", False, "the driver knows of none")
    for ordinal in range(driver.numDevices):
        try:
            device = device_info(ordinal)
        except SpattnError as error:
            yield Item(f"GPU {ordinal}", False, str(error))
            continue
        chip = device.chip.decode()
        text = (
            f"{device.name.decode()}, {chip or 'no kernels for it: '}"
            f"{'' if chip else f'compute capability {device.major}.{device.minor}'}, "
            f"{device.multiprocessors} SMs, {device.memoryBytes / 1e9:.0f} GB"
        )
        yield Item(f"GPU {ordinal}", bool(chip), text)


def _ptxas(context: int) -> Item:
    ptxas = c.PtxasInfo()
    try:
        _capi.call("ContextGetPtxas", context, ctypes.byref(ptxas))
    except SpattnError as error:
        hint = "pip install 'spattn[cuda]' brings it; until then the driver compiles"
        return Item("ptxas", False, f"{error}; {hint}")
    text = f"{ptxas.version.decode()}, {ptxas.path.decode()}"
    if ptxas.isTooOld:
        text += "; too old for sm_90a: pip install 'spattn[cuda]'"
    return Item("ptxas", not ptxas.isTooOld, text)


def _cache(context: int) -> Item:
    cache = c.CacheInfo()
    try:
        _capi.call("ContextGetCache", context, ctypes.byref(cache))
    except SpattnError as error:
        return Item("cache", False, f"{error}; set SPATTN_CACHE_DIR to a folder")
    return Item("cache", True, cache.folder.decode())


def _frameworks() -> Iterator[Item]:
    for name in ("torch", "transformers", "jax"):
        try:
            yield Item(name, True, metadata.version(name))
        except metadata.PackageNotFoundError:
            hint = f"pip install 'spattn[{name}]' for spattn.{name}"
            yield Item(name, False, f"not installed; {hint}")


def text() -> str:
    """The output of `python -m spattn info`."""
    return "\n".join(
        f"{item.name:<13}{'' if item.found else 'MISSING: '}{item.text}"
        for item in items()
    )
