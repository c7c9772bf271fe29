"""Compares the data of pages with pairs counted one by one.

    counts.py SPATTN_VIZ

Also that a page is complete in itself: no attribute names anything outside of it.
"""

import json
import re
import subprocess
import sys

import numpy as np

DATA = re.compile(r'<script type="application/json" id="data">(.*?)</script>', re.S)


class Case:
    def __init__(self, structure, sees, heads, key_heads, queries, keys, options=""):
        self.structure, self.options = structure, options
        self.heads, self.key_heads = heads, key_heads
        self.queries, self.keys, self.batch = queries, keys, 3
        # Ends are aligned.
        distance = np.arange(queries)[:, None] + (keys - queries) - np.arange(keys)
        key = np.broadcast_to(np.arange(keys), distance.shape)
        self.allowed = [sees(distance, key, head) for head in range(heads)]

    def page(self, program: str) -> str:
        q = f"tensor<{self.batch}x{self.heads}x{self.queries}x64xbf16>"
        k = f"tensor<{self.batch}x{self.key_heads}x{self.keys}x64xbf16>"
        text = (
            f"func.func @f(%q: {q}, %k: {k}, %v: {k}, %o: {q}) -> {q} {{\n"
            f"  %r = spattn.attention structure({self.structure})\n"
            f"    ins(%q, %k, %v : {q}, {k}, {k}) outs(%o : {q})\n"
            f"  return %r : {q}\n}}\n"
        )
        command = [program, "-", f"--gpu-options={self.options}"]
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, check=True
        )
        return done.stdout


def window(left: int, sinks: int = 0):
    def sees(distance, key, head):
        near = (distance >= 0) & (distance <= left)
        return near | ((distance >= 0) & (key < sinks))

    return sees


def bands(heads: int, keys: int):
    """Each head has as many of the distances to the past, in order."""
    width = -(-keys // heads)

    def sees(distance, key, head):
        return (distance >= head * width) & (distance < (head + 1) * width)

    return sees


CASES = [
    Case("#spattn.causal", window(10**6), 2, 2, 300, 300),
    Case(
        "#spattn.intersection<#spattn.causal, #spattn.union<#spattn.sink<3>, "
        "#spattn.window<left = 50, right = 0>>>",
        window(50, sinks=3),
        *(4, 4, 700, 900),
    ),
    Case("#spattn.partition<exclusive>", bands(8, 1024), 8, 8, 1024, 1024),
    Case(
        "#spattn.partition<exclusive>", bands(8, 1024), 8, 8, 1024, 1024, "key-tile=48"
    ),
    # Heads share a work tile, whose tiles are counted from its first key.
    Case(
        "#spattn.window<left = 50, right = 0>",
        window(50),
        8,
        1,
        500,
        500,
        "packed-heads=4",
    ),
    Case(
        "#spattn.window<left = 50, right = 0>",
        window(50),
        8,
        1,
        5,
        500,
        "packed-heads=8",
    ),
]


def tile_states(allowed, tile, origins):
    """For each row of tiles, those that are masked and those that are full."""
    rows = -(-allowed.shape[0] // tile["queries"])
    for row in range(rows):
        own = allowed[row * tile["queries"] : (row + 1) * tile["queries"]]
        origin, masked, full = origins[row], set(), set()
        assert not own[:, :origin].any(), "a key ahead of the first tile"
        for column in range(-(-(allowed.shape[1] - origin) // tile["keys"])):
            first = origin + column * tile["keys"]
            part = own[:, first : first + tile["keys"]]
            if part.any():
                # Keys that do not exist need a mask, queries do not.
                is_full = part.all() and part.shape[1] == tile["keys"]
                (full if is_full else masked).add(column)
        yield masked, full


def check_head(attention, head, allowed):
    own = attention["heads"][head]
    picture = attention["pictures"][own["picture"]]
    tile = attention["tile"]
    assert attention["drawn"] == tile
    drawn, origins = [], []
    for first, count, origin, *ranges in picture:
        assert first == len(drawn)
        masked, full = set(), set()
        ends = (ranges[i::4] for i in range(4))
        for begin, full_begin, full_end, end in zip(*ends, strict=True):
            masked |= set(range(begin, full_begin)) | set(range(full_end, end))
            full |= set(range(full_begin, full_end))
        drawn += [(masked, full)] * count
        origins += [origin] * count
    expected = list(tile_states(allowed, tile, origins))
    assert drawn == expected, (head, drawn, expected)
    masked = sum(len(row[0]) for row in expected)
    full = sum(len(row[1]) for row in expected)
    assert (own["masked"], own["full"]) == (masked, full)
    assert own["visited"] == masked + full
    columns = -(-allowed.shape[1] // tile["keys"])
    skipped = len(expected) * columns - own["visited"]
    assert own["skipped"] == max(skipped, 0)
    assert own["pairs"] == allowed.sum()
    assert own["flops"] == 4 * 64 * allowed.sum()
    live, seen = allowed.any(axis=1).sum(), allowed.any(axis=0).sum()
    assert own["bytes"] == 2 * 64 * (live + 2 * seen + allowed.shape[0])
    return [len(masked) + len(full) for masked, full in expected]


def check_schedule(attention, case, visited):
    schedule = attention["schedule"]
    rows, packed = schedule["rows"], schedule["packedHeads"]
    assert schedule["visited"] == sum(visited[::packed], [])
    numbers = sorted(sum(schedule["ctas"], []))
    assert numbers == list(range(case.batch * case.heads // packed * rows))
    cost = [
        schedule["workTile"] + n * schedule["keyTile"] if n else 0
        for n in schedule["visited"]
    ]
    busy = [sum(cost[n % len(cost)] for n in cta) for cta in schedule["ctas"]]
    assert busy == schedule["busy"]
    assert max(busy) == schedule["busiest"]
    slots = schedule["sms"] * schedule["ctasPerSM"]
    assert abs(sum(busy) / slots - schedule["mean"]) < 1e-6 * schedule["mean"]


def check_page(page: str) -> dict:
    """The data of a page that asks for nothing from outside."""
    frame = DATA.sub("", page)
    assert len(DATA.findall(page)) == 1
    links = re.findall(r"""<[^>]*\b(?:src|href|action)\s*=\s*["']?([^"'\s>]*)""", frame)
    assert links == ["data:,"], links
    assert "default-src 'none'" in frame
    assert not re.search(
        r"@import|url\(|fetch\(|XMLHttpRequest|<link rel=\"style", frame
    )
    return json.loads(DATA.search(page)[1])


def main(program: str) -> None:
    for case in CASES:
        data = check_page(case.page(program))
        (attention,) = data["attentions"]
        visited = [
            check_head(attention, head, allowed)
            for head, allowed in enumerate(case.allowed)
        ]
        total = attention["total"]
        for name in ("visited", "full", "masked", "pairs", "flops"):
            assert total[name] == sum(head[name] for head in attention["heads"])
        check_schedule(attention, case, visited)
    print(f"{len(CASES)} pages")


if __name__ == "__main__":
    main(*sys.argv[1:])
