"""A whole program with attention in it, compiled here and run where a GPU is.

    program.py build FOLDER [--bin FOLDER] [--llvm FOLDER] [--runtime LIBRARY]
                     [--cxx COMPILER] [--options OPTIONS]
    program.py run FOLDER

`build` lowers Inputs/program.mlir with the pipeline spattn-gpu-program, compiles
what comes out with LLVM's llc, and links it with nothing but the runtime.
`run` needs neither LLVM nor a compiler: it runs the program, and compares what it
writes with NumPy in float64.
"""

import argparse
import subprocess
import sys
from pathlib import Path

INPUTS = Path(__file__).resolve().parent / "Inputs"
ROOT = Path(__file__).resolve().parents[3]
HEADS, WIDTH = 4, 64


def run_tool(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True)


def lower(args: argparse.Namespace, source: Path, stem: Path) -> Path:
    """Compiles a program with attention to the object file STEM.o."""
    files = {suffix: stem.with_suffix(f".{suffix}") for suffix in ("mlir", "ll", "o")}
    program = f"--spattn-gpu-program={args.options}"
    run_tool(Path(args.bin) / "spattn-opt", source, program, "-o", files["mlir"])
    translate = Path(args.llvm) / "mlir-translate"
    run_tool(translate, "--mlir-to-llvmir", files["mlir"], "-o", files["ll"])
    llc = [Path(args.llvm) / "llc", "-O2", "-filetype=obj", "-relocation-model=pic"]
    run_tool(*llc, files["ll"], "-o", files["o"])
    return files["o"]


def link(args: argparse.Namespace, target: Path, *inputs: str | Path) -> None:
    """Links objects with the runtime, and with nothing else."""
    command = [args.cxx, "-O2", *inputs, args.runtime, "-ldl", "-lpthread", "-lm"]
    if args.runtime.endswith(".a"):
        command += ["-static-libstdc++", "-static-libgcc"]
    else:
        command += [f"-Wl,-rpath,{Path(args.runtime).parent}"]
    run_tool(*command, "-o", target)


def build(args: argparse.Namespace) -> None:
    folder = Path(args.folder)
    folder.mkdir(parents=True, exist_ok=True)
    compiled = lower(args, INPUTS / "program.mlir", folder / "program")
    main = ["-x", "c", INPUTS / "program.c", "-x", "none"]
    link(args, folder / "program", *main, compiled)


def attention(np, q, k, v, scale, allowed):
    """In float64, as the specification has it; q: heads x length x width."""
    s = scale * np.einsum("hid,hjd->hij", q, k)
    s = np.where(allowed, s, -np.inf)
    top = np.max(s, axis=-1, keepdims=True)
    p = np.exp(s - np.where(np.isfinite(top), top, 0))
    total = np.sum(p, axis=-1, keepdims=True)
    p = np.divide(p, total, out=np.zeros_like(p), where=total > 0)
    return p, np.einsum("hij,hjd->hid", p, v)


def bf16(np, x):
    """Rounded to the nearest, and to even."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def expected(np, x, steps: int, scale: float):
    length = x.shape[1]
    distance = np.arange(length)[:, None] - np.arange(length)[None, :]
    causal = np.broadcast_to(distance >= 0, (HEADS, length, length))
    # docs/Spec.md, partitions.
    head = np.arange(HEADS)[:, None, None]
    base, rest = divmod(length, HEADS)
    start = head * base + np.minimum(head, rest)
    band = (start <= distance) & (distance < start + base + (head < rest))

    def half(a):
        return a.astype(np.float16).astype(np.float64)

    x = x.astype(np.float64)
    if steps == 0:
        q = half(x)
        p, _ = attention(np, q, q, q, 1 / 8, causal)
        do = np.ones_like(q)
        dp = np.einsum("hid,hjd->hij", do, q)
        ds = p * (dp - np.sum(p * dp, axis=-1, keepdims=True)) / 8
        return (
            np.einsum("hij,hjd->hid", ds, q)
            + np.einsum("hij,hid->hjd", ds, q)
            + np.einsum("hij,hid->hjd", p, do)
        )
    for i in range(steps):
        if i % 2 == 0:
            y = attention(np, half(2 * x), half(x), half(x), 1 / 8, causal)[1]
        else:
            b = bf16(np, x)
            y = attention(np, b, b, b, scale, band)[1]
        x = x + y / 2
    return x


def run(args: argparse.Namespace) -> None:
    import numpy as np

    folder = Path(args.folder)
    rng = np.random.default_rng(7)
    failed = 0
    for length, steps, scale in [
        (256, 1, 0.125),
        (1000, 4, 0.2),
        (77, 3, 0.1),
        (256, 0, 0),
        (900, 0, 0),
    ]:
        x = rng.standard_normal((HEADS, length, WIDTH)).astype(np.float32)
        x.tofile(folder / "in.f32")
        command = [folder / "program", length, steps, scale]
        command += [folder / "in.f32", folder / "out.f32"]
        subprocess.run([str(part) for part in command], check=True)
        got = np.fromfile(folder / "out.f32", np.float32).reshape(x.shape)
        want = expected(np, x, steps, scale)
        error = np.linalg.norm(got - want) / np.linalg.norm(want)
        # Results of bf16 are rounded nowhere, but operands of products are.
        ok = bool(error < 4e-3)
        failed += not ok
        print(f"{length} tokens, {steps} layers: error {error:.2e}", end="")
        print("" if ok else ", which is too large")
    print(f"{failed} failed")
    sys.exit(failed > 0)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["build", "run"])
    parser.add_argument("folder")
    parser.add_argument("--bin", default=ROOT / "build/bin")
    parser.add_argument("--llvm", default="/usr/lib/llvm-22/bin")
    parser.add_argument("--runtime", default=str(ROOT / "build/lib/libSpattnRuntime.a"))
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--options", default="")
    return parser


def main() -> None:
    args = make_parser().parse_args()
    (build if args.what == "build" else run)(args)


if __name__ == "__main__":
    main()
