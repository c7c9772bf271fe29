# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""benchmarks/training runs, in tiny sizes on the CPU, and benchmarks ask peers what
they mean."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.dom.minidom import parse

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

import distributed_training  # noqa: E402
from ranks import Ranks  # noqa: E402

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
FOLDER = BENCHMARKS / "training"


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


patterns = load(BENCHMARKS / "common" / "patterns.py")


def run(script, *arguments, before=()):
    done = subprocess.run(
        [sys.executable, *before, FOLDER / f"{script}.py", *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def allowed(structure, heads, length):
    """Which keys each query sees: (heads, length, length)."""
    d = torch.arange(length)[:, None] - torch.arange(length)
    masks = []
    for head in range(heads):
        ends = patterns.intervals(structure, head, heads, length)
        masks.append(torch.stack([(d >= lo) & (d < hi) for lo, hi in ends]).any(0))
    return torch.stack(masks)


SHAPES = [("causal", 4, 64), ("exclusive", 4, 64), ("local+band", 4, 64)]
SHAPES += [("exclusive", 3, 50), ("local+band", 3, 50), ("local+band", 4, 61)]


@pytest.mark.parametrize("structure, heads, length", SHAPES)
def test_peers_are_asked_the_same(structure, heads, length):
    right = allowed(structure, heads, length)
    h, i, j = torch.meshgrid(
        torch.arange(heads), torch.arange(length), torch.arange(length), indexing="ij"
    )
    function = patterns.mask_function(structure, heads, length, "cpu")
    assert torch.equal(function(0, h, i, j), right)

    ends = patterns.endpoints(structure, heads, length, 2, "cpu")
    assert ends.shape[-1] == 2 * length
    assert torch.equal(ends[..., :length], ends[..., length:])
    e = ends[..., :length].unsqueeze(-1).expand(-1, -1, -1, length)
    seen = j < e[:, 0]
    for k in range(1, e.shape[1], 2):
        seen = seen | ((j >= e[:, k]) & (j < e[:, k + 1]))
    assert torch.equal(seen.expand_as(right), right)

    size = 16
    mask = patterns.block_mask(structure, heads, length, "cpu", size)
    rows = -(-length // size)
    padded = torch.zeros(heads, rows * size, rows * size, dtype=torch.bool)
    padded[:, :length, :length] = right
    blocks = padded.view(heads, rows, size, rows, size).transpose(2, 3).flatten(3)
    assert torch.equal(mask.to_dense()[0].bool().expand(heads, -1, -1), blocks.any(-1))
    whole = torch.zeros(heads, rows, rows, dtype=torch.bool)
    counts, indices = mask.full_kv_num_blocks[0], mask.full_kv_indices[0]
    for head in range(heads):
        for row in range(rows):
            of = head % len(counts)
            whole[head, row, indices[of, row, : counts[of, row]].long()] = True
    assert torch.equal(whole, blocks.all(-1))


@pytest.mark.parametrize("windows", [[32, 32], [6, 6], [4, 32]])
def test_cudnn_is_asked_the_same_when_decoding(windows):
    """The last 3 of 32 queries, in a batch of 2, with 2 query heads to a key head."""
    peers = load(BENCHMARKS / "gpu" / "decode_peers.py")
    sizes = {"queries": 3, "keys": 32, "batch": 2, "group": 2}
    case = SimpleNamespace(**sizes, windows=windows, tensors=[torch.empty(0)])
    ends = peers.endpoints(case)
    assert ends.dtype == torch.int32 and ends.shape[2] == 2 * 3
    e = ends.expand(4, -1, -1)[..., None]
    j = torch.arange(32)
    seen = j < e[:, 0]
    if e.shape[1] == 3:
        seen = seen | ((j >= e[:, 1]) & (j < e[:, 2]))
    distance = torch.arange(29, 32).repeat(2)[:, None] - j
    for head in range(4):
        right = (distance >= 0) & (distance < windows[head // 2])
        assert torch.equal(seen[head], right)


def test_structures_of_spattn_are_the_same():
    import definition

    for structure, heads, length in SHAPES:
        text = patterns.for_spattn(structure).text
        right = allowed(structure, heads, length).numpy()
        assert (definition.masks(text, heads, length, length) == right).all()


def test_step(tmp_path):
    rows = tmp_path / "rows.json"
    out = run(
        "step", rows, "--device=cpu", "--tiny", "--rounds=1", "--lengths", 32, 64,
        "--systems", "cudnn", "sdpa", "spattn",
    )  # fmt: skip
    assert "absent: cudnn: cuDNN needs a GPU" in out
    found = json.loads(rows.read_text())
    keys = {(row["tokens"], row["system"], row["structure"]) for row in found}
    expected = {("sdpa", "causal")} | {("spattn", s) for s in patterns.STRUCTURES}
    assert keys == {(n, *each) for n in (32, 64) for each in expected}
    assert all(row["tokens_per_s"] > 0 for row in found)
    run("picture", "step", rows, tmp_path / "step.svg")
    parse(str(tmp_path / "step.svg"))


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    made = Ranks(2, tmp_path_factory.mktemp("ranks"))
    yield made
    made.close()


@pytest.mark.parametrize("system", ["keys", "heads", "ring"])
@pytest.mark.parametrize(
    ("structure", "length", "stride", "tile"),
    [("exclusive", 64, 1, None), ("local+band", 52, 3, 20), ("causal", 40, 8, 7)],
)
def test_step_of_ranks(ranks, system, structure, length, stride, tile):
    """The loss and the gradients of weights are those of one process."""
    case = {"structure": structure, "length": length, "stride": stride}
    alone = "sdpa" if structure == "causal" else "spattn"
    loss, gradients = distributed_training.training_step(0, None, alone, **case)
    found = ranks.run(
        *(distributed_training.training_step, 2), system=system, tile=tile, **case
    )
    assert sum(part for part, _ in found) == pytest.approx(loss, rel=1e-5)
    assert all(part > 0 for part, _ in found)
    for _, own in found:
        assert own.keys() == gradients.keys()
        for name, expected in gradients.items():
            assert abs(expected).max() > 0, name
            difference = abs(own[name] - expected).max() / abs(expected).max()
            assert difference < 1e-4, name


def test_step_of_tiles():
    """What is computed again is the same."""
    case = {"structure": "local+band", "length": 50, "stride": 3}
    steps = [
        distributed_training.training_step(0, None, "spattn", tile=tile, **case)
        for tile in (None, 16)
    ]
    assert steps[0][0] == pytest.approx(steps[1][0], rel=1e-6)
    for name, expected in steps[0][1].items():
        difference = abs(steps[1][1][name] - expected).max() / abs(expected).max()
        assert difference < 1e-5, name


def test_step_under_torchrun(tmp_path):
    """Rows of two ranks."""
    rows = tmp_path / "rows.json"
    torchrun = ("-m", "torch.distributed.run", "--nproc-per-node=2")
    out = run(
        "step", rows, "--device=cpu", "--tiny", "--rounds=1", "--warm-up=1",
        "--lengths", 64, "--tile=32", "--systems", "keys", "ring", before=torchrun,
    )  # fmt: skip
    found = json.loads(rows.read_text())
    assert out.count("tokens_per_s") == len(found) == 4
    expected = {
        (64, system, structure, 2, 32)
        for system in ("keys", "ring")
        for structure in ("exclusive", "local+band")
    }
    names = "tokens", "system", "structure", "ranks", "tile"
    assert {tuple(row[name] for name in names) for row in found} == expected
    assert all(row["step_ms"] > 0 and row["assignment"] for row in found)


def test_train(tmp_path):
    texts = tmp_path / "texts"
    texts.mkdir()
    for a in range(60):
        lines = (
            f"{a} times {b} is {a * b}, and plus {b} it is {a + b}." for b in range(99)
        )
        (texts / f"{a}.txt").write_text("\n".join(lines))
    runs = tmp_path / "runs.json"
    out = run(
        "train", runs, "--device=cpu", "--tiny", "--dense=sdpa", "--text", texts,
        "--length=256", "--batch=1", "--steps=20", "--rate=0.01", "--validation=2",
        "--every=10",
    )  # fmt: skip
    assert "tokens to train on" in out
    found = json.loads(runs.read_text())
    others = ["longformer", "bigbird", "reformer"]
    assert [run["structure"] for run in found] == [*patterns.STRUCTURES, *others]
    for each in found:
        assert each["steps"] == each["validation_steps"] == [10, 20]
        assert each["loss"][-1] < each["loss"][0]
        assert each["validation_loss"][-1] < each["validation_loss"][0]
    run("picture", "train", runs, tmp_path / "loss.svg")
    parse(str(tmp_path / "loss.svg"))
