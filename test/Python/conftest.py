# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fixtures of the Python tests.

The package is the installed one, or else that of the sources, with the library of
the build folder. Tests leave the user's cache of kernels alone.
"""

import importlib.util
import os
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Before the first kernel is compiled.
os.environ.setdefault("SPATTN_CACHE_DIR", tempfile.mkdtemp(prefix="spattn-test-"))
if importlib.util.find_spec("spattn") is None:
    sys.path.insert(0, str(ROOT / "python"))


def has_gpu() -> bool:
    """Whether there is a GPU to run on, and PyTorch to make arrays on it."""
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()


def pytest_collection_modifyitems(items):
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if marked and not has_gpu():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no NVIDIA GPU with PyTorch"))


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """Where a test computes: "cpu", and "cuda" if there is one."""
    return request.param


@pytest.fixture(params=["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def platform(request):
    """Where a test of JAX computes, by JAX's name."""
    from plain_jax import has_gpu, jax

    if request.param == "gpu" and not has_gpu():
        pytest.skip("JAX has no GPU")
    with jax.default_device(jax.devices(request.param)[0]):
        yield request.param


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    """Eight processes for all tests of a file, each the rank of groups."""
    from ranks import Ranks

    made = Ranks(8, tmp_path_factory.mktemp("ranks"))
    yield made
    made.close()


@pytest.fixture
def element(platform):
    """The type that a platform's kernels compute with."""
    return "f32" if platform == "cpu" else "bf16"


@pytest.fixture
def program():
    """The path of a program of the build folder, such as spattn-opt."""

    def find(name):
        folder = Path(os.environ.get("SPATTN_BIN_DIR", ROOT / "build" / "bin"))
        if not (folder / name).exists():
            pytest.skip(f"no {name} in {folder}; set SPATTN_BIN_DIR")
        return str(folder / name)

    return find
