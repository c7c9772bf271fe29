# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ctypes bindings of libspattn_c.

`call` calls a function and turns an error status into an exception. ctypes releases
the GIL during the call, so threads compile and compute in parallel.
"""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import byref, c_char_p, c_void_p
from pathlib import Path
from typing import Any

from ._prototypes import FUNCTIONS, STATUS_FUNCTIONS, ContextOptions, String
from ._version import __version__
from .errors import ArgumentError, CompileError, DeviceError, SpattnError


def library_path(name: str, framework: str = "") -> Path:
    """Finds one of spattn's libraries: in SPATTN_LIBRARY_DIR if that is set, else in
    the package, else in the build folder of the source tree. A library for a
    `framework` exists only if that was installed when spattn was built."""
    package = Path(__file__).resolve().parent
    folders = [package / "lib", package.parents[1] / "build" / "lib"]
    asked = os.environ.get("SPATTN_LIBRARY_DIR")
    if asked:
        folders = [Path(asked)]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    places = " or ".join(str(folder) for folder in folders)
    if framework and any((folder / "libspattn_c.so").is_file() for folder in folders):
        raise DeviceError(
            f"no {name} in {places}: spattn was built without {framework}; install "
            f"spattn again now that {framework} is installed (pip install "
            "--force-reinstall --no-deps --no-cache-dir .)"
        )
    raise DeviceError(
        f"no {name} in {places}; install spattn (pip install .), or build the target "
        "spattn_c and set SPATTN_LIBRARY_DIR to its folder"
    )


_lock = threading.RLock()
_library: ctypes.CDLL | None = None
_context: int | None = None


def library() -> ctypes.CDLL:
    """Loads the library on the first call."""
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
    for name, arguments in STATUS_FUNCTIONS.items():
        function = getattr(loaded, f"spattn{name}")
        function.restype, function.argtypes = c_void_p, arguments
    for name, (result, arguments) in FUNCTIONS.items():
        function = getattr(loaded, f"spattn{name}")
        function.restype, function.argtypes = result, arguments
    version = loaded.spattnGetVersion().decode()
    if version != __version__:
        raise DeviceError(
            f"{path} has version {version}, but the Python package has {__version__}; "
            "reinstall spattn, or unset SPATTN_LIBRARY_DIR"
        )
    return loaded


_ERRORS = {1: ArgumentError, 2: CompileError, 3: CompileError, 4: DeviceError}
_ERRORS[5] = DeviceError


def call(name: str, *arguments: Any) -> None:
    """Calls `spattnNAME` and raises an exception if it fails."""
    lib = library()
    status = getattr(lib, f"spattn{name}")(*arguments)
    if not status:
        return
    message = lib.spattnStatusGetMessage(status).decode(errors="replace")
    error = _ERRORS.get(lib.spattnStatusGetCode(status), SpattnError)
    lib.spattnStatusDestroy(status)
    raise error(message)


def new(name: str, *arguments: Any) -> int:
    """Calls a function that creates an object, and returns its handle."""
    handle = c_void_p()
    call(name, *arguments, byref(handle))
    assert handle.value is not None
    return handle.value


def text(name: str, *arguments: Any) -> bytes:
    """Calls a function that stores a string, and returns the bytes."""
    string = String()
    call(name, *arguments, byref(string))
    try:
        return ctypes.string_at(string.data, string.size) if string.data else b""
    finally:
        library().spattnStringDestroy(byref(string))


def context() -> int:
    """The context of this process, configured by the environment variables."""
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


def _after_fork() -> None:
    # The child has none of the parent's threads.
    global _context, _lock
    _context, _lock = None, threading.RLock()


os.register_at_fork(after_in_child=_after_fork)
