# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The shared library beside others that bring an LLVM of their own.

All orders of loading it and those of torch, triton, jax and llvmlite that are
installed, each in a process of its own, which then uses all of them.
"""

import importlib.util
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [
    name
    for name in ("torch", "triton", "jax", "llvmlite")
    if importlib.util.find_spec(name)
]
ORDERS = list(itertools.permutations(["spattn", *OTHERS]))
FOLDER = os.environ.get("SPATTN_LIBRARY_DIR", ROOT / "build" / "lib")
LIBRARY = Path(FOLDER) / "libspattn_c.so"


@pytest.mark.skipif(not LIBRARY.exists(), reason=f"no {LIBRARY}")
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_order(order):
    command = [sys.executable, __file__, str(LIBRARY), *order]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stdout + run.stderr


# What follows runs in the processes.

SOURCE = b"""
!t = tensor<1x2x?x4xf32>
func.func @causal(%q: !t, %k: !t, %v: !t, %o: !t) -> !t {
  %r = spattn.attention structure(#spattn.causal)
         ins(%q, %k, %v : !t, !t, !t) outs(%o : !t)
  return %r : !t
}
"""


def load(name, path):
    if name != "spattn":
        return importlib.import_module(name)
    import ctypes

    library = ctypes.CDLL(path)
    library.spattnStatusGetMessage.restype = ctypes.c_char_p
    return library


def use_spattn(library):
    import ctypes
    from ctypes import POINTER, byref, c_double, c_float, c_int64, c_void_p

    class Value(ctypes.Union):
        _fields_ = [("data", c_void_p), ("real", c_double), ("integer", c_int64)]

    class Argument(ctypes.Structure):
        _fields_ = [
            ("kind", ctypes.c_int),
            ("value", Value),
            ("element", ctypes.c_int),
            ("rank", ctypes.c_uint32),
            ("sizes", POINTER(c_int64)),
            ("strides", POINTER(c_int64)),
        ]

    def call(name, *arguments):
        function = getattr(library, name)
        function.restype = c_void_p
        status = c_void_p(function(*arguments))
        assert not status, library.spattnStatusGetMessage(status)

    context, module, kernel = c_void_p(), c_void_p(), c_void_p()
    call("spattnContextCreate", None, byref(context))
    size = ctypes.c_size_t(len(SOURCE))
    call("spattnModuleParse", context, SOURCE, size, None, None, byref(module))
    call("spattnKernelCompileCpu", module, b"causal", None, None, byref(kernel))
    heads, length, dim = 2, 16, 4
    zeros, values, out = ((c_float * (heads * length * dim))() for _ in range(3))
    for i in range(len(values)):
        values[i] = i // dim % length
    sizes = (c_int64 * 4)(1, heads, length, dim)
    arguments = (Argument * 4)(
        *(
            Argument(0, Value(data=ctypes.addressof(data)), 6, 4, sizes, None)
            for data in (zeros, zeros, values, out)
        )
    )
    call("spattnKernelLaunch", kernel, arguments, ctypes.c_size_t(4), None)
    # With equal keys, the mean of the positions up to the query's.
    for i, value in enumerate(out):
        assert abs(value - (i // dim % length) / 2) < 1e-5, (i, value)
    # Options of passes are parsed by the part of LLVM with most globals.
    call("spattnModuleRunPipeline", module, b"spattn-cpu{query-tile=8}", None)
    # A kernel for a GPU, which needs none: the whole of NVPTX.
    text = (c_void_p * 2)()
    source = SOURCE.replace(b"4xf32", b"64xbf16")
    size = ctypes.c_size_t(len(source))
    call("spattnModuleParse", context, source, size, None, None, byref(module))
    call("spattnModuleEmitPtx", module, b"causal", None, None, byref(text))
    assert b".target sm_90a" in ctypes.string_at(text[0], text[1])


def use_torch(torch):
    x = torch.ones(4, 4, requires_grad=True)
    (x @ x).sum().backward()
    assert x.grad.sum().item() == 128


def use_triton(triton):
    from triton._C import libtriton

    context = libtriton.ir.context()
    libtriton.ir.load_dialects(context)


def use_jax(jax):
    import jax.numpy as jnp

    result = jax.jit(lambda x: jnp.exp(x).sum())(jnp.zeros(8))
    assert float(result) == 8


def use_llvmlite(llvmlite):
    import ctypes

    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    module = binding.parse_assembly(
        "define i64 @next(i64 %x) { %y = add i64 %x, 1\n ret i64 %y }"
    )
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    address = engine.get_function_address("next")
    assert ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(address)(41) == 42


def main(path, order):
    loaded = {name: load(name, path) for name in order}
    for name in order:
        globals()[f"use_{name}"](loaded[name])
    # And once all of them have been at work.
    use_spattn(loaded["spattn"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
