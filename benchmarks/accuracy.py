"""Compares the error of compiled CPU kernels with that of plain PyTorch.

    python benchmarks/accuracy.py

Both are compared with attention in float64 on the same random normal inputs, 8
heads of dimension 128, 1,024 tokens. Prints ||out - ref|| / ||ref|| and the
greatest error. Exits with status 1 if spattn's error exceeds both twice
PyTorch's and 1e-6. Needs torch and numpy; see requirements-bench.txt.
"""

import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

TOOL = Path(__file__).resolve().parents[1] / "build/bin/spattn-run"
HEADS, LENGTH, DIM = 8, 1024, 128
STRUCTURES = {
    "exclusive": "#spattn.partition<exclusive>",
    "local_band": "#spattn.partition<local_band>",
    "causal": "#spattn.causal",
}
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


def allowed(structure: str) -> torch.Tensor:
    d = torch.arange(LENGTH)[:, None] - torch.arange(LENGTH)
    w = LENGTH // HEADS
    masks = []
    for h in range(HEADS):
        band = (d >= h * w) & (d < (h + 1) * w)
        near = (d >= 0) & (d <= w)
        masks.append(
            {"exclusive": band, "local_band": near | band, "causal": d >= 0}[structure]
        )
    return torch.stack(masks)


def attention(q, k, v, mask):
    scores = (q @ k.transpose(2, 3) / math.sqrt(DIM)).masked_fill(~mask, -math.inf)
    return torch.softmax(scores, -1).nan_to_num(0) @ v


def run_spattn(folder: Path, structure: str, element: str, inputs) -> torch.Tensor:
    """Runs a kernel and returns its output. Files hold bf16 as 16-bit integers."""
    kind = f"tensor<1x{HEADS}x{LENGTH}x{DIM}x{element}>"
    source = folder / "attention.mlir"
    source.write_text(f"""\
func.func @attention(%q: {kind}, %k: {kind}, %v: {kind}, %o: {kind}) -> {kind} {{
  %r = spattn.attention structure({STRUCTURES[structure]})
         ins(%q, %k, %v : {kind}, {kind}, {kind}) outs(%o : {kind})
  return %r : {kind}
}}
""")
    is_bf16 = element == "bf16"
    flags = []
    for i, x in enumerate(inputs):
        path = folder / f"{i}.npy"
        np.save(path, x.view(torch.uint16).numpy() if is_bf16 else x.numpy())
        flags.append(f"--input={path}")
    output = folder / "out.npy"
    command = [TOOL, source, "--check=0", *flags, f"--output={output}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    out = torch.from_numpy(np.load(output))
    return out.view(torch.bfloat16) if is_bf16 else out


def main() -> int:
    torch.manual_seed(0)
    failed = False
    print("                    relative error          greatest error")
    print("                    spattn      torch       spattn      torch")
    with tempfile.TemporaryDirectory() as name:
        for element, dtype in TYPES.items():
            for structure in STRUCTURES:
                inputs = [
                    torch.randn(1, HEADS, LENGTH, DIM).to(dtype) for _ in range(3)
                ]
                mask = allowed(structure)
                reference = attention(*(x.double() for x in inputs), mask)
                outputs = (
                    run_spattn(Path(name), structure, element, inputs),
                    attention(*inputs, mask),
                )
                errors = [x.double() - reference for x in outputs]
                relative = [(e.norm() / reference.norm()).item() for e in errors]
                greatest = [e.abs().max().item() for e in errors]
                failed |= relative[0] > 2 * relative[1]
                failed |= greatest[0] > max(2 * greatest[1], 1e-6)
                numbers = "   ".join(f"{x:9.2e}" for x in (*relative, *greatest))
                print(f"{element:5s} {structure:11s} {numbers}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
