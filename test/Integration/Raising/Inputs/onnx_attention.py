"""Raises ONNX's attentions, and compares what they compute with their definition.

onnx_attention.py SPATTN_OPT SPATTN_RUN FOLDER
"""

import pathlib
import subprocess
import sys

import numpy as np

LENGTH, HEAD_DIM = 37, 16
#: The operation, its attributes, and whether it has a bias of scores.
CASES = [
    ("GroupQueryAttention", {"num_heads": 6, "kv_num_heads": 2}, False),
    ("GroupQueryAttention", {"num_heads": 4, "kv_num_heads": 4, "scale": 0.5}, True),
    (
        "GroupQueryAttention",
        {"num_heads": 4, "kv_num_heads": 1, "local_window_size": 5, "softcap": 1.5},
        True,
    ),
    (
        "GroupQueryAttention",
        {"num_heads": 2, "kv_num_heads": 1, "local_window_size": 1},
        False,
    ),
    ("MultiHeadAttention", {"num_heads": 3, "unidirectional": 1}, True),
    ("MultiHeadAttention", {"num_heads": 3, "scale": 0.1}, False),
    (
        "Attention",
        {"q_num_heads": 4, "kv_num_heads": 2, "is_causal": 1, "softcap": 2.0},
        True,
    ),
]
#: The number of the operand that is the bias.
BIAS = {"GroupQueryAttention": 10, "MultiHeadAttention": 5, "Attention": 3}


def define(name, attributes, query, key, value, bias):
    """What the operation computes, by the documentation of ONNX and ONNX Runtime."""
    heads = attributes.get("num_heads") or attributes["q_num_heads"]
    key_heads = attributes.get("kv_num_heads", heads)

    def split(rows, count):
        batch, length, _ = rows.shape
        rows = rows.astype(np.float64).reshape(batch, length, count, HEAD_DIM)
        return np.repeat(rows.transpose(0, 2, 1, 3), heads // count, axis=1)

    q, k, v = split(query, heads), split(key, key_heads), split(value, key_heads)
    scores = q @ k.swapaxes(2, 3) * attributes.get("scale", HEAD_DIM**-0.5)
    if cap := attributes.get("softcap", 0):
        scores = cap * np.tanh(scores / cap)
    scores = scores + bias
    distance = np.arange(LENGTH)[:, None] - np.arange(LENGTH)
    causal = name == "GroupQueryAttention" or any(
        attributes.get(kind) for kind in ("unidirectional", "is_causal")
    )
    if causal:
        scores = np.where(distance >= 0, scores, -np.inf)
    # Keys, that of the query among them.
    if window := attributes.get("local_window_size", 0):
        scores = np.where(distance < window, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    return (weights @ v).transpose(0, 2, 1, 3).reshape(query.shape)


def write(name, attributes, shapes, bias):
    """A function with the operation, as onnx-mlir imports it."""
    q, k = (f"tensor<{'x'.join(map(str, shape))}xf32>" for shape in shapes)
    operands, types = ["%q", "%k", "%v"], [q, k, k]
    lines = []
    if bias is not None:
        if missing := BIAS[name] - len(operands):
            lines.append('%none = "onnx.NoValue"() : () -> none')
        operands += ["%none"] * missing + ["%b"]
        b = f"tensor<{'x'.join(map(str, bias.shape))}xf32>"
        types += ["none"] * missing + [b]
        lines.append(f"%b = arith.constant dense<{bias.tolist()}> : {b}")
    pairs = [
        f"{key} = {value} : {'f32' if isinstance(value, float) else 'si64'}"
        for key, value in attributes.items()
    ]
    op = f"onnx.{name}"
    if name != "Attention":
        op = "onnx.Custom"
        pairs += ['domain_name = "com.microsoft"', f'function_name = "{name}"']
    lines.append(
        f'%r = "{op}"({", ".join(operands)}) {{{", ".join(pairs)}}} : '
        f"({', '.join(types)}) -> {q}"
    )
    body = "\n  ".join([*lines, f"return %r : {q}"])
    return f"func.func @attention(%q: {q}, %k: {k}, %v: {k}) -> {q} {{\n  {body}\n}}\n"


def main():
    opt, run, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(7)
    for n, (name, attributes, has_bias) in enumerate(CASES):
        heads = attributes.get("num_heads") or attributes["q_num_heads"]
        key_heads = attributes.get("kv_num_heads", heads)
        shapes = [(2, LENGTH, count * HEAD_DIM) for count in (heads, key_heads)]
        arrays = [random.standard_normal(shapes[i]).astype("f4") for i in (0, 1, 1)]
        bias = None
        if has_bias:
            # Of distances and heads, in steps that are exact in text.
            distance = np.arange(LENGTH)[:, None] - np.arange(LENGTH)
            numbers = random.integers(-8, 8, (heads, 2 * LENGTH - 1)) / 8
            bias = numbers[None, :, distance + LENGTH - 1]
        source, raised = folder / f"{n}.mlir", folder / f"{n}.raised.mlir"
        source.write_text(write(name, attributes, shapes, bias))
        flags = ["--allow-unregistered-dialect", "--spattn-raise-attention=remarks"]
        subprocess.run([opt, source, *flags, "-o", raised], check=True)
        files = [folder / f"{n}.{letter}.npy" for letter in "qkvo"]
        for file, array in zip(files, arrays, strict=False):
            np.save(file, array)
        inputs = [f"--input={file}" for file in files[:3]]
        command = [run, raised, *inputs, f"--output={files[3]}"]
        subprocess.run(command, check=True, capture_output=True)
        expected = define(name, attributes, *arrays, 0 if bias is None else bias)
        error = np.abs(np.load(files[3]) - expected).max()
        print(f"{name} {attributes}: error {error:.1e}")
        if not error <= 1e-5:
            sys.exit(1)
    print(f"{len(CASES)} cases are as defined")


if __name__ == "__main__":
    main()
