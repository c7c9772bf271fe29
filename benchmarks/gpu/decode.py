"""Times attention of a few queries to many keys, as in decoding.

    python benchmarks/gpu/decode.py OUT.json [--only NAME ...] [--queries N] [--batch B]
                                    [--heads H] [--key-heads H] [--peers NAME ...]
                                    [--part-keys KEYS ...]

The queries are the last ones: 32 query heads share 8 key heads of dimension 128, of 16
batch entries with 32,768 keys. spattn is called through torch, and compared with
float64 first. So are its peers (decode_peers.py), which are left out where they are not
installed, or have no such structure. With --part-keys, so are kernels whose keys are
split into parts of so many keys ("parts of 2048"), and one whose keys are not
("whole"). "paged 16" is spattn with keys and values in pages of 16 rows, in random
order. measure.py describes times and rows. As a server verifies eight tokens:

    python benchmarks/gpu/decode.py OUT.json --only dense --queries 8 --batch 8 \\
        --heads 64
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
from decode_peers import PEERS
from launch import bind
from measure import Report
from workloads import random

DIM, KEYS = 128, 32768
PAGE_SIZES = (16, 64, 256)
# Keys that the query heads of a key head see, counted from the last one.
STRUCTURES: dict[str, Callable[[int], int]] = {
    "dense": lambda head: KEYS,
    "window1024": lambda head: 1024,
    "windows": lambda head: min(256 << head, KEYS),
}


@dataclass(frozen=True)
class Case:
    name: str
    queries: int
    batch: int
    heads: int
    key_heads: int
    dim = DIM
    keys = KEYS

    @property
    def label(self) -> str:
        heads = f"H{self.heads}/{self.key_heads}"
        text = f"decode_{self.name} {heads} D{DIM} B{self.batch}"
        return f"{text} Nq{self.queries} Nk{KEYS}"

    @cached_property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        torch.manual_seed(1)
        heads = self.heads, self.key_heads, self.key_heads
        lengths = self.queries, KEYS, KEYS
        return tuple(
            random(self.batch, n, h, DIM) for h, n in zip(heads, lengths, strict=True)
        )

    def pages(self, size: int) -> tuple[torch.Tensor, ...]:
        """Keys and values in pages of so many rows, in random order, and the table."""
        count = self.batch * KEYS // size
        order = torch.randperm(count, device="cuda")
        found = []
        for x in self.tensors[1:]:
            pool = torch.empty_like(x).view(count, size, self.key_heads, DIM)
            pool[order] = x.view(pool.shape)
            found.append(pool)
        return *found, order.view(self.batch, -1).int()

    @property
    def windows(self) -> list[int]:
        return [STRUCTURES[self.name](head) for head in range(self.key_heads)]

    @property
    def group(self) -> int:
        return self.heads // self.key_heads

    @property
    def structure(self) -> spattn.Structure:
        parts = [spattn.window(size) for size in self.windows]
        if len(set(self.windows)) == 1:
            return parts[0]
        return spattn.per_head(*((self.group, part) for part in parts))

    def work(self) -> tuple[float, float]:
        """Operations, and the bytes of keys and values that are seen, of queries and
        of outputs."""
        pairs = sum(
            min(size, KEYS - self.queries + i + 1) * self.group
            for size in self.windows
            for i in range(self.queries)
        )
        rows = sum(min(size + self.queries - 1, KEYS) for size in self.windows)
        moved = 2 * 2 * DIM * (rows + self.queries * self.heads)
        return 4 * DIM * pairs * self.batch, moved * self.batch

    def reference(self, entry: int) -> torch.Tensor:
        """The output of a batch entry, (queries, heads, dim), in float64."""
        q, k, v = (x[entry].double() for x in self.tensors)
        i = torch.arange(self.queries, device="cuda")[:, None] + KEYS - self.queries
        distance = i - torch.arange(KEYS, device="cuda")
        outs = []
        for head in range(self.heads):
            own = head // self.group
            seen = (distance >= 0) & (distance < self.windows[own])
            scores = q[:, head] @ k[:, own].T / math.sqrt(DIM)
            p = torch.softmax(scores.masked_fill(~seen, -math.inf), -1)
            outs.append(p @ v[:, own])
        return torch.stack(outs, 1)


def paged_calls(case: Case) -> dict[str, Callable]:
    """spattn with a cache in pages of several sizes."""
    q, text = case.tensors[0], case.structure.text
    lengths = torch.full((case.batch,), KEYS, dtype=torch.int32, device="cuda")

    def call(size: int) -> Callable:
        *pools, table = case.pages(size)
        return lambda: spattn.torch.attention(
            *(q, *pools, text),
            layout="bnhd",
            page_table=table,
            key_lengths=lengths,
        )

    return {f"paged {size}": call(size) for size in PAGE_SIZES}


def split_calls(case: Case, part_keys: list[int]) -> dict[str, Callable]:
    """Kernels of spattn with other parts than it chooses."""
    sizes = case.heads, DIM, "bf16"
    problem = spattn.Problem(case.structure, *sizes, kv_heads=case.key_heads)
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


def peer_calls(case: Case, names: list[str]) -> dict[str, Callable]:
    calls = {}
    for name in names:
        try:
            calls[name] = PEERS[name](case)
        except Exception as error:  # One system must not stop the others.
            print(f"{case.label}: {name} left out: {error}", flush=True)
    return calls


def time_case(
    case: Case, part_keys: list[int] | None, peers: list[str], report: Report
) -> None:
    text = case.structure.text
    q, k, v = case.tensors
    expected = case.reference(case.batch - 1)
    calls = {"torch": lambda: spattn.torch.attention(q, k, v, text, layout="bnhd")}
    calls |= paged_calls(case)
    if part_keys is not None:
        calls |= split_calls(case, part_keys)
    ours = set(calls)
    calls |= peer_calls(case, peers)
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
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--key-heads", type=int, default=8)
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--part-keys", type=int, nargs="*", metavar="KEYS")
    arguments = parser.parse_args()
    sizes = arguments.queries, arguments.batch, arguments.heads, arguments.key_heads
    report = Report(arguments.target)
    for name in arguments.only or STRUCTURES:
        case = Case(name, *sizes)
        time_case(case, arguments.part_keys, arguments.peers, report)


if __name__ == "__main__":
    main()
