# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels: compiled ahead, launched by addresses, saved, printed, and shared."""

import os
import subprocess
import sys
import threading

import definition
import numpy as np
import pytest
import spattn
from spattn import ArgumentError, Array, CompileError, Problem
from spattn.arrays import view_of


def arrays_of(problem, rng, *lengths):
    """Arrays of a problem by name, and as a launch takes them."""
    found = {
        name: rng.standard_normal(problem.shape(name, *lengths)).astype(np.float32)
        for name in problem.operands
    }
    return found, [view_of(found[name], name) for name in problem.operands]


@pytest.mark.parametrize("with_dlse", [False, True])
def test_launch_and_gradients(with_dlse):
    rng = np.random.default_rng(1)
    problem = Problem(spattn.local_band(), 4, 16, "f32", kv_heads=2, lse=True)
    kernel = spattn.compile(problem)
    arrays, views = arrays_of(problem, rng, 2, 50, 61)
    kernel.launch(views, scale=0.3)
    expected = definition.attention(
        arrays["q"], arrays["k"], arrays["v"], problem.structure, 0.3
    )
    definition.check(arrays["o"], expected[0], "f32")
    definition.check(arrays["lse"], expected[1], "f32")

    backward = problem.backward(lse_gradient=with_dlse)
    gradients = arrays_of(backward, rng, 2, 50, 61)[0] | arrays
    spattn.compile(backward).launch(
        [view_of(gradients[name], name) for name in backward.operands], scale=0.3
    )
    wanted = definition.gradients(
        *(arrays[name] for name in "qkv"),
        problem.structure,
        gradients["do"],
        gradients.get("dlse"),
        scale=0.3,
    )
    for name, exact in zip(("dq", "dk", "dv"), wanted, strict=True):
        definition.check(gradients[name], exact, "f32", factor=4)


def test_prepared_calls():
    rng = np.random.default_rng(2)
    problem = Problem(spattn.causal(), 2, 8, "f32")
    kernel = spattn.compile(problem)
    _, views = arrays_of(problem, rng, 1, 20, 20)
    call = kernel.prepare(views)
    for _ in range(2):
        arrays, views = arrays_of(problem, rng, 1, 20, 20)
        call.run([view.pointer for view in views])
        expected = definition.attention(*(arrays[n] for n in "qkv"), problem.structure)[
            0
        ]
        definition.check(arrays["o"], expected, "f32")
    with pytest.raises(ArgumentError, match="expected 4 addresses, q, k, v, o; got 1"):
        call.run([0])


def test_launch_errors():
    problem = Problem(spattn.causal(), 2, 8, "f32")
    kernel = spattn.compile(problem)
    arrays, views = arrays_of(problem, np.random.default_rng(3), 1, 20, 20)
    with pytest.raises(ArgumentError, match="expected 4 arrays, q, k, v, o; got 3"):
        kernel.launch(views[:3])
    short = view_of(arrays["k"][:, :, :7], "k")
    with pytest.raises(ArgumentError):
        kernel.launch([views[0], short, *views[2:]])
    half = view_of(arrays["q"].astype(np.float16), "q")
    with pytest.raises(ArgumentError, match="f16"):
        kernel.launch([half, *views[1:]])


def test_threads():
    """Threads that ask for one kernel get one, and may all run it."""
    problem = Problem(spattn.window(9), 2, 8, "f32")
    kernels, failures = [], []

    def work(seed):
        try:
            arrays, views = arrays_of(problem, np.random.default_rng(seed), 1, 40, 40)
            kernel = spattn.kernel_for(problem, "cpu", 40, 40)
            kernel.launch(views)
            kernels.append(kernel)
            expected = definition.attention(
                *(arrays[n] for n in "qkv"), problem.structure
            )
            definition.check(arrays["o"], expected[0], "f32")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(set(kernels)) == 1 and kernels[0] in spattn.loaded_kernels()


def test_fork():
    """A child of a process that has computed can compute, too."""
    code = """
import os, numpy as np, spattn
x = np.ones((1, 1, 200, 8), np.float32)
spattn.attention(x, x, x, spattn.causal())
child = os.fork()
if child == 0:
    os._exit(int(not np.allclose(spattn.attention(x, x, x, spattn.causal()), 1)))
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=environment, timeout=60
    )


GPU = Problem(spattn.exclusive_bands(), 16, 128, "bf16", lse=True)


def test_levels():
    cpu = spattn.compile(Problem(spattn.causal(), 2, 16, "f32"))
    gpu = spattn.compile(GPU, "sm_90a", length=4096)
    signs = {
        "spattn": "spattn.attention", "spattn_cpu": "spattn_cpu.", "vector": "vector.",
        "spattn_gpu": "spattn_gpu.launch", "llvm": "llvm.func", "nvvm": "nvvm.",
        "ptx": ".entry",
    }  # fmt: skip
    for kernel in (cpu, gpu):
        for level in kernel.levels:
            assert signs[level] in kernel.ir(level)
    with pytest.raises(ArgumentError, match="spattn, spattn_cpu, vector, llvm, got 'p"):
        cpu.ir("ptx")
    assert "attention" in gpu.description
    assert gpu.target == spattn.Target("sm_90a")
    assert gpu.compile_ms["total"] > 0


def test_saved(tmp_path):
    kernel = spattn.compile(GPU, "sm_90a", length=4096)
    kernel.save(tmp_path / "bands.kernel")
    loaded = spattn.load(tmp_path / "bands.kernel")
    assert loaded.problem == GPU and loaded.target == kernel.target
    assert loaded.length == 4096 and loaded.artifact == kernel.artifact
    assert loaded.ir("spattn_gpu") == kernel.ir("spattn_gpu")
    (tmp_path / "other").write_text("something else")
    with pytest.raises(ArgumentError, match="not a kernel that was saved"):
        spattn.load(tmp_path / "other")
    with pytest.raises(ArgumentError, match="cannot be saved"):
        spattn.compile(Problem(spattn.causal(), 2, 16, "f32")).save(tmp_path / "cpu")


def test_options():
    kernel = spattn.compile(GPU, "sm_90a", options="key-tile=64 ctas-per-sm=1")
    assert "key_tile = 64" in kernel.ir("spattn_gpu") or "64" in kernel.description
    with pytest.raises(ArgumentError, match="multiple of 16 from 16 to 256, got 17"):
        spattn.compile(GPU, "sm_90a", options="key-tile=17")
    cpu = spattn.compile(Problem(spattn.causal(), 1, 8, "f32"), options="query-tile=16")
    assert "16x" in cpu.ir("spattn_cpu")
    for options in ("stages=2", "key-tile=x", "key-tile"):
        with pytest.raises(ArgumentError, match="query-tile, key-tile, vector-width"):
            spattn.compile(GPU, "cpu", options=options)
    with pytest.raises(ArgumentError, match="'cpu', 'cuda' or a chip"):
        spattn.compile(GPU, "gpu")


def test_reproducer(program):
    """What the compiler refuses comes with a command that shows the same."""
    wide = Problem(spattn.causal(), 2, 264, "bf16")
    with pytest.raises(CompileError) as caught:
        spattn.compile(wide, "sm_90a")
    assert "264" in str(caught.value) or "256" in str(caught.value)
    assert caught.value.reproducer.startswith("spattn-opt --spattn-gpu=")
    folder = os.path.dirname(program("spattn-opt"))
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    again = subprocess.run(
        caught.value.reproducer, shell=True, capture_output=True, text=True,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert again.returncode != 0
    message = caught.value.message.partition("error: ")[2] or caught.value.message
    assert message.rpartition(": ")[2].split("\n")[0][:40] in again.stderr


def test_few_queries():
    """Kernels for a few queries, as in generation, have smaller tiles on a CPU."""
    problem = Problem(spattn.window(9), 1, 8, "f32")
    few, many = (spattn.kernel_for(problem, "cpu", n, 500) for n in (1, 17))
    assert few is not many and few is spattn.kernel_for(problem, "cpu", 16, 9000)
    gradients = problem.backward()
    assert len({spattn.kernel_for(gradients, "cpu", n, n) for n in (1, 90)}) == 1


def test_few_queries_share_tiles():
    """On a GPU with TMA, the query heads of a group share a tile of few queries."""
    problem = Problem(spattn.causal(), 8, 128, "bf16", kv_heads=2)
    few, many = (spattn.kernel_for(problem, "sm_90a", n, 5000) for n in (1, 17))
    assert few is spattn.kernel_for(problem, "sm_90a", 16, 5000)
    assert "h = 4" in few.description and "h = 4" not in many.description
    alone = Problem(spattn.causal(), 8, 128, "bf16")
    assert "h = 4" not in spattn.kernel_for(alone, "sm_90a", 1, 5000).description


def test_classes_share_kernels():
    """Lengths of one class, and classes whose kernels are the same."""
    of = lambda n, problem=GPU: spattn.kernel_for(problem, "sm_90a", n, n)  # noqa: E731
    assert of(2049) is of(4096)
    causal = Problem(spattn.causal(), 16, 128, "bf16")
    assert of(16384, causal) is of(131072, causal)


@pytest.mark.parametrize("head_dim", [64, 128])
def test_gradients_by_class(head_dim):
    """Where queries see few keys, gradients are computed without atomics."""
    problem = Problem(spattn.exclusive_bands(), 16, head_dim).backward()

    def is_deterministic(length, problem=problem):
        kernel = spattn.kernel_for(problem, "sm_90a", length, length)
        return "attention_queries" in kernel.description

    assert is_deterministic(4096)
    assert not is_deterministic(65536)
    always = Problem(spattn.causal(), 16, head_dim).backward(deterministic=True)
    assert is_deterministic(65536, always)


@pytest.mark.gpu
@pytest.mark.parametrize("length", [1000, 4096, 5000])
@pytest.mark.parametrize("deterministic", [None, True, False])
@pytest.mark.parametrize("with_dlse", [False, True])
def test_gradients_on_a_gpu(length, deterministic, with_dlse):
    import torch

    problem = Problem(spattn.local_band(), 4, 64, kv_heads=2, lse=True)
    backward = problem.backward(with_dlse, deterministic)
    tensors, torch_type = {}, {"bf16": torch.bfloat16, "f32": torch.float32}
    torch.manual_seed(1)
    for name in backward.operands:
        shape = backward.shape(name, 1, length, length)
        tensors[name] = torch.randn(shape, device="cuda").to(
            torch_type[backward.element(name)]
        )

    def launch(problem):
        views = [view_of(tensors[name], name) for name in problem.operands]
        stream = torch.cuda.current_stream().cuda_stream
        kernel = spattn.kernel_for(problem, "cuda", length, length)
        kernel.launch(views, stream=stream)

    launch(problem)
    launch(backward)
    exact = {n: t.double().cpu().numpy() for n, t in tensors.items()}
    wanted = definition.gradients(
        *(exact[name] for name in "qkv"),
        problem.structure,
        exact["do"],
        exact.get("dlse"),
    )
    for name, expected in zip(("dq", "dk", "dv"), wanted, strict=True):
        definition.check(exact[name], expected, "bf16", factor=2)


def test_views_are_enough():
    """Launches take whatever says where memory is."""
    x = np.ones((1, 1, 4, 8), np.float32)
    view = Array(x.ctypes.data, (1, 1, 4, 8), (32, 32, 8, 1))
    out = np.zeros_like(x)
    spattn.compile(Problem(spattn.causal(), 1, 8, "f32")).launch(
        [view, view, view, Array(out.ctypes.data, view.sizes, view.strides)]
    )
    assert (out == 1).all()
