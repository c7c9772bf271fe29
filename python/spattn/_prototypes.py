# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ctypes declarations of the structs and functions of include/spattn-c in use."""

from __future__ import annotations

import ctypes
from ctypes import (
    POINTER,
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
from typing import Any


def _record(name: str, /, **fields: Any) -> type[ctypes.Structure]:
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
ELEMENTS = {"i32": 2, "f16": 4, "bf16": 5, "f32": 6}
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
KeyInterval = _record("SpattnKeyInterval", begin=c_int64, end=c_int64)
KeyPiece = _record(
    "SpattnKeyPiece", keyHead=c_int64, begin=c_int64, end=c_int64, row=c_int64
)
Slice = _record(
    "SpattnSlice",
    length=c_int64,
    numHeads=c_int64,
    numKeyHeads=c_int64,
    firstHead=c_int64,
    heads=c_int64,
    firstQuery=c_int64,
    queries=c_int64,
    keys=c_int64,
    pieces=POINTER(KeyPiece),
    numPieces=c_size_t,
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
#: The argument types of functions that return a status; names lack the prefix "spattn".
STATUS_FUNCTIONS: dict[str, list[Any]] = {
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
    "ModuleFindStructure": [_HANDLE, _TEXT, c_void_p, POINTER(_HANDLE)],
    "StructureFromMask": [
        _HANDLE, c_void_p, c_int64, c_int64, c_int64, c_int, POINTER(_HANDLE),
    ],
    "StructureParse": [_HANDLE, _TEXT, c_size_t, POINTER(_HANDLE)],
    "StructureSimplify": [_HANDLE, c_int64, c_int64, c_int, POINTER(_HANDLE)],
    "StructureFixLength": [_HANDLE, c_int64, c_int64, POINTER(_HANDLE)],
    "StructureSlice": [_HANDLE, POINTER(Slice), POINTER(_HANDLE)],
    "StructureGetLiveKeys": [
        _HANDLE, c_int64, c_int64, c_int64, c_int64, c_int64, POINTER(KeyInterval),
        c_size_t, POINTER(c_size_t),
    ],
    "StructureGetRemovableKeys": [_HANDLE, c_int64, c_int64, POINTER(KeyInterval)],
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
    "PatternGetKeys": [
        _HANDLE, c_int64, c_int64, c_int64, POINTER(KeyInterval), c_size_t,
        POINTER(c_size_t),
    ],
    "PatternGetWork": [_HANDLE, POINTER(WorkShape), POINTER(Work)],
}  # fmt: skip
#: The result and argument types of the other functions.
FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
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
