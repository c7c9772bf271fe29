"""The kernels of the GPU benchmarks: their sources and variants."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

STRUCTURES = {
    "exclusive": "#spattn.partition<exclusive>",
    "local_band": "#spattn.partition<local_band>",
    "causal": "#spattn.causal",
    "window1024": "#spattn.window<left = 1023, right = 0>",
}
# Structures whose rows see one span of keys: the masks of others need more registers.
ONE_SPAN = ("exclusive", "causal", "window1024")
# Query heads and key heads.
HEADS = 16, 16


@dataclass(frozen=True)
class Variant:
    """Options of spattn-gpu, and the problems that they apply to."""

    options: str
    # The target of the code. Targets other than sm_90a use sm_80's instructions, also
    # on a Hopper GPU.
    chip: str = "sm_90a"
    dims: tuple[int, ...] = (64, 128)
    structures: tuple[str, ...] = tuple(STRUCTURES)


# Options for sm_80 and its 163 KiB, and for forward kernels with all choices fixed.
SM80 = "shared-memory=166912"
TILES = "mma-warpgroups={} key-tile={} ctas-per-sm={} stages={} query-stages=2"

# Queries and keys of a tile, and CTAs per SM, by name.
FORWARD = {
    "128x128x1": Variant(TILES.format(2, 128, 1, 2)),
    "64x64x2": Variant(TILES.format(1, 64, 2, 2)),
    "192x128x1": Variant(
        TILES.format(3, 128, 1, 2) + " scheduler=dynamic",
        dims=(64,),
        structures=ONE_SPAN,
    ),
    "64x64x3": Variant(TILES.format(1, 64, 3, 2), dims=(64,)),
    "128x96x1-sm80": Variant(
        f"{TILES.format(2, 96, 1, 3)} {SM80}", chip="sm_90", dims=(64,)
    ),
    "128x64x1-sm80": Variant(
        f"{TILES.format(2, 64, 1, 3)} {SM80}", chip="sm_90", dims=(128,)
    ),
}
BACKWARD = {
    "default": Variant("deterministic=false"),
    "deterministic": Variant("deterministic=true"),
    "sm80": Variant(SM80, chip="sm_90"),
}


def types(heads: int, key_heads: int, dim: int) -> tuple[str, str, str]:
    """The types of queries, of keys, and of the log-sum-exp."""
    return (
        f"tensor<?x{heads}x?x{dim}xbf16>",
        f"tensor<?x{key_heads}x?x{dim}xbf16>",
        f"tensor<?x{heads}x?xf32>",
    )


def forward_source(structure: str, heads: int, key_heads: int, dim: int) -> str:
    q, k, lse = types(heads, key_heads, dim)
    return f"""
func.func @forward(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) -> {q} {{
  %r:2 = spattn.attention structure({structure})
           ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse})
  return %r#0 : {q}
}}
"""


def backward_source(structure: str, heads: int, key_heads: int, dim: int) -> str:
    q, k, lse = types(heads, key_heads, dim)
    return f"""
func.func @backward(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}, %g: {q},
                    %dq: {q}, %dk: {k}, %dv: {k}) -> ({q}, {k}, {k}) {{
  %r:3 = spattn.attention_backward structure({structure})
           ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {k}, {q}, {lse}, {q})
           outs(%dq, %dk, %dv : {q}, {k}, {k})
  return %r#0, %r#1, %r#2 : {q}, {k}, {k}
}}
"""


def compile_kernel(cubin: Path, source: str, *options: str) -> None:
    """Compiles a function to a cubin and, with the suffix .txt, the launch description
    that artifact.py reads. `options` are those of spattn-translate."""
    translate = Path(__file__).parents[2] / "build/bin/spattn-translate"
    mlir, artifact = cubin.with_suffix(".mlir"), cubin.with_suffix(".spattn")
    mlir.write_text(source)
    for arguments in (
        ["--spattn-to-artifact", *options, mlir, "-o", artifact],
        ["--artifact-to-text", artifact, "-o", cubin.with_suffix(".txt")],
        ["--artifact-to-code", artifact, "-o", cubin],
    ):
        subprocess.run([translate, *arguments], check=True)
    mlir.unlink()
    artifact.unlink()
    print(cubin, flush=True)
