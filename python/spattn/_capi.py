# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libspattn_c by ctypes: the functions of include/spattn-c that we call.

`call` calls one and turns its status into an exception. ctypes releases the
interpreter's lock meanwhile, so that threads compile and compute side by side.
"""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import (
    POINTER,
    byref,
    c_bool,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)
from pathlib import Path
from typing import Any

from ._version import __version__
from .errors import ArgumentError, CompileError, DeviceError, SpattnError


def _record(name: str, **fields: Any) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": list(fields.items())})


String = _record("SpattnString", data=c_void_p, size=c_size_t)
ContextOptions = _record(
    "SpattnContextOptions",
    useEnvironment=c_bool,
    threads=c_uint32,
    cacheFolder=c_char_p,
    ptxas=c_char_p,
    ptxasCandidates=POINTER(c_char_p),
    numPtxasCandidates=c_size_t,
    driver=c_char_p,
)
DriverInfo = _record("SpattnDriverInfo", version=c_int32, numDevices=c_int32)
DeviceInfo = _record(
    "SpattnDeviceInfo",
    name=ctypes.c_char * 256,
    chip=ctypes.c_char * 32,
    major=c_int32,
    minor=c_int32,
    multiprocessors=c_int32,
    clockKHz=c_int32,
    memoryClockKHz=c_int32,
    memoryBusBits=c_int32,
    memoryBytes=c_int64,
    l2Bytes=c_int64,
)
PtxasInfo = _record(
    "SpattnPtxasInfo",
    path=ctypes.c_char * 4096,
    version=ctypes.c_char * 32,
    isTooOld=c_bool,
)
CacheInfo = _record(
    "SpattnCacheInfo",
    folder=ctypes.c_char * 4096,
    memoryHits=c_uint64,
    diskHits=c_uint64,
    compiles=c_uint64,
    rejected=c_uint64,
    writeFailures=c_uint64,
)
CpuOptions = _record(
    "SpattnCpuOptions",
    queryTile=c_int64,
    keyTile=c_int64,
    vectorWidth=c_int64,
    optLevel=c_uint32,
    serial=c_bool,
    dumpFolder=c_char_p,
)
GpuOptions = _record(
    "SpattnGpuOptions",
    chip=c_char_p,
    driverVersion=c_int32,
    options=c_char_p,
    strict=c_bool,
    dumpFolder=c_char_p,
)
CompileTimes = _record(
    "SpattnCompileTimes",
    total=c_double,
    passes=c_double,
    ptx=c_double,
    ptxas=c_double,
    fromCache=c_bool,
)


class Value(ctypes.Union):
    _fields_ = [("data", c_void_p), ("real", c_double), ("integer", c_int64)]


Argument = _record(
    "SpattnArgument",
    kind=c_int,
    value=Value,
    element=c_int,
    rank=c_uint32,
    sizes=POINTER(c_int64),
    strides=POINTER(c_int64),
)
BUFFER, REAL, INTEGER = range(3)
ELEMENTS = {"f16": 4, "bf16": 5, "f32": 6}
LaunchOptions = _record(
    "SpattnLaunchOptions", stream=c_void_p, device=c_int32, trustAddresses=c_bool
)
TileShape = _record("SpattnTileShape", queries=c_int64, keys=c_int64)
TileCounts = _record(
    "SpattnTileCounts", visited=c_int64, full=c_int64, masked=c_int64, skipped=c_int64
)
TileInterval = _record(
    "SpattnTileInterval", row=c_int64, begin=c_int64, end=c_int64, isFull=c_bool
)
Work = _record(
    "SpattnWork",
    pairs=c_int64,
    flopsForward=c_int64,
    flopsBackward=c_int64,
    bytesForward=c_int64,
    bytesBackward=c_int64,
)
WorkShape = _record(
    "SpattnWorkShape",
    headDim=c_int64,
    valueDim=c_int64,
    elementBytes=c_int64,
    outputBytes=c_int64,
    keyHeads=c_int64,
)

_HANDLE, _TEXT = c_void_p, c_char_p
#: Functions that give a status, by what comes after "spattn".
_STATUS_FUNCTIONS: dict[str, list[Any]] = {
    "ContextCreate": [POINTER(ContextOptions), POINTER(_HANDLE)],
    "ContextGetDriver": [_HANDLE, POINTER(DriverInfo)],
    "ContextGetDevice": [_HANDLE, c_int32, POINTER(DeviceInfo)],
    "ContextGetPtxas": [_HANDLE, POINTER(PtxasInfo)],
    "ContextGetCache": [_HANDLE, POINTER(CacheInfo)],
    "ModuleParse": [_HANDLE, _TEXT, c_size_t, _TEXT, c_void_p, POINTER(_HANDLE)],
    "ModuleRunPipeline": [_HANDLE, _TEXT, c_void_p],
    "ModulePrint": [_HANDLE, c_uint32, POINTER(String)],
    "ModuleEmitLLVMIR": [_HANDLE, c_void_p, POINTER(String)],
    "ModuleEmitPtx": [_HANDLE, _TEXT, POINTER(GpuOptions), c_void_p, POINTER(String)],
    "KernelCompileCpu": [
        _HANDLE, _TEXT, POINTER(CpuOptions), c_void_p, POINTER(_HANDLE),
    ],
    "KernelCompileGpu": [
        _HANDLE, _TEXT, POINTER(GpuOptions), c_void_p, POINTER(_HANDLE),
    ],
    "KernelSerialize": [_HANDLE, POINTER(String)],
    "KernelLoad": [_HANDLE, _TEXT, c_size_t, POINTER(_HANDLE)],
    "KernelDescribe": [_HANDLE, POINTER(String)],
    "KernelGetCompileTimes": [_HANDLE, POINTER(CompileTimes)],
    "KernelLaunch": [_HANDLE, POINTER(Argument), c_size_t, POINTER(LaunchOptions)],
    "CallCreate": [
        _HANDLE, POINTER(Argument), c_size_t, POINTER(LaunchOptions), POINTER(_HANDLE),
    ],
    "CallRun": [_HANDLE, POINTER(Value), c_void_p, c_void_p],
    "StructureParse": [_HANDLE, _TEXT, c_size_t, POINTER(_HANDLE)],
    "StructureFixLength": [_HANDLE, c_int64, c_int64, POINTER(_HANDLE)],
    "StructureSimplify": [_HANDLE, c_int64, c_int64, c_int, POINTER(_HANDLE)],
    "PatternCreate": [_HANDLE, c_int64, c_int64, c_int64, c_int, POINTER(_HANDLE)],
    "PatternGetMask": [
        _HANDLE, c_int64, c_int64, c_int64, c_int64, c_int64, POINTER(c_uint8),
    ],
    "PatternCountPairs": [_HANDLE, c_int64, POINTER(c_int64)],
    "PatternCountTiles": [_HANDLE, c_int64, TileShape, POINTER(TileCounts)],
    "PatternGetTiles": [
        _HANDLE, c_int64, TileShape, c_int64, c_int64, POINTER(TileInterval), c_size_t,
        POINTER(c_size_t),
    ],
    "PatternGetWork": [_HANDLE, POINTER(WorkShape), POINTER(Work)],
}  # fmt: skip
#: The others: the type of the result, and those of the arguments.
_FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "GetVersion": (_TEXT, []),
    "GetCompilerVersion": (_TEXT, []),
    "GetHostName": (_TEXT, []),
    "StringDestroy": (None, [POINTER(String)]),
    "StatusGetCode": (c_int, [_HANDLE]),
    "StatusGetMessage": (_TEXT, [_HANDLE]),
    "StatusDestroy": (None, [_HANDLE]),
    "ContextGetWarning": (_TEXT, [_HANDLE]),
    "ContextGetNumThreads": (c_uint32, [_HANDLE]),
    "StructureGetText": (_TEXT, [_HANDLE]),
    "StructureGetCanonicalText": (_TEXT, [_HANDLE]),
    "StructureGetNumHeads": (c_int64, [_HANDLE]),
    "KernelGetTarget": (_TEXT, [_HANDLE]),
    "KernelGetMetadata": (_TEXT, [_HANDLE, _TEXT]),
    "KernelGetNumArguments": (c_size_t, [_HANDLE]),
    "CallGetScratchBytes": (c_size_t, [_HANDLE]),
    "CallGetScratchAlignment": (c_size_t, [_HANDLE]),
    **{
        f"{name}Destroy": (None, [_HANDLE])
        for name in ("Module", "Structure", "Pattern", "Kernel", "Call", "Context")
    },
}


def library_path(name: str) -> Path:
    """Where a library of ours is: in SPATTN_LIBRARY_DIR if that is set, else in
    the package, else in the build folder of the sources that this is part of."""
    package = Path(__file__).resolve().parent
    folders = [package / "lib", package.parents[1] / "build" / "lib"]
    asked = os.environ.get("SPATTN_LIBRARY_DIR")
    if asked:
        folders = [Path(asked)]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = " or ".join(str(folder) for folder in folders)
    raise DeviceError(
        f"no {name} in {places}; install spattn (pip install .), or build the target "
        "spattn_c and set SPATTN_LIBRARY_DIR to its folder"
    )


_lock = threading.RLock()
_library: ctypes.CDLL | None = None
_context: int | None = None


def library() -> ctypes.CDLL:
    """The library, loaded by the first call."""
    global _library
    if _library is None:
        with _lock:
            if _library is None:
                _library = _load(library_path("libspattn_c.so"))
    return _library


def _load(path: Path) -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise DeviceError(f"cannot load {path}: {error}") from error
    for name, arguments in _STATUS_FUNCTIONS.items():
        function = getattr(loaded, f"spattn{name}")
        function.restype, function.argtypes = _HANDLE, arguments
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(loaded, f"spattn{name}")
        function.restype, function.argtypes = result, arguments
    version = loaded.spattnGetVersion().decode()
    if version != __version__:
        raise DeviceError(
            f"{path} is of spattn {version}, and the Python package of {__version__}; "
            "install spattn again, or unset SPATTN_LIBRARY_DIR"
        )
    return loaded


_ERRORS = {1: ArgumentError, 2: CompileError, 3: CompileError, 4: DeviceError}
_ERRORS[5] = DeviceError


def call(name: str, *arguments: Any) -> None:
    """Calls `spattnNAME`, and raises what its status says."""
    lib = library()
    status = getattr(lib, f"spattn{name}")(*arguments)
    if not status:
        return
    message = lib.spattnStatusGetMessage(status).decode(errors="replace")
    error = _ERRORS.get(lib.spattnStatusGetCode(status), SpattnError)
    lib.spattnStatusDestroy(status)
    raise error(message)


def new(name: str, *arguments: Any) -> int:
    """Calls a function that makes something, and returns its handle."""
    handle = _HANDLE()
    call(name, *arguments, byref(handle))
    assert handle.value is not None
    return handle.value


def text(name: str, *arguments: Any) -> bytes:
    """Calls a function that stores a text, and returns it."""
    string = String()
    call(name, *arguments, byref(string))
    try:
        return ctypes.string_at(string.data, string.size) if string.data else b""
    finally:
        library().spattnStringDestroy(byref(string))


def context() -> int:
    """The context of this process, as the environment variables want it."""
    global _context
    if _context is None:
        with _lock:
            if _context is None:
                from ._ptxas import candidates

                found = [os.fsencode(path) for path in candidates()]
                options = ContextOptions(
                    useEnvironment=True,
                    ptxasCandidates=(c_char_p * len(found))(*found),
                    numPtxasCandidates=len(found),
                )
                _context = new("ContextCreate", byref(options))
    return _context
