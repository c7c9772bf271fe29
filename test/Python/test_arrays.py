# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of other libraries, as kernels see them."""

import array
import gc

import numpy as np
import pytest
from spattn import ArgumentError, _dlpack
from spattn._dlpack import HostArray
from spattn.arrays import view_of


def test_numpy():
    x = np.zeros((2, 3, 4), np.float32)
    view = view_of(x, "q")
    assert view.pointer == x.ctypes.data
    assert (view.sizes, view.strides) == ((2, 3, 4), (12, 4, 1))
    assert (view.element, view.device) == ("f32", "cpu")
    view = view_of(x.astype(np.float16).transpose(0, 2, 1)[:, ::2], "q")
    assert (view.sizes, view.strides, view.element) == ((2, 2, 3), (12, 2, 4), "f16")
    x.flags.writeable = False
    assert view_of(x, "q").pointer == x.ctypes.data


def test_bfloat16_of_numpy():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    assert view_of(np.zeros(3, bfloat16), "q").element == "bf16"


def test_dlpack():
    torch = pytest.importorskip("torch")
    for dtype, element in ((torch.float32, "f32"), (torch.bfloat16, "bf16")):
        x = torch.zeros(5, 6, 7, dtype=dtype).transpose(0, 1)[1:]
        view = view_of(x, "q")
        assert view.pointer == x.data_ptr()
        assert (view.sizes, view.strides) == (tuple(x.shape), x.stride())
        assert view.element == element
    with pytest.raises(ArgumentError, match="spattn.torch, or pass tensor.detach"):
        view_of(torch.zeros(3, requires_grad=True), "q")


def test_jax():
    jnp = pytest.importorskip("jax.numpy")
    x = jnp.arange(6, dtype=jnp.bfloat16).reshape(2, 3)
    view = view_of(x, "q")
    assert (view.pointer, view.sizes) == (x.unsafe_buffer_pointer(), (2, 3))
    assert view.element == "bf16"


def test_memory_of_plain_python():
    numbers = array.array("f", range(6))
    view = view_of(memoryview(numbers).cast("B").cast("f", (2, 3)), "q")
    assert view.pointer == numbers.buffer_info()[0]
    assert (view.sizes, view.strides, view.element) == ((2, 3), (3, 1), "f32")


def test_cuda_array_interface():
    class Array:
        __cuda_array_interface__ = {
            "shape": (2, 4), "strides": (32, 4), "typestr": "<f4",
            "data": (4096, False), "version": 3,
        }  # fmt: skip

    view = view_of(Array(), "q")
    assert (view.pointer, view.strides, view.device) == (4096, (8, 1), "cuda")


def test_errors():
    with pytest.raises(ArgumentError, match="q: expected an array .* got builtins.int"):
        view_of(4, "q")
    with pytest.raises(ArgumentError, match="f32, f16, bf16 or i32, got float64"):
        view_of(np.zeros(3), "q")
    with pytest.raises(ArgumentError, match="f32, f16, bf16 or i32, got d"):
        view_of(array.array("d", [1]), "q")
    packed = np.zeros(3, np.dtype([("x", np.float32), ("y", np.int8)]))["x"]
    with pytest.raises(ArgumentError, match="multiples of an element's 4 bytes"):
        view_of(packed, "q")


def test_our_own_arrays():
    """Taken by others, or by nobody, their memory is freed in the end."""
    gc.collect()
    before = len(_dlpack._exported)
    host = HostArray((2, 3), "f32")
    assert host.pointer % 64 == 0
    host.memoryview()[1, 2] = 5
    taken = np.from_dlpack(host)
    assert taken.shape == (2, 3) and taken[1, 2] == 5
    capsule = host.__dlpack__()
    assert len(_dlpack._exported) == before + 2
    del capsule
    assert len(_dlpack._exported) == before + 1
    del host
    assert taken[1, 2] == 5
    del taken
    gc.collect()
    assert len(_dlpack._exported) == before
