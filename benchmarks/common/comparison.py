"""The structures that the paper of SPAttention (arXiv 2511.09596) and its comparison
have, and their relatives, as attention through spattn.torch.

An attention is made for a length and a number of heads, and takes queries, keys and
values, (batch, heads, length, dim).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy
import spattn
import spattn.torch
import torch

Tensor = torch.Tensor
Attention = Callable[[Tensor, Tensor, Tensor], Tensor]

#: Of BigBird and of Reformer.
BLOCK, RANDOM, BUCKET, ROUNDS = 64, 3, 64, 4
#: The keys at a block's end that all later blocks see, of Sparse Transformer's fixed
#: pattern.
ENDS = 64


@dataclass(frozen=True)
class Counts:
    """Of all heads of a batch entry; tiles are of 128 x 128. Bytes are the least that
    are read and written, forward and backward, with head dimensions of 128 in 16
    bits."""

    pairs: int
    visited: int
    tiles: int
    bytes: int
    bytes_backward: int


@dataclass(frozen=True)
class Compared:
    name: str
    #: Whose it is.
    source: str
    make: Callable[[int, int], Attention]
    count: Callable[[int, int], Counts]
    #: Whether keys are not used, but queries in their place.
    shares_keys: bool = False


def count(structure: spattn.Structure, length: int, heads: int) -> Counts:
    stats = structure.stats(length, heads=heads)
    moved = stats.bytes, stats.bytes_backward
    return Counts(stats.pairs, stats.visited, stats.tiles, *moved)


def counts_of(pairs: int, visited: int, length: int, heads: int) -> Counts:
    """Where all rows of all arrays are read or written: 4 arrays, and 8 backward."""
    array = 2 * 128 * length * heads
    tiles = heads * (-(-length // 128)) ** 2
    return Counts(pairs, visited, tiles, 4 * array, 8 * array)


def closed(name: str, source: str, structure_of) -> Compared:
    """A structure in closed form, a function of length and heads."""

    def make(length: int, heads: int) -> Attention:
        text = structure_of(length, heads).text
        return lambda q, k, v: spattn.torch.attention(q, k, v, text)

    return Compared(
        name,
        source,
        make,
        lambda length, heads: count(structure_of(length, heads), length, heads),
    )


# ----------------------------------------------------------------------------
# Sparse Transformer, and LongNet
# ----------------------------------------------------------------------------


def diagonal(size: int, length: int) -> spattn.Structure:
    """Blocks of so many places that see each other."""
    ends = [*range(size, length, size), math.inf]
    first, *others = (
        spattn.block(lo, hi) for lo, hi in zip([0, *ends], ends, strict=False)
    )
    for other in others:
        first = first | other
    return first


def fixed(length: int) -> spattn.TileLists:
    """Own blocks, and the last 64 keys of all earlier ones; 16 blocks. They are listed,
    as a row of tiles sees stripes of keys far apart."""
    size, tile = length // 16, (128, ENDS)
    rows = numpy.arange(0, length, tile[0])[:, None]
    columns = numpy.arange(0, length, tile[1])[None]
    is_end = columns % size >= size - ENDS
    seen = (columns < rows + tile[0]) & (is_end | (columns // size == rows // size))
    return spattn.TileLists.from_tiles(
        seen[None, None], tile=tile, mask=spattn.causal()
    )


def make_fixed(length: int, heads: int) -> Attention:
    lists = fixed(length).to("cuda" if torch.cuda.is_available() else "cpu")
    nothing = spattn.none().text
    return lambda q, k, v: spattn.torch.attention(q, k, v, nothing, tiles=lists)


def count_fixed(length: int, heads: int) -> Counts:
    size = length // 16
    ends = spattn.residues("keys", size - ENDS, size, size)
    counts = count(spattn.causal() & (diagonal(size, length) | ends), length, heads)
    row, column = numpy.indices((length // 128, length // 128)) * 128
    is_end = (column + 127) % size >= size - ENDS
    seen = (column <= row) & (is_end | (column // size == row // size))
    return replace(counts, visited=heads * int(seen.sum()))


def segments(size: int, ratio: int, length: int, heads: int) -> spattn.Structure:
    """Every so many places of each segment, other ones for each group of heads."""

    def of(group: int) -> spattn.Structure:
        own = spattn.causal() & diagonal(size, length)
        if ratio == 1:
            return own
        residue = group, group + 1, ratio
        queries, keys = (spattn.residues(x, *residue) for x in ("queries", "keys"))
        return queries & keys & own

    return spattn.per_head(*((heads // ratio, of(group)) for group in range(ratio)))


def branches(length: int, heads: int) -> list[spattn.Structure]:
    sizes = ((length // 8, 1), (length // 4, 2), (length // 2, 4), (length, 8))
    return [segments(size, ratio, length, heads) for size, ratio in sizes]


def make_longnet(length: int, heads: int) -> Attention:
    texts = [branch.text for branch in branches(length, heads)]

    def attend(q, k, v):
        outputs, numbers = zip(
            *(spattn.torch.attention(q, k, v, text, return_lse=True) for text in texts),
            strict=True,
        )
        return spattn.torch.merge(list(outputs), list(numbers))

    return attend


def count_longnet(length: int, heads: int) -> Counts:
    parts = [count(branch, length, heads) for branch in branches(length, heads)]
    sums = (sum(getattr(x, name) for x in parts) for name in ("pairs", "visited"))
    return counts_of(*sums, length, heads)


# ----------------------------------------------------------------------------
# BigBird, and Reformer
# ----------------------------------------------------------------------------


def bigbird(length: int, heads: int):
    return spattn.bigbird(length, heads, block=BLOCK, random=RANDOM, seed=1)


def make_bigbird(is_causal: bool) -> Callable[[int, int], Attention]:
    def make(length: int, heads: int) -> Attention:
        structure, lists = bigbird(length, heads)
        if is_causal:
            causal = spattn.causal()
            structure = structure & causal
            lists = spattn.TileLists(lists.counts, lists.indices, lists.tile, causal)
        lists = lists.to("cuda" if torch.cuda.is_available() else "cpu")
        text = structure.text
        return lambda q, k, v: spattn.torch.attention(q, k, v, text, tiles=lists)

    return make


def count_bigbird(is_causal: bool) -> Callable[[int, int], Counts]:
    def counted(length: int, heads: int) -> Counts:
        _, lists = bigbird(length, heads)
        blocks = length // BLOCK
        seen = set()
        pairs = 0
        for head in range(heads):
            for i in range(blocks):
                listed = lists.indices[0, head, i, : lists.counts[0, head, i]]
                row = range(blocks) if i in (0, blocks - 1) else listed
                for j in map(int, row):
                    if is_causal and j > i:
                        continue
                    half = is_causal and i == j
                    pairs += BLOCK * (BLOCK + 1) // 2 if half else BLOCK * BLOCK
                    seen.add((head, i * BLOCK // 128, j * BLOCK // 128))
        return counts_of(pairs, len(seen), length, heads)

    return counted


def make_reformer(length: int, heads: int) -> Attention:
    options = {"bucket_size": BUCKET, "rounds": ROUNDS, "causal": True}
    return lambda q, k, v: spattn.torch.lsh_attention(q, v, **options)


def count_reformer(length: int, heads: int) -> Counts:
    """Pairs of chunks, before later positions are left out of them."""
    pairs = heads * ROUNDS * length * 2 * BUCKET
    return counts_of(pairs, pairs // 128**2, length, heads)


COMPARED = (
    closed("dense", "causal", lambda n, h: spattn.causal()),
    closed("exclusive bands", "SPAttention", lambda n, h: spattn.exclusive_bands()),
    closed("local + band", "SPAttention", lambda n, h: spattn.local_band()),
    closed("gapped bands", "SPAttention", lambda n, h: spattn.gapped_bands()),
    closed(
        "sink and window",
        "StreamingLLM",
        lambda n, h: spattn.sink(4) | spattn.window(512),
    ),
    closed(
        "window, global tokens, causal",
        "Longformer",
        lambda n, h: spattn.causal() & (spattn.window(512) | spattn.global_tokens(64)),
    ),
    closed(
        "window, global tokens",
        "Longformer",
        lambda n, h: spattn.window(left=256, right=256) | spattn.global_tokens(64),
    ),
    closed("dilated window", "Longformer", lambda n, h: spattn.dilated_window(4, 512)),
    Compared(
        "random blocks, causal", "BigBird", make_bigbird(True), count_bigbird(True)
    ),
    Compared("random blocks", "BigBird", make_bigbird(False), count_bigbird(False)),
    Compared(
        "hashed chunks", "Reformer", make_reformer, count_reformer, shares_keys=True
    ),
    closed(
        "strided",
        "Sparse Transformer",
        lambda n, h: spattn.window(128) | spattn.causal() & spattn.strided(128),
    ),
    Compared("fixed", "Sparse Transformer", make_fixed, count_fixed),
    Compared("dilated segments", "LongNet", make_longnet, count_longnet),
)
