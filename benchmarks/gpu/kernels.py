"""Writes the IR files that forward.py runs, and compiles them.

    python benchmarks/gpu/kernels.py FOLDER

One file for each head dimension and each variant of options; a kernel in it for
each structure. Needs no GPU; see compile.sh.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STRUCTURES = {
    "exclusive": "#spattn.partition<exclusive>",
    "local_band": "#spattn.partition<local_band>",
    "causal": "#spattn.causal",
    "window1024": "#spattn.window<left = 1023, right = 0>",
}
# Those whose rows see one span of keys: masks of others take more registers.
ONE_SPAN = ("exclusive", "causal", "window1024")
# (heads, key heads)
HEADS = {"": (16, 16), "_gqa": (32, 8)}


@dataclass(frozen=True)
class Variant:
    """A target, and options of its kernels: what a launch has to know."""

    target: str = "sm_90a"
    dims: tuple[int, ...] = (64, 128)
    structures: tuple[str, ...] = tuple(STRUCTURES)
    mma_warpgroups: int = 2
    ctas_per_sm: int = 1
    key_tile: int = 128
    stages: int = 2
    query_stages: int = 2
    intra_warpgroup_overlap: bool = True
    scheduler: str = "auto"
    shared_memory: int = 227 * 1024

    @property
    def options(self) -> str:
        others = ("target", "dims", "structures")
        fields = {k: v for k, v in vars(self).items() if k not in others}
        return " ".join(
            f"{k.replace('_', '-')}={str(v).lower()}" for k, v in fields.items()
        )

    @property
    def queries(self) -> int:
        return 64 * self.mma_warpgroups

    @property
    def threads(self) -> int:
        return 128 * (self.mma_warpgroups + 1)

    def shared_bytes(self, dim: int) -> int:
        tiles = self.query_stages * self.queries + 2 * self.stages * self.key_tile
        barriers = -(-8 * (3 * self.query_stages + 4 * self.stages + 8) // 16) * 16
        return 2 * dim * tiles + barriers + 4 * 256

    @property
    def software_maps(self) -> bool:
        return self.target != "sm_90a"


def for_sm80(target="sm_90", **options) -> Variant:
    """What fits sm_80 and its 163 KiB; by default as code for a GPU at hand."""
    return Variant(
        target, intra_warpgroup_overlap=False, shared_memory=163 * 1024, **options
    )


# By name: queries and keys of a tile, and CTAs per SM.
VARIANTS = {
    "128x128x1": Variant(),
    "64x64x2": Variant(mma_warpgroups=1, ctas_per_sm=2, key_tile=64),
    "192x128x1": Variant(
        dims=(64,), structures=ONE_SPAN, mma_warpgroups=3, scheduler="dynamic"
    ),
    "64x64x3": Variant(dims=(64,), mma_warpgroups=1, ctas_per_sm=3, key_tile=64),
    # With the instructions of sm_80.
    "128x96x1-sm80": for_sm80(dims=(64,), key_tile=96, stages=3),
    "128x64x1-sm80": for_sm80(dims=(128,), key_tile=64, stages=3),
}


def function(name: str, suffix: str, dim: int) -> str:
    heads, key_heads = HEADS[suffix]
    q = f"tensor<?x{heads}x?x{dim}xbf16>"
    k = f"tensor<?x{key_heads}x?x{dim}xbf16>"
    lse = f"tensor<?x{heads}x?xf32>"
    return f"""
func.func @{name}{suffix}(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) -> {q} {{
  %r:2 = spattn.attention structure({STRUCTURES[name]})
           ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse})
  return %r#0 : {q}
}}
"""


def text(dim: int, structures=tuple(STRUCTURES)) -> str:
    functions = [function(name, "", dim) for name in structures]
    return "".join([*functions, function("exclusive", "_gqa", dim)])


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    compiler = Path(__file__).parent / "compile.sh"
    for dim in (64, 128):
        for name, variant in VARIANTS.items():
            if dim not in variant.dims:
                continue
            out = folder / f"d{dim}.{name}.cubin"
            source = out.with_suffix(".mlir")
            source.write_text(text(dim, variant.structures))
            command = [compiler, source, out, variant.options, variant.target]
            subprocess.run(command, check=True)
            print(out)


if __name__ == "__main__":
    main()
