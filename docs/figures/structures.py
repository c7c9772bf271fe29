"""Which keys each query sees, for the structures of docs/Structures.md."""

import random
from collections.abc import Callable, Iterator

from svg import Drawing

#: Tokens of a panel, their size, and blocks of those structures that have blocks.
N, CELL, BLOCK = 64, 3, 4
PANEL, COLUMNS, GAP, LEFT, TOP = N * CELL, 4, 26, 24, 58
HEADS, STRIDE = 4, 8

#: Of a query's place i and a key's place j.
Mask = Callable[[int, int], bool]


def random_blocks(count: int) -> list[set[int]]:
    """BigBird's blocks of random keys, for each block of queries."""
    draw = random.Random(1)
    rows = []
    for row in range(N // BLOCK):
        near = {row - 1, row, row + 1, 0, N // BLOCK - 1}
        others = [b for b in range(N // BLOCK) if b not in near]
        rows.append(set(draw.sample(others, min(count, len(others)))))
    return rows


def bigbird() -> Mask:
    chosen, last = random_blocks(2), N // BLOCK - 1

    def mask(i: int, j: int) -> bool:
        a, b = i // BLOCK, j // BLOCK
        return abs(a - b) <= 1 or {a, b} & {0, last} != set() or b in chosen[a]

    return mask


def reformer() -> Mask:
    """Chunks of tokens that were sorted by their hashes, in the order of the tokens."""
    draw = random.Random(3)
    buckets = sorted((draw.randrange(8), i) for i in range(N))
    chunk = {i: place // 8 for place, (_, i) in enumerate(buckets)}
    count = N // 8
    return lambda i, j: i >= j and (chunk[i] - chunk[j]) % count in (0, 1)


def documents() -> Mask:
    ends = (14, 22, 40, 64)
    number = [next(k for k, end in enumerate(ends) if i < end) for i in range(N)]
    return lambda i, j: i >= j and number[i] == number[j]


WIDTH = N // HEADS
PANELS: list[tuple[str, str, Mask]] = [
    ("exclusive bands", "head 1 of 4", lambda i, j: WIDTH <= i - j < 2 * WIDTH),
    (
        "local + band",
        "head 2 of 4",
        lambda i, j: 0 <= i - j <= WIDTH or 2 * WIDTH <= i - j < 3 * WIDTH,
    ),
    (
        "gapped bands",
        "head 1 of 4",
        lambda i, j: WIDTH <= i - j < WIDTH + WIDTH // 2,
    ),
    ("sink and window", "StreamingLLM", lambda i, j: i >= j and (j < 4 or i - j < 12)),
    (
        "global tokens",
        "Longformer",
        lambda i, j: abs(i - j) <= 6 or i < 4 or j < 4,
    ),
    (
        "dilated window",
        "Longformer, every 4th",
        lambda i, j: 0 <= i - j < 32 and (i - j) % 4 == 0,
    ),
    (
        "strided",
        "Sparse Transformer",
        lambda i, j: i >= j and (i - j < STRIDE or (i - j) % STRIDE == 0),
    ),
    (
        "fixed",
        "Sparse Transformer",
        lambda i, j: i >= j and (i // 8 == j // 8 or j % 8 >= 6),
    ),
    (
        "dilated segments",
        "LongNet, a head",
        lambda i, j: i >= j and i // 32 == j // 32 and i % 4 == j % 4 == 1,
    ),
    ("window, global, random", "BigBird", bigbird()),
    ("hashed chunks", "Reformer, a round", reformer()),
    ("documents", "a pack of four", documents()),
]


def runs(mask: Mask) -> Iterator[tuple[int, int, int]]:
    """(row, first, end) of the keys that rows see."""
    for i in range(N):
        j = 0
        while j < N:
            end = j
            while end < N and mask(i, end):
                end += 1
            if end > j:
                yield i, j, end
            j = end + 1


def draw() -> Drawing:
    rows = -(-len(PANELS) // COLUMNS)
    width = 2 * LEFT + COLUMNS * PANEL + (COLUMNS - 1) * GAP
    height = TOP + rows * (PANEL + 58) - 8
    d = Drawing(width, height, "Which keys each query sees")
    d.text(LEFT, 22, "Rows are queries, columns are keys", size=12.5, bold=True)
    for k, (name, what, mask) in enumerate(PANELS):
        x = LEFT + k % COLUMNS * (PANEL + GAP)
        y = TOP + k // COLUMNS * (PANEL + 58) + 16
        d.text(x, y - 24, name, size=11.5, bold=True)
        d.text(x, y - 9, what, size=10.5)
        d.rect(x, y, PANEL, PANEL, "gray", 0)
        data = "".join(
            f"M{x + CELL * j} {y + CELL * i}h{CELL * (end - j)}v{CELL}"
            f"h{-CELL * (end - j)}z"
            for i, j, end in runs(mask)
        )
        d.path(data, "blue-h")
    return d
