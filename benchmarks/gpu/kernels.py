"""Writes the IR files that forward.py runs, and compiles them.

    python benchmarks/gpu/kernels.py FOLDER

One file for each head dimension and each variant of options; a kernel in it for
each structure. Needs no GPU; see compile.sh.
"""

import subprocess
import sys
from pathlib import Path

STRUCTURES = {
    "exclusive": "#spattn.partition<exclusive>",
    "local_band": "#spattn.partition<local_band>",
    "causal": "#spattn.causal",
    "window1024": "#spattn.window<left = 1023, right = 0>",
}
# (heads, key heads)
HEADS = {"": (16, 16), "_gqa": (32, 8)}
# Name, options of convert-spattn-to-tile: queries and keys of a tile, and how
# many blocks a multiprocessor holds.
VARIANTS = {
    "128x128x1": "consumers=2 blocks=1 key-tile=128",
    "64x64x2": "consumers=1 blocks=2 key-tile=64",
}


def text(dim: int) -> str:
    functions = []
    for suffix, (heads, key_heads) in HEADS.items():
        for name, structure in STRUCTURES.items():
            if suffix and name != "exclusive":
                continue
            q = f"tensor<?x{heads}x?x{dim}xbf16>"
            k = f"tensor<?x{key_heads}x?x{dim}xbf16>"
            lse = f"tensor<?x{heads}x?xf32>"
            functions.append(f"""
func.func @{name}{suffix}(%q: {q}, %k: {k}, %v: {k}, %o: {q}, %l: {lse}) -> {q} {{
  %r:2 = spattn.attention structure({structure})
           ins(%q, %k, %v : {q}, {k}, {k}) outs(%o, %l : {q}, {lse})
  return %r#0 : {q}
}}""")
    return "\n".join(functions) + "\n"


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    compiler = Path(__file__).parent / "compile.sh"
    for dim in (64, 128):
        source = folder / f"d{dim}.mlir"
        source.write_text(text(dim))
        for variant, options in VARIANTS.items():
            target = folder / f"d{dim}.{variant}.cubin"
            subprocess.run([compiler, source, target, options], check=True)
            print(target)


if __name__ == "__main__":
    main()
