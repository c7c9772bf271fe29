"""Times attention of a few queries to many keys, as in decoding.

    python benchmarks/gpu/decode.py OUT.json [--only NAME ...] [--queries N]
                                    [--batch B] [--part-keys KEYS ...]

The queries are the last ones: 32 query heads share 8 key heads of dimension 128, of 16
batch entries with 32,768 keys. spattn is called through torch, and compared with
float64 first; torch's backends of scaled_dot_product_attention, FlashAttention-4 and
cuDNN are left out where they are not installed, or have no such structure. With
--part-keys, so are kernels whose keys are split into parts of so many keys ("parts of
2048"), and one whose keys are not ("whole"). "paged 16" is spattn with keys and values
in pages of 16 rows, in random order. measure.py describes times and rows.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import spattn
import spattn.torch
import torch
from launch import bind
from measure import Report
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention as sdpa
from workloads import random

HEADS, KEY_HEADS, DIM, KEYS = 32, 8, 128, 32768
PAGE_SIZES = (16, 64, 256)
# Keys that the query heads of each key head see, counted from the last one.
STRUCTURES = {
    "dense": [KEYS] * KEY_HEADS,
    "window1024": [1024] * KEY_HEADS,
    "windows": [256 << n for n in range(KEY_HEADS)],
}


@dataclass(frozen=True)
class Case:
    name: str
    queries: int
    batch: int

    @property
    def label(self) -> str:
        text = f"decode_{self.name} H{HEADS}/{KEY_HEADS} D{DIM} B{self.batch}"
        return f"{text} Nq{self.queries} Nk{KEYS}"

    @cached_property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        torch.manual_seed(1)
        heads, lengths = (HEADS, KEY_HEADS, KEY_HEADS), (self.queries, KEYS, KEYS)
        return tuple(
            random(self.batch, n, h, DIM) for h, n in zip(heads, lengths, strict=True)
        )

    @property
    def windows(self) -> list[int]:
        return STRUCTURES[self.name]

    @property
    def structure(self) -> spattn.Structure:
        group = HEADS // KEY_HEADS
        parts = [spattn.window(size) for size in self.windows]
        if len(set(self.windows)) == 1:
            return parts[0]
        return spattn.per_head(*((group, part) for part in parts))

    def work(self) -> tuple[float, float]:
        """Operations, and the bytes of keys and values that are seen, of queries and
        of outputs."""
        pairs = sum(
            min(size, KEYS - self.queries + i + 1) * HEADS // KEY_HEADS
            for size in self.windows
            for i in range(self.queries)
        )
        rows = sum(min(size + self.queries - 1, KEYS) for size in self.windows)
        moved = 2 * 2 * DIM * (rows + self.queries * HEADS)
        return 4 * DIM * pairs * self.batch, moved * self.batch

    def reference(self, entry: int) -> torch.Tensor:
        """The output of a batch entry, (queries, heads, dim), in float64."""
        q, k, v = (x[entry].double() for x in self.tensors)
        i = torch.arange(self.queries, device="cuda")[:, None] + KEYS - self.queries
        distance = i - torch.arange(KEYS, device="cuda")
        outs = []
        for head in range(HEADS):
            own = head * KEY_HEADS // HEADS
            seen = (distance >= 0) & (distance < self.windows[own])
            scores = q[:, head] @ k[:, own].T / math.sqrt(DIM)
            p = torch.softmax(scores.masked_fill(~seen, -math.inf), -1)
            outs.append(p @ v[:, own])
        return torch.stack(outs, 1)


def torch_calls(case: Case) -> dict[str, Callable]:
    """torch's backends, which have no windows; a single query sees all keys."""
    if case.name != "dense" or case.queries != 1:
        return {}
    q, k, v = (x.transpose(1, 2) for x in case.tensors)

    def call(backend: SDPBackend) -> Callable:
        def attend():
            with sdpa_kernel(backend):
                return sdpa(q, k, v, enable_gqa=True).transpose(1, 2)

        return attend

    backends = {
        "fa2": SDPBackend.FLASH_ATTENTION,
        "cudnn": SDPBackend.CUDNN_ATTENTION,
    }
    return {name: call(backend) for name, backend in backends.items()}


def other_calls(case: Case) -> dict[str, Callable]:
    q, k, v = case.tensors
    calls = torch_calls(case)
    if len(set(case.windows)) > 1:
        return calls
    size = case.windows[0]
    left = None if size == KEYS else size - 1
    try:
        from flash_attn.cute.interface import flash_attn_func

        options = {} if left is None else {"window_size": (left, 0)}
        calls["fa4"] = lambda: flash_attn_func(q, k, v, causal=True, **options)[0]
    except ImportError as error:
        print(f"FlashAttention-4 left out: {error}", flush=True)
    return calls


def paged_calls(case: Case) -> dict[str, Callable]:
    """spattn with a cache in pages of several sizes."""
    q, k, v = case.tensors
    text = case.structure.text
    lengths = torch.full((case.batch,), KEYS, dtype=torch.int32, device="cuda")

    def call(size: int) -> Callable:
        pages = case.batch * KEYS // size
        order = torch.randperm(pages, device="cuda")
        table = order.view(case.batch, -1).int()
        pools = []
        for x in (k, v):
            pool = torch.empty_like(x).view(pages, size, KEY_HEADS, DIM)
            pool[order] = x.view(pages, size, KEY_HEADS, DIM)
            pools.append(pool)
        return lambda: spattn.torch.attention(
            *(q, *pools, text),
            layout="bnhd",
            page_table=table,
            key_lengths=lengths,
        )

    return {f"paged {size}": call(size) for size in PAGE_SIZES}


def split_calls(case: Case, part_keys: list[int]) -> dict[str, Callable]:
    """Kernels of spattn with other parts than it chooses."""
    problem = spattn.Problem(case.structure, HEADS, DIM, "bf16", kv_heads=KEY_HEADS)
    out = torch.empty_like(case.tensors[0])
    # A problem has its dimensions in the order b, h, n, d, and any strides.
    tensors = {
        name: x.transpose(1, 2)
        for name, x in zip("qkvo", (*case.tensors, out), strict=True)
    }

    def call(split: str) -> Callable:
        options = f"expected-queries={case.queries} {split}"
        kernel = spattn.compile(problem, "cuda", length=KEYS, options=options)
        launch = bind(kernel)(tensors)

        def attend() -> torch.Tensor:
            launch()
            return out

        return attend

    calls = {"whole": call("split-keys=1")}
    for keys in part_keys:
        parts = f"split-keys={-(-KEYS // keys)} tuning={{part-keys={keys}}}"
        calls[f"parts of {keys}"] = call(parts)
    return calls


def time_case(case: Case, part_keys: list[int] | None, report: Report) -> None:
    text = case.structure.text
    q, k, v = case.tensors
    expected = case.reference(case.batch - 1)
    calls = {"torch": lambda: spattn.torch.attention(q, k, v, text, layout="bnhd")}
    calls |= paged_calls(case)
    if part_keys is not None:
        calls |= split_calls(case, part_keys)
    ours = set(calls)
    calls |= other_calls(case)
    errors, same = {}, {}
    for name, call in list(calls.items()):
        try:
            out = call()
            torch.cuda.synchronize()
        except Exception as error:  # One system must not stop the others.
            message = f"{type(error).__name__}: {str(error)[:300]}"
            print(f"{case.label}: {name} left out: {message}", flush=True)
            del calls[name]
            continue
        found = out[case.batch - 1].double()
        relative = ((found - expected).norm() / expected.norm()).item()
        if relative >= 1e-2:
            print(f"{case.label}: {name} left out: error {relative:.1e}", flush=True)
            assert name not in ours, "spattn is wrong"
            del calls[name]
        elif name in ours:
            first = out.clone()
            errors[name], same[name] = relative, torch.equal(first, call())
    report.time(case.label, "decode", case.work(), calls, errors, same)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("target", type=Path, help="JSON, to which rows are added")
    parser.add_argument("--only", nargs="+", choices=list(STRUCTURES))
    parser.add_argument("--queries", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--part-keys", type=int, nargs="*", metavar="KEYS")
    arguments = parser.parse_args()
    report = Report(arguments.target)
    for name in arguments.only or STRUCTURES:
        case = Case(name, arguments.queries, arguments.batch)
        time_case(case, arguments.part_keys, report)


if __name__ == "__main__":
    main()
