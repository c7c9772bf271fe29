"""Parses the launch descriptions of `spattn-translate --artifact-to-text`.

Needs only Python. Used to launch artifacts on a GPU (artifact.py), and to emulate them
(test/Integration/CUDA).
"""

import math
import re
import struct
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Array:
    """An operand's address, sizes and strides, in elements, outermost first."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    element_bytes: int


@dataclass
class Map:
    buffer: str
    # By name, from the innermost dimension out.
    box: dict[str, int]
    software: bool
    # Bytes; 0 for none.
    swizzle: int


@dataclass
class Kernel:
    name: str
    threads: int = 0
    shared: int = 0
    grid: str = ""
    arguments: list[str] = field(default_factory=list)

    def blocks(self, extents: dict, multiprocessors: int) -> int:
        """The number of CTAs to launch. A persistent grid fills the device."""
        persistent = re.match(r"persistent, (\d+) .*at most (.*)", self.grid)
        if not persistent:
            return evaluate(self.grid, extents)
        blocks, most = persistent.groups()
        return min(multiprocessors * int(blocks), evaluate(most, extents))


def evaluate(formula: str, extents: dict) -> int:
    return int(eval(formula, {"ceil": math.ceil}, extents))


class Description:
    """Operands, tensor maps, scratch and kernels, in the order of the launches."""

    def __init__(self, text: str):
        self.operands, self.maps, self.scratch = {}, [], {}
        self.kernels: list[Kernel] = []
        section = None
        for line in text.splitlines():
            if not line.startswith(" "):
                section = line.split(":")[0]
                if line.startswith("kernel "):
                    section = "kernel"
                    self.kernels.append(Kernel(line.split()[1]))
                continue
            line = line.strip()
            if section == "operands":
                name, sizes = re.match(r"(\w+): \w+\[(.*?)\]", line).groups()
                self.operands[name] = [d.split(" = ") for d in sizes.split(", ")]
            elif section == "tensor maps":
                name, box = re.match(r"\d+: (\w+)\[(.*?)\]", line).groups()
                sizes = (d.split(" = ") for d in box.split(", "))
                box = {name: int(size) for name, size in sizes}
                swizzle = re.search(r"swizzle (\d+)", line)
                swizzle = int(swizzle[1]) if swizzle else 0
                self.maps.append(Map(name, box, "software" in line, swizzle))
            elif section == "scratch":
                name, formula = re.match(r"(\w+): (.*?) bytes", line).groups()
                self.scratch[name] = formula, line.endswith("zeroed")
            elif section == "kernel":
                self._parse_kernel(self.kernels[-1], line)

    @staticmethod
    def _parse_kernel(kernel: Kernel, line: str) -> None:
        key, _, value = line.partition(": ")
        if key == "threads":
            kernel.threads = int(value)
        elif key == "shared memory":
            kernel.shared = int(value.split()[0])
        elif key == "grid":
            kernel.grid = value
        elif key.isdigit():
            kernel.arguments.append(value)

    def extents(self, arrays: dict[str, Array]) -> dict[str, int]:
        """The named sizes of the operands."""
        found = {}
        for name, dimensions in self.operands.items():
            if name not in arrays:
                continue
            for (_, size), actual in zip(dimensions, arrays[name].shape, strict=True):
                if size.isdigit():
                    assert actual == int(size), f"{name}: {arrays[name].shape}"
                else:
                    assert found.setdefault(size, actual) == actual, name
        return found

    def scratch_bytes(self, extents: dict) -> dict[str, int]:
        return {name: evaluate(f, extents) for name, (f, _) in self.scratch.items()}

    def map_dimensions(self, recipe: Map, array: Array):
        """Sizes, and strides in bytes, from the innermost dimension out."""
        names = [d for d, _ in self.operands[recipe.buffer]]
        order = [names.index(d) for d in recipe.box]
        sizes = [array.shape[i] for i in order]
        return sizes, [array.element_bytes * array.strides[i] for i in order]

    def encode(self, recipe: Map, array: Array) -> bytes:
        """Encodes a tensor map; supports only software maps."""
        assert recipe.software, "hardware map"
        sizes, strides = self.map_dimensions(recipe, array)
        # As in spattn/Runtime/TensorMap.h: address, strides, sizes.
        words = [array.address, *strides[1:], 0, *sizes, 0]
        return struct.pack("<16q", *words, *[0] * (16 - len(words)))

    def argument(self, text: str, arrays, scratch, extents, scale) -> bytes:
        """An argument's value; `scratch` are addresses. Operands that are left out
        have the address 0. `scale` is the one number, or several by name."""
        kind, _, name = text.partition(" ")
        if kind == "tensor":
            recipe = self.maps[int(name.split()[1])]
            return self.encode(recipe, arrays[recipe.buffer])
        if kind == "address":
            array = arrays.get(name.removeprefix("of "))
            return struct.pack("<Q", array.address if array else 0)
        if kind == "scratch":
            return struct.pack("<Q", scratch[name])
        if kind == "f32":
            number = scale[name] if isinstance(scale, dict) else scale
            return struct.pack("<f", number)
        if name.startswith("stride:"):
            _, buffer, dimension = name.split(":")
            names = [d for d, _ in self.operands[buffer]]
            known = buffer in arrays
            value = arrays[buffer].strides[names.index(dimension)] if known else 0
        else:
            value = extents[name]
        return struct.pack("<i" if kind == "i32" else "<q", value)
