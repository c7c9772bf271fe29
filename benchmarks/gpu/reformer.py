"""Times Reformer's hashed attention, forward and backward, with the public algorithm.

    python benchmarks/gpu/reformer.py [OUT.json] [--length N] [--chunks C ...] ...

"spattn" is spattn.torch.lsh_attention, for each number of chunks of a batch entry.
"plain torch" is the algorithm of the public implementation in torch's operations: sort,
gather, products of chunks, masks, log-sum-exp, softmax, and merge. "reformer-pytorch"
is that itself, if it is installed: it and what it needs are pure Python, so that a
folder made by `pip install --target` on another machine will do. All of them draw their
hashes. "ms" is the median of 20 calls by CUDA events; "step" is forward and backward.
"part ..." are the parts of spattn's calls, each alone. Prints rows, and writes them as
JSON. Needs a GPU, torch, and the package spattn.
"""

import argparse
import json
from pathlib import Path

import spattn.torch
import torch
from measure import get_commit, medians
from spattn.torch import _operators, _rows_operators, reformer
from torch.nn import functional


def plain(qk, v, bucket_size, rounds, causal=True, hashes=None):
    """The attention of (heads, length, dim) tensors, in torch's operations."""
    heads, length, dim = qk.shape
    buckets = length // bucket_size
    count = rounds * buckets
    with torch.no_grad():
        if hashes is None:
            rotations = torch.randn(
                dim, rounds, buckets // 2, device=qk.device, dtype=qk.dtype
            )
            rotated = torch.einsum("hnd,drk->hrnk", qk, rotations)
            hashes = torch.cat([rotated, -rotated], -1).argmax(-1)
            del rotated
        offsets = torch.arange(rounds, device=qk.device)[:, None] * buckets
        place = torch.arange(length, device=qk.device)
        order = ((hashes + offsets) * length + place).flatten(1).argsort(-1)
        undo = order.argsort(-1)
        tokens = order % length
    index = tokens[..., None].expand(-1, -1, dim)
    query = qk.gather(1, index).view(heads, count, bucket_size, dim)
    key = functional.normalize(query, dim=-1)
    value = v.gather(1, index).view(heads, count, bucket_size, dim)
    tokens = tokens.view(heads, count, bucket_size)

    def with_previous(x):
        return torch.cat([x, x.roll(1, 1)], 2)

    key, value, others = (with_previous(x) for x in (key, value, tokens))
    scores = query @ key.transpose(2, 3) * dim**-0.5
    if causal:
        later = tokens[..., None] < others[:, :, None]
        scores = scores.masked_fill(later, torch.finfo(scores.dtype).min)
    own = tokens[..., None] == others[:, :, None]
    scores = scores.masked_fill(own, -5e4)
    lse = scores.logsumexp(-1, keepdim=True)
    output = (scores - lse).exp().to(value.dtype) @ value
    output = output.flatten(1, 2).gather(1, undo[..., None].expand(-1, -1, dim))
    weights = lse.flatten(1).gather(1, undo).view(heads, rounds, length, 1).softmax(1)
    return (output.view(heads, rounds, length, dim) * weights).sum(1)


def verify(options) -> float:
    """The greatest relative error of output and gradients, at a small size."""
    shape = 1, 2, 16 * options.bucket_size, options.dim
    tensors = [
        torch.randn(shape, device="cuda", dtype=torch.bfloat16) for _ in range(3)
    ]
    qk, v, grad = tensors
    rotations = torch.randn(
        options.dim, options.rounds, 8, device="cuda", dtype=qk.dtype
    )
    hashes = reformer.hash_tokens(qk, rotations)
    found, expected = [], []
    for results, type in ((found, qk.dtype), (expected, torch.float64)):
        leaves = [x.detach().to(type).requires_grad_() for x in (qk, v)]
        if type == torch.float64:
            flat = (x.flatten(0, 1) for x in leaves)
            more = options.bucket_size, options.rounds, True, hashes
            output = plain(*flat, *more).view(shape)
        else:
            output = spattn.torch.lsh_attention(
                *leaves,
                bucket_size=options.bucket_size,
                rounds=options.rounds,
                rotations=rotations,
            )
        results += [output, *torch.autograd.grad(output, leaves, grad.to(type))]
    errors = [
        float((a.double() - b).norm() / b.norm())
        for a, b in zip(found, expected, strict=True)
    ]
    assert max(errors) < 2e-2, errors
    return max(errors)


def parts(qk, v, grad, options) -> dict:
    """The parts of a call, forward and backward, each on what it is given."""
    bucket_size, rounds = options.bucket_size, options.rounds
    batch, heads, length, dim = qk.shape
    buckets = length // bucket_size
    rotations = torch.randn(dim, rounds, buckets // 2, device=qk.device, dtype=qk.dtype)
    hashes = reformer.hash_tokens(qk, rotations)
    lists = reformer._Lists.of(hashes, buckets, bucket_size)
    rows = reformer._gather((qk, qk, v), lists, "010")
    inputs = reformer._inputs(lists, *rows)
    forward = *reformer._options(lists, dim), None, *reformer._more(lists, True)
    results = _operators.attention(*inputs, *forward)
    places = lists.places.view(*qk.shape[:3], -1)
    key_places = lists.key_places().view(*qk.shape[:3], -1)
    of_lists = [lists.of_lists(x, qk) for x in results]
    output, lse = _rows_operators.merge_rows(*of_lists, places)

    def rows_of_gradients():
        return reformer._gather((qk, qk, v, output, grad), lists, "01000")

    def rows_of_lse():
        return lse.flatten(0, 1).gather(1, lists.tokens.long())

    *_, own_output, own_grad = rows_of_gradients()
    of_rows = (own_output, rows_of_lse())
    of_rows = [lists.queries(x) for x in of_rows]

    def gradients(deterministic):
        return _operators.attention_backward(
            *(lists.queries(own_grad), None, *inputs, *of_rows),
            *(*reformer._options(lists, dim), deterministic),
            *reformer._more(lists, True),
        )

    of_query, of_key, of_value = (lists.of_lists(x, qk) for x in gradients(True))
    sum_rows = _rows_operators.sum_rows
    return {
        "part hash": lambda: reformer.hash_tokens(qk, rotations),
        "part sort": lambda: reformer._Lists.of(hashes, buckets, bucket_size),
        "part gather": lambda: reformer._gather((qk, qk, v), lists, "010"),
        "part attention": lambda: _operators.attention(*inputs, *forward),
        "part merge": lambda: _rows_operators.merge_rows(*of_lists, places),
        "part gather gradients": rows_of_gradients,
        "part gather lse": rows_of_lse,
        "part attention backward": lambda: gradients(True),
        "part attention backward, sums": lambda: gradients(False),
        "part key places": lists.key_places,
        "part sum queries": lambda: sum_rows(of_query, places),
        "part sum keys": lambda: sum_rows(of_key, key_places, qk, qk),
        "part sum values": lambda: sum_rows(of_value, key_places),
        "copy of gathered rows": lambda: [x.clone() for x in rows],
    }


def systems(options) -> dict:
    """What computes the attention of (batch, heads, length, dim) tensors."""
    bucket_size, rounds = options.bucket_size, options.rounds

    def ours(chunks):
        def call(qk, v):
            reformer.CHUNKS = chunks
            return spattn.torch.lsh_attention(
                qk, v, bucket_size=bucket_size, rounds=rounds
            )

        return call

    found = {f"spattn, {chunks} chunks": ours(chunks) for chunks in options.chunks}
    if options.only_ours:
        return found
    found["plain torch"] = lambda qk, v: plain(
        qk.flatten(0, 1), v.flatten(0, 1), bucket_size, rounds
    ).view(v.shape)
    try:
        from reformer_pytorch import LSHAttention
    except ImportError:
        return found
    public = LSHAttention(bucket_size=bucket_size, n_hashes=rounds, causal=True)
    found["reformer-pytorch"] = lambda qk, v: public(qk.flatten(0, 1), v.flatten(0, 1))[
        0
    ].view(v.shape)
    return found


def time_system(call, qk, v, grad) -> dict:
    """Milliseconds of each pass of a system, and bytes of memory in a step."""
    leaves = [x.detach().requires_grad_() for x in (qk, v)]

    def forward():
        with torch.no_grad():
            call(qk, v)

    def step():
        torch.autograd.grad(call(*leaves), leaves, grad)

    torch.cuda.empty_cache()
    step()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    step()
    memory = torch.cuda.max_memory_allocated() - before
    output = call(*leaves)
    ms = medians(
        {
            "forward": forward,
            "backward": lambda: torch.autograd.grad(
                output, leaves, grad, retain_graph=True
            ),
            "step": step,
        }
    )
    return {**{k: round(x, 4) for k, x in ms.items()}, "step_gib": memory / (1 << 30)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--heads", type=int, default=16)
    parser.add_argument("--length", type=int, default=16384)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--bucket-size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--chunks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--only-ours", action="store_true", help="leave out others")
    options = parser.parse_args()
    origin = {
        "gpu": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "commit": get_commit(),
        **{k: x for k, x in vars(options).items() if k not in ("out", "only_ours")},
    }
    print(origin["gpu"], f"error {verify(options):.1e}", flush=True)
    shape = options.batch, options.heads, options.length, options.dim
    qk, v, grad = (
        torch.randn(shape, device="cuda", dtype=torch.bfloat16) for _ in range(3)
    )
    rows = []
    for name, call in systems(options).items():
        row = {"system": name, **time_system(call, qk, v, grad), **origin}
        print(
            f"{name:20s} forward {row['forward']:8.3f} backward {row['backward']:8.3f} "
            f"step {row['step']:8.3f} ms, {row['step_gib']:.2f} GiB",
            flush=True,
        )
        rows.append(row)
    reformer.CHUNKS = options.chunks[min(1, len(options.chunks) - 1)]
    for name, ms in medians(parts(qk, v, grad, options)).items():
        print(f"{name:30s} {ms:8.4f} ms", flush=True)
        rows.append({"system": name, "ms": round(ms, 4), **origin})
    text = json.dumps(rows, indent=1)
    if options.out:
        options.out.write_text(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
