"""Compiles attention for sm_80, and runs its kernels by an emulation of their PTX."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from ptx_emulator import MEMORY_BASE, Block, Kernel
from ptx_memory import Memory

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "benchmarks/gpu"))

from description import Array, Description  # noqa: E402

# Blocks that a device holds: each gets several items.
MULTIPROCESSORS = 2
GUARD = 256


def parse_arguments(description: str) -> argparse.Namespace:
    """Of a test: `folder`, which exists then, and `translate`."""
    parser = argparse.ArgumentParser(description=description.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--translate", help="spattn-translate, by default that of build/"
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    return arguments


class Attention:
    """The kernels of one function in a file, for sm_80."""

    def __init__(self, source: Path, translate: Path | None, options=""):
        """`options` are those of spattn-gpu."""
        translate = translate or ROOT / "build/bin/spattn-translate"
        artifact = source.with_suffix(".spattn")
        convert = "--spattn-to-artifact", "--code=ptx", "--chip=sm_80"
        self.run_tool(
            translate, *convert, f"--gpu-options={options}", source, "-o", artifact
        )
        self.description = Description(
            self.run_tool(translate, "--artifact-to-text", artifact)
        )
        ptx = self.run_tool(translate, "--artifact-to-code", artifact)
        self.kernels = [Kernel(ptx, k.name) for k in self.description.kernels]

    @staticmethod
    def run_tool(*command) -> str:
        command = list(map(str, command))
        return subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def run(self, operands: dict[str, np.ndarray], scale: float, size=1 << 21):
        """What the operands hold then. What lies between them must not change, and
        scratch has zeros only where it is said to."""
        memory, at = Memory(MEMORY_BASE, size), 0
        places, scratch = {}, {}

        def take(count: int) -> int:
            nonlocal at
            start, at = at, -(-(at + count) // GUARD) * GUARD + GUARD
            assert at <= size, "memory of the emulation"
            return start

        arrays, owned = {}, np.zeros(size, bool)
        for name, x in operands.items():
            start = places[name] = take(x.nbytes)
            memory.bytes[start : start + x.nbytes] = x.view(np.uint8).ravel()
            owned[start : start + x.nbytes] = True
            strides = tuple(s // x.itemsize for s in x.strides)
            arrays[name] = Array(MEMORY_BASE + start, x.shape, strides, x.itemsize)
        extents = self.description.extents(arrays)
        for name, count in self.description.scratch_bytes(extents).items():
            start = take(count)
            owned[start : start + count] = True
            if self.description.scratch[name][1]:
                memory.bytes[start : start + count] = 0
            scratch[name] = MEMORY_BASE + start
        for recipe, kernel in zip(self.description.kernels, self.kernels, strict=True):
            arguments = [
                self.description.argument(text, arrays, scratch, extents, scale)
                for text in recipe.arguments
            ]
            blocks = recipe.blocks(extents, MULTIPROCESSORS)
            for block in range(blocks):
                Block(
                    kernel,
                    arguments,
                    memory,
                    recipe.shared,
                    recipe.threads,
                    block,
                    blocks,
                ).run()
        assert (memory.bytes[~owned] == 0xFF).all(), "wrote between operands"
        return {
            name: memory.bytes[start : start + x.nbytes].view(x.dtype).reshape(x.shape)
            for (name, x), start in zip(operands.items(), places.values(), strict=True)
        }


def in_band(d, h, heads, keys):
    """A head's share of all distances; the first heads have one more."""
    lo, hi = (x * (keys // heads) + min(x, keys % heads) for x in (h, h + 1))
    return (d >= lo) & (d < hi)


# Allowed distances of a head of so many, for so many keys: the definition, not
# spattn's algebra.
STRUCTURES = {
    "causal": ("#spattn.causal", lambda d, h, heads, keys: d >= 0),
    "window": (
        "#spattn.window<left = 40, right = 0>",
        lambda d, h, heads, keys: (d >= 0) & (d <= 40),
    ),
    "exclusive": ("#spattn.partition<exclusive>", in_band),
    "none": ("#spattn.sink<0>", lambda d, h, heads, keys: d != d),
}


def allowed_pairs(structure: str, heads: int, queries: int, keys: int) -> np.ndarray:
    """For each head, query and key; the ends of queries and keys are aligned."""
    distance = np.arange(queries)[:, None] + (keys - queries) - np.arange(keys)
    allowed = STRUCTURES[structure][1]
    return np.stack([allowed(distance, h, heads, keys) for h in range(heads)])
