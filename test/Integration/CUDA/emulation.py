"""Compiles attention and runs its kernels by an emulation of their PTX."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from ptx_async import TensorMap
from ptx_emulator import MEMORY_BASE, Kernel, launch
from ptx_memory import Memory

ROOT = Path(__file__).parents[3]
# Last: names of programs there are those of tests here.
sys.path.append(str(ROOT / "benchmarks/gpu"))

from description import Array, Description  # noqa: E402


class CompileError(Exception):
    """What the compiler says."""


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
    parser.add_argument("--chip", default="sm_80", choices=("sm_80", "sm_90a"))
    parser.add_argument(
        "--part", default="1/1", help="run every n-th case, from the i-th on: i/n"
    )
    arguments = parser.parse_args()
    arguments.part = tuple(map(int, arguments.part.split("/")))
    arguments.folder.mkdir(parents=True, exist_ok=True)
    return arguments


def selected(cases: list, part: tuple[int, int]):
    """The cases of a part, with their numbers."""
    return [(n, c) for n, c in enumerate(cases) if n % part[1] == part[0] - 1]


class EmulatedDescription(Description):
    def encode(self, recipe, array):
        if recipe.software:
            return super().encode(recipe, array)
        sizes, strides = self.map_dimensions(recipe, array)
        box = list(recipe.box.values())
        return TensorMap(
            array.address, sizes, strides, box, array.element_bytes, recipe.swizzle
        )


class Attention:
    """The kernels of one function in a file."""

    def __init__(
        self,
        source: Path,
        translate: Path | None,
        options: str = "",
        chip: str = "sm_80",
    ):
        """`options` are those of spattn-gpu."""
        translate = translate or ROOT / "build/bin/spattn-translate"
        artifact = source.with_suffix(".spattn")
        convert = "--spattn-to-artifact", "--code=ptx", f"--chip={chip}"
        self.run_tool(
            translate, *convert, f"--gpu-options={options}", source, "-o", artifact
        )
        self.description = EmulatedDescription(
            self.run_tool(translate, "--artifact-to-text", artifact)
        )
        ptx = self.run_tool(translate, "--artifact-to-code", artifact)
        self.kernels = [Kernel(ptx, k.name) for k in self.description.kernels]

    @staticmethod
    def run_tool(*command) -> str:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if done.returncode:
            raise CompileError(done.stderr.strip())
        return done.stdout

    def run(
        self,
        operands: dict[str, np.ndarray],
        scale: float | dict[str, float],
        seed: int | None = None,
    ) -> dict[str, np.ndarray]:
        """What the operands hold then. `scale` is the one number of the launch, or all
        of them by name. What lies between them must not be accessed,
        and scratch has zeros only where it is said to."""
        extents = self.description.extents(
            {
                name: Array(0, x.shape, (0,) * x.ndim, x.itemsize)
                for name, x in operands.items()
            }
        )
        scratch_bytes = self.description.scratch_bytes(extents)
        counts = [x.nbytes for x in operands.values()] + [*scratch_bytes.values()]
        size = sum(-(-count // GUARD) * GUARD + GUARD for count in counts)
        memory, at = Memory(MEMORY_BASE, size, everything=False), 0
        places, arrays, scratch = {}, {}, {}

        def take(count: int, is_written: bool) -> int:
            nonlocal at
            start, at = at, -(-(at + count) // GUARD) * GUARD + GUARD
            memory.own(start, count, is_written)
            return start

        for name, x in operands.items():
            start = places[name] = take(x.nbytes, is_written=True)
            memory.bytes[start : start + x.nbytes] = np.frombuffer(
                x.tobytes(), np.uint8
            )
            strides = tuple(s // x.itemsize for s in np.empty(x.shape, x.dtype).strides)
            arrays[name] = Array(MEMORY_BASE + start, x.shape, strides, x.itemsize)
        for name, count in scratch_bytes.items():
            is_zero = self.description.scratch[name][1]
            start = take(count, is_zero)
            if is_zero:
                memory.bytes[start : start + count] = 0
            scratch[name] = MEMORY_BASE + start
        for recipe, kernel in zip(self.description.kernels, self.kernels, strict=True):
            arguments = [
                self.description.argument(text, arrays, scratch, extents, scale)
                for text in recipe.arguments
            ]
            blocks = recipe.blocks(extents, MULTIPROCESSORS)
            launch(
                kernel, arguments, memory, recipe.shared, recipe.threads, blocks, seed
            )
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
