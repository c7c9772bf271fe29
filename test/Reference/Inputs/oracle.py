"""Compares spattn-run with attention written in numpy, over random cases.

Usage: oracle.py SPATTN_RUN FOLDER [--device=DEVICE] [--cases=N] [--rtol=R]
                 [--seed=N] [--min-width=N] [--backward]

The masks here come from the definitions in SpattnAttrs.td, in whole arrays; the
oracle of spattn evaluates them pair by pair, and the compiler by its algebra. A
case is a file of functions of the same shapes, with a random structure each. A
failure names the folder with the case, which is left there.
"""

import argparse
import itertools
import pathlib
import random
import re
import subprocess
import sys

import numpy as np

# ----------------------------------------------------------------------------
# Structures: (text, mask), where mask(d, j, N, x, H) is an array of bools
# ----------------------------------------------------------------------------


class Bound:
    """`num * N floordiv den + offset`, or an infinity."""

    def __init__(self, num=0, den=1, offset=0, infinite=0):
        self.num, self.den, self.offset, self.infinite = num, den, offset, infinite

    def at(self, n):
        if self.infinite:
            return self.infinite * np.inf
        return self.num * n // self.den + self.offset

    def __str__(self):
        if self.infinite:
            return "inf" if self.infinite > 0 else "-inf"
        if self.num == 0:
            return str(self.offset)
        text = ("" if self.num == 1 else f"{self.num} * ") + "N"
        text += "" if self.den == 1 else f" floordiv {self.den}"
        if self.offset:
            text += f" {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return text


def affine(rng):
    den = rng.choice([1, 2, 3, 4, 8])
    return Bound(rng.randint(-1, den + 1) or 1, den, rng.randint(-4, 4))


def interval(rng):
    lo = rng.choice(
        [Bound(offset=rng.randint(-6, 30)), affine(rng), Bound(infinite=-1)]
    )
    if lo.infinite:
        hi = rng.choice([Bound(infinite=1), affine(rng)])
    elif rng.random() < 0.2:
        hi = Bound(infinite=1)
    elif rng.random() < 0.5:
        hi = Bound(lo.num, lo.den, lo.offset + rng.randint(1, 12))
    else:
        hi = Bound(rng.randint(2, 4), 2, 30)
    return lo, hi


def keys(rng):
    den = rng.choice([2, 3, 4])
    part = Bound(rng.randint(1, den - 1), den, rng.randint(0, 4))
    lo = rng.choice([Bound(offset=rng.randint(0, 12)), part, Bound(infinite=-1)])
    hi = rng.choice([Bound(infinite=1), Bound(1), Bound(lo.num, lo.den, lo.offset + 5)])
    return (
        f"#spattn.keys<{lo} to {hi}>",
        lambda d, j, n, x, h: (lo.at(n) <= j) & (j < hi.at(n)),
    )


def queries(rng):
    text, mask = keys(rng)
    # Where a query is among the keys; what is ahead of them counts as at 0.
    return (
        text.replace("keys", "queries"),
        lambda d, j, n, x, h: mask(d, np.maximum(d + j, 0), n, x, h),
    )


def residues(rng):
    of = rng.choice(["distances", "keys", "queries"])
    modulus = rng.choice([1, 2, 3, 4, 7, 8, 16])
    lo = rng.randrange(modulus)
    hi = lo + rng.randint(1, modulus)

    def mask(d, j, n, x, h):
        place = {"distances": d, "keys": j, "queries": d + j}[of]
        return np.isin(place % modulus, [r % modulus for r in range(lo, hi)])

    return f"#spattn.residues<{of}, {lo} to {hi} mod {modulus}>", mask


def distances(rng):
    if rng.random() < 0.5:
        lo, hi = interval(rng)
        parts = [(lo, hi)]
    else:  # several constant ones, ascending
        ends = sorted(rng.sample(range(-8, 40), 2 * rng.randint(1, 3)))
        parts = [
            (Bound(offset=a), Bound(offset=b))
            for a, b in zip(ends[::2], ends[1::2], strict=True)
        ]
    text = ", ".join(f"{lo} to {hi}" for lo, hi in parts)

    def mask(d, j, n, x, h):
        return np.any([(lo.at(n) <= d) & (d < hi.at(n)) for lo, hi in parts], axis=0)

    return f"#spattn.distances<{text}>", mask


def window(rng):
    left = rng.choice([None, rng.randint(0, 20)])
    right = rng.choice([None, 0, rng.randint(0, 20)])
    if left is None and right is None:
        left = 5
    parts = [
        f"{k} = {v}" for k, v in (("left", left), ("right", right)) if v is not None
    ]

    def mask(d, j, n, x, h):
        allowed = np.ones(np.broadcast(d, j).shape, bool)
        if left is not None:
            allowed &= d <= left
        if right is not None:
            allowed &= d >= -right
        return allowed

    return f"#spattn.window<{', '.join(parts)}>", mask


def in_band(kind, d, n, x, h, length=None):
    n = n if length is None else length
    base, r = divmod(n, h)
    w = base + (1 if x < r else 0)
    s = x * base + min(x, r)
    local = (d >= 0) & (d <= w)
    band = (s <= d) & (d < s + w)
    return {
        "exclusive": band,
        "local_band": local | band,
        "gapped": (s <= d) & (d < s + w // 2),
        "local": local,
    }[kind]


KINDS = ["exclusive", "local_band", "gapped", "local"]


def fixed_length(rng):
    """The length of a partition, and its text."""
    length = rng.choice([None, None, rng.randint(0, 40)])
    return length, "" if length is None else f", length = {length}"


def partition(rng):
    kind, (length, text) = rng.choice(KINDS), fixed_length(rng)
    return (
        f"#spattn.partition<{kind}{text}>",
        lambda d, j, n, x, h: in_band(kind, d, n, x, h, length),
    )


def band(rng):
    kind, count = rng.choice(KINDS), rng.randint(1, 6)
    index, (length, text) = rng.randrange(count), fixed_length(rng)
    return (
        f"#spattn.band<{kind}, {index} of {count}{text}>",
        lambda d, j, n, x, h: in_band(kind, d, n, index, count, length),
    )


def everything(shape_of, value):
    return np.full(np.broadcast(*shape_of).shape, value)


def simple(rng):
    count = rng.randint(1, 10)
    return rng.choice(
        [
            ("#spattn.full", lambda d, j, n, x, h: everything((d, j), True)),
            ("#spattn.causal", lambda d, j, n, x, h: d >= 0),
            (f"#spattn.sink<{count}>", lambda d, j, n, x, h: (j < count) & (d >= 0)),
            (f"#spattn.prefix<{count}>", lambda d, j, n, x, h: (j < count) | (d >= 0)),
        ]
    )


def structure(rng, depth=0):
    leaves = [
        keys,
        queries,
        residues,
        distances,
        window,
        partition,
        partition,
        band,
        simple,
    ]
    if depth == 2 or rng.random() < 0.6:
        text, mask = rng.choice(leaves)(rng)
        # Every mask is one over both queries and keys.
        return (
            text,
            lambda d, j, n, x, h: mask(d, j, n, x, h) & everything((d, j), True),
        )
    parts = [structure(rng, depth + 1) for _ in range(rng.randint(1, 3))]
    name, combine = rng.choice([("union", np.any), ("intersection", np.all)])
    return (
        f"#spattn.{name}<{', '.join(text for text, _ in parts)}>",
        lambda d, j, n, x, h: combine(
            [mask(d, j, n, x, h) for _, mask in parts], axis=0
        ),
    )


def head_structures(rng, heads):
    """(text, [mask of each head, of (d, j, N) only])"""
    if heads == 1 or rng.random() < 0.6:
        groups = [(heads, structure(rng))]
        text = groups[0][1][0]
    else:
        first = rng.randint(1, heads - 1)
        groups = [(first, structure(rng)), (heads - first, structure(rng))]
        text = f"#spattn.heads<{', '.join(f'{n} x {s[0]}' for n, s in groups)}>"
    masks = [
        lambda d, j, n, mask=mask, x=x, count=count: mask(d, j, n, x, count)
        for count, (_, mask) in groups
        for x in range(count)
    ]
    return text, masks


# ----------------------------------------------------------------------------
# Attention
# ----------------------------------------------------------------------------


def probabilities(
    q, k, masks, alignment, scale, sink=None, bound=None, places=None, lists=None
):
    """The softmax and its log-sum-exp; operands are b, h, n, d; float64. `sink` has
    a logit for each head, like a key in front of the others, which is left out of what
    is returned. `bound` is the length of bounds, if not that of k. `lists`, of
    TileLists, allow pairs besides those of the masks."""
    queries, n = q.shape[2], k.shape[2]
    k = np.repeat(k, q.shape[1] // k.shape[1], axis=1)
    i, j = np.arange(queries)[:, None], np.arange(n)[None, :]
    d = i + (n - queries if alignment == "end" else 0) - j
    bound = n if bound is None else bound
    allowed = np.stack([mask(d, j, bound) for mask in masks])
    if lists is not None:
        allowed = allowed | lists.allowed(d, j)
    scores = scale * (q @ k.swapaxes(2, 3))
    if places is not None:
        allowed, scores = places.decide(allowed, scores)
    scores = np.where(allowed, scores, -np.inf)
    if sink is not None:
        first = np.broadcast_to(sink[:, None, None], (*scores.shape[:3], 1))
        scores = np.concatenate([first, scores], axis=3)
    largest = scores.max(axis=3, keepdims=True, initial=-np.inf)
    shift = np.where(np.isfinite(largest), largest, 0)
    weights = np.exp(scores - shift)
    total = weights.sum(axis=3, keepdims=True)
    with np.errstate(divide="ignore"):
        lse = (np.log(total) + shift)[..., 0]
    p = weights / np.where(total == 0, 1, total)
    return (p if sink is None else p[..., 1:]), lse


def attention(
    q, k, v, masks, alignment, scale, sink=None, bound=None, places=None, lists=None
):
    p, lse = probabilities(q, k, masks, alignment, scale, sink, bound, places, lists)
    return p @ np.repeat(v, q.shape[1] // v.shape[1], axis=1), lse


def gradients(
    q,
    k,
    v,
    dout,
    masks,
    alignment,
    scale,
    dlse=None,
    sink=None,
    bound=None,
    places=None,
    lists=None,
):
    """Of sum(out * dout), by the derivative of the softmax, and of sum(lse * dlse) over
    queries with keys, by that of the log-sum-exp. With `sink`, the last is by it."""
    group = q.shape[1] // k.shape[1]
    p, lse = probabilities(q, k, masks, alignment, scale, sink, bound, places, lists)
    dp = dout @ np.repeat(v, group, axis=1).swapaxes(2, 3)
    delta = (p * dp).sum(axis=3, keepdims=True)
    if dlse is not None:
        delta = delta - dlse[..., None]
    ds = scale * p * (dp - delta)
    if places is not None and places.self_score is not None:
        ds = np.where(places.equal, 0, ds)

    def of_group(x):
        heads = x.shape[1] // group
        return x.reshape(x.shape[0], heads, group, *x.shape[2:]).sum(axis=2)

    result = (
        ds @ np.repeat(k, group, axis=1),
        of_group(ds.swapaxes(2, 3) @ q),
        of_group(p.swapaxes(2, 3) @ dout),
    )
    if sink is None:
        return result
    # What the keys leave of 1, for queries with a logit.
    rest = np.where(np.isneginf(lse), 0, 1 - p.sum(axis=3))
    return *result, -(rest * delta[..., 0]).sum(axis=(0, 2))


class Positions:
    """Positions of queries and keys, what they allow, and the score of equal ones."""

    def __init__(self, seed, batch, heads, key_heads, queries, keys):
        # Drawn apart, so that cases are otherwise those of before.
        rng = random.Random(f"positions {seed}")
        self.is_given = rng.random() < 0.4
        self.is_causal = rng.random() < 0.7
        self.self_score = round(rng.uniform(-4, 2), 3)
        if self.is_causal and rng.random() < 0.4:
            self.self_score = None
        numbers = np.random.default_rng(seed + 1)
        limit = rng.choice([4, 20])
        self.queries = numbers.integers(-2, limit, (batch, heads, queries))
        self.keys = numbers.integers(-2, limit, (batch, key_heads, keys))
        columns = np.repeat(self.keys, heads // key_heads, axis=1)[:, :, None]
        self.equal = self.queries[..., None] == columns
        self.after = self.queries[..., None] >= columns

    def decide(self, allowed, scores):
        if self.self_score is not None:
            own = float(np.float32(self.self_score))
            scores = np.where(self.equal, own, scores)
        return allowed & (self.after if self.is_causal else True), scores

    def attributes(self):
        text = "causal_positions, " if self.is_causal else ""
        if self.self_score is not None:
            text += f"self_score = {self.self_score} : f32, "
        return text

    def arrays(self, layout):
        """What goes into files."""
        order = ["bhn".index(dim) for dim in layout if dim != "d"]
        return [x.transpose(order).astype(np.int32) for x in (self.queries, self.keys)]


class Sequences:
    """Sequences of the rows of each batch entry, which may be empty and have padding
    ahead of them, or none."""

    def __init__(self, rng, numbers, batch, queries, keys):
        self.count = rng.choice([1, 1, 2, 3])
        self.bound = rng.choice([None, None, keys])
        self.queries = self.draw(numbers, batch, queries)
        same = queries == keys and rng.random() < 0.7
        self.keys = self.queries if same else self.draw(numbers, batch, keys)

    def draw(self, numbers, batch, length):
        """(batch, count, 2): where each starts and ends."""
        ends = np.sort(numbers.integers(0, length + 1, (batch, 2 * self.count)))
        ends = ends.reshape(batch, self.count, 2)
        for s in range(1, self.count):
            if numbers.random() < 0.5:
                ends[:, s, 0] = ends[:, s - 1, 1]
        return ends

    def each(self):
        """The batch entry, and slices of queries and of keys, of each sequence."""
        for b, (queries, keys) in enumerate(zip(self.queries, self.keys, strict=True)):
            for rows, columns in zip(queries, keys, strict=True):
                yield slice(b, b + 1), slice(*rows), slice(*columns)

    def probabilities(self, q, k, masks, alignment, scale, sink=None):
        """Those of each sequence, as above; 0 between sequences and in padding."""
        p = np.zeros((*q.shape[:3], k.shape[2]))
        lse = np.full(q.shape[:3], -np.inf)
        more = masks, alignment, scale, sink, self.bound
        for b, i, j in self.each():
            p[b, :, i, j], lse[b, :, i] = probabilities(q[b, :, i], k[b, :, j], *more)
        return p, lse

    def attention(self, q, k, v, *more):
        """The attention of each sequence, as above."""
        p, lse = self.probabilities(q, k, *more)
        return p @ np.repeat(v, q.shape[1] // v.shape[1], axis=1), lse

    def gradients(self, q, k, v, dout, masks, alignment, scale, dlse, sink):
        """The gradients of each sequence, as above."""
        results = [np.zeros_like(x) for x in (q, k, v)]
        results += [] if sink is None else [np.zeros_like(sink)]
        for b, i, j in self.each():
            found = gradients(
                *(q[b, :, i], k[b, :, j], v[b, :, j], dout[b, :, i]),
                *(masks, alignment, scale),
                None if dlse is None else dlse[b, :, i],
                sink,
                self.bound,
            )
            for result, rows, part in zip(results, (i, j, j), found[:3], strict=False):
                result[b, :, rows] = part
            if sink is not None:
                results[3] += found[3]
        return tuple(results)

    def arrays(self, layout):
        """What goes into files: starts and ends, of queries and of keys."""
        ends = [x[..., i] for x in (self.queries, self.keys) for i in range(2)]
        is_swapped = layout.index("n") < layout.index("b")
        return [(x.T if is_swapped else x).astype(np.int32) for x in ends]


class TileLists:
    """Which key tiles the tiles of queries list, for each head or for some together,
    of each batch entry or of all, and what masks them: a text and a mask of each
    head."""

    def __init__(self, rng, batch, heads, queries, keys, tile, structure):
        self.tile, self.heads = tile, heads
        self.text, self.masks = structure
        self.queries, self.keys = queries, keys
        own = rng.choice([n for n in range(1, heads + 1) if heads % n == 0])
        rows, tiles = -(-queries // tile[0]), -(-keys // tile[1])
        room = rng.randint(1, tiles + 1)
        shape = rng.choice([1, batch]), own, rows
        self.counts = np.zeros(shape, np.int32)
        # Entries past the count mean nothing.
        self.indices = np.full((*shape, room), -5, np.int32)
        for at in np.ndindex(*shape):
            most = min(room, tiles)
            count = rng.choice([0, most, rng.randint(0, most)])
            self.counts[at] = count
            self.indices[at][:count] = sorted(rng.sample(range(tiles), count))

    def attribute(self):
        return (
            f"tile_lists = #spattn.tile_lists<{self.tile[0]} x {self.tile[1]}, "
            f"{self.text}>"
        )

    def allowed(self, d, j):
        """(batch, heads, queries, keys): whether a pair is listed, and not masked."""
        listed = np.zeros((*self.counts.shape, -(-self.keys // self.tile[1])), bool)
        for at in np.ndindex(*self.counts.shape):
            listed[at][self.indices[at][: self.counts[at]]] = True
        listed = listed.repeat(self.tile[0], axis=2).repeat(self.tile[1], axis=3)
        listed = listed[:, :, : self.queries, : self.keys]
        listed = listed.repeat(self.heads // listed.shape[1], axis=1)
        return listed & np.stack([mask(d, j, self.keys) for mask in self.masks])

    def arrays(self, layout):
        """What goes into files, by the names of launches."""
        order = ["bhn".index(dim) for dim in layout if dim != "d"]
        return {
            "tcount": np.ascontiguousarray(self.counts.transpose(order)),
            "tindex": np.ascontiguousarray(
                self.indices.transpose(["bhnd".index(dim) for dim in layout])
            ),
        }

    def types(self, layout, is_dynamic=True):
        """Their types, by the names of launches."""
        return {
            name: "x".join(
                str(size)
                if not is_dynamic or dim == "h" or size == 1 and dim == "b"
                else "?"
                for dim, size in zip(
                    (dim for dim in layout if dim != "d" or array.ndim == 4),
                    array.shape,
                    strict=True,
                )
            )
            for name, array in self.arrays(layout).items()
        }

    def clause(self, layout, is_dynamic=True):
        """Arguments of a function, and the operation's clause."""
        arguments, clauses = "", ""
        for name, sizes in self.types(layout, is_dynamic).items():
            operand = {"tcount": "tile_counts", "tindex": "tile_indices"}[name]
            arguments += f" %{name}: tensor<{sizes}xi32>,"
            clauses += f" {operand}(%{name} : tensor<{sizes}xi32>)"
        return arguments, clauses


def draw_sink(rng, numbers, heads):
    """Logits of heads, as computed with and as put into a file: like those of keys, or
    far above or below them."""
    x = numbers.standard_normal(heads) * rng.choice([1, 1, 10])
    x[numbers.random(heads) < 0.1] = -np.inf
    x = x.astype(np.float32)
    return x.astype(np.float64), x


# ----------------------------------------------------------------------------
# Cases
# ----------------------------------------------------------------------------

# A random union of intersections may expand to more than a structure may.
LIMITS = [
    "expands to more than",
    "distinct key bounds",
    "distinct query bounds",
    "intervals of distances",
]


def to_bf16(x):
    """float32 whose numbers are all bfloat16, and their bits."""
    bits = x.astype(np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return bits.view(np.float32), (bits >> 16).astype(np.uint16)


def make_input(rng, numbers, sizes, element):
    """An array as it is computed with (float64), and as it is put into a file."""
    x = numbers.standard_normal(sizes)
    if element == "bf16":
        x, bits = to_bf16(x)
        file = bits if rng.random() < 0.5 else x
    else:
        x = x.astype({"f16": np.float16, "f32": np.float32}[element])
        # A wider type is converted, here without loss.
        file = rng.choice([x, x.astype(np.float64)])
    return x.astype(np.float64), rng.choice([file, np.asfortranarray(file)])


def run_case(tool, folder, seed, device, rtol, min_width, backward):
    """False if a structure is beyond the compiler's limits."""
    rng, numbers = random.Random(seed), np.random.default_rng(seed)
    batch, key_heads, group = rng.randint(1, 2), rng.randint(1, 3), rng.randint(1, 3)
    heads = key_heads * group
    keys_ = rng.randint(1, 40)
    width, value_width = rng.randint(min_width, 20), rng.randint(min_width, 20)
    queries = keys_ if rng.random() < 0.5 else rng.randint(1, 40)
    layout = rng.choice(
        ["bhnd", "bnhd"] + ["".join(p) for p in itertools.permutations("bhnd")]
    )
    alignment = rng.choice(["end", "end", "start"])
    element = rng.choice(["f32", "f32", "f16", "bf16"])
    scale = rng.choice([None, round(rng.uniform(0.1, 1), 3)])
    dynamic = rng.random() < 0.5

    def shape(h, n, d=None):
        sizes = {"b": batch, "h": h, "n": n, "d": d}
        return [sizes[dim] for dim in layout if sizes[dim] is not None]

    def tensor(h, n, d=None, kind=element):
        sizes = {
            "b": "?" if dynamic else batch,
            "h": h,
            "n": "?" if dynamic else n,
            "d": d,
        }
        dims = "x".join(str(sizes[dim]) for dim in layout if sizes[dim] is not None)
        return f"tensor<{dims}x{kind}>"

    def canonical(x):
        order = layout if x.ndim == 4 else layout.replace("d", "")
        return x.transpose([order.index(dim) for dim in "bhnd"[: x.ndim]])

    tq, tk, tv = tensor(heads, queries, width), tensor(key_heads, keys_, width), None
    tv = tensor(key_heads, keys_, value_width)
    to, tl = (
        tensor(heads, queries, value_width, "f32"),
        tensor(heads, queries, None, "f32"),
    )
    functions, expected = [], []
    inputs = [
        make_input(rng, numbers, shape(key_heads if i else heads, n, d), element)
        for i, (n, d) in enumerate(
            [(queries, width), (keys_, width), (keys_, value_width)]
        )
    ]
    q, k, v = (canonical(x) for x, _ in inputs)
    names, dlse = "qkv", None
    more, clause = "", ""
    if backward:
        names = "qkvd"
        dout = shape(heads, queries, value_width)
        inputs.append(make_input(rng, numbers, dout, "f32"))
        dout = canonical(inputs[-1][0])
        if rng.random() < 0.5:
            names += "l"
            inputs.append(make_input(rng, numbers, shape(heads, queries), "f32"))
            dlse = canonical(inputs[-1][0])
            more, clause = f" %dl: {tl},", f" dlse(%dl : {tl})"
    sink, of_sink, ts = None, "", f"tensor<{heads}xf32>"
    if rng.random() < 0.4:
        names += "s"
        inputs.append(draw_sink(rng, numbers, heads))
        sink = inputs[-1][0]
        more += f" %sink: {ts},"
        of_sink = f" sink_logits(%sink : {ts})"
    sequences, attributes, inputs_of = None, "", list(names)
    if rng.random() < 0.4:
        sequences = Sequences(rng, numbers, batch, queries, keys_)
        if sequences.bound is not None:
            attributes = "bound_length = #spattn.bound_length<pack>, "
        for name, array in zip(
            ("query_starts", "query_ends", "key_starts", "key_ends"),
            sequences.arrays(layout),
            strict=True,
        ):
            inputs_of.append(name)
            inputs.append((array, array))
            more += f" %{name}: tensor<?x?xi32>,"
            of_sink += f" {name}(%{name} : tensor<?x?xi32>)"
    places = Positions(seed, batch, heads, key_heads, queries, keys_)
    kept = {}
    if places.is_given and not sequences:
        kept["places"] = places
        attributes += places.attributes()
        for name, of, array in zip(
            ("query_positions", "key_positions"),
            (heads, key_heads),
            places.arrays(layout),
            strict=True,
        ):
            inputs_of.append(name)
            inputs.append((array, array))
            length = queries if name == "query_positions" else keys_
            type = tensor(of, length, None, "i32")
            more += f" %{name}: {type},"
            of_sink += f" {name}(%{name} : {type})"
    compute = sequences.attention if sequences else attention
    compute_gradients = sequences.gradients if sequences else gradients
    # Drawn apart, so that cases are otherwise those of before there were lists.
    own = random.Random(f"lists {seed}")
    if sequences is None and own.random() < 0.4:
        tile = own.choice([16, 32]), own.choice([16, 32, 48])
        sizes = batch, heads, queries, keys_, tile
        drawn = TileLists(own, *sizes, head_structures(own, heads))
        kept["lists"] = drawn
        attributes += f"{drawn.attribute()}, "
        for name, array in drawn.arrays(layout).items():
            inputs_of.append(name)
            inputs.append((array, array))
        arguments, clauses = drawn.clause(layout, dynamic)
        more, of_sink = more + arguments, of_sink + clauses
    for f in range(4):
        text, masks = head_structures(rng, heads)
        with_scale = "" if scale is None else " scale(%s)"
        constant = "" if scale is None else f"\n  %s = arith.constant {scale} : f32"
        with_attributes = (
            f"{{alignment = #spattn.alignment<{alignment}>, {attributes}"
            f'layout = "{layout}"}}'
        )
        forward = f"""{constant}
  %r, %lse = spattn.attention structure({text})
      ins(%q, %k, %v : {tq}, {tk}, {tv}){of_sink}{with_scale}
      outs(%o, %l : {to}, {tl})
      {with_attributes}"""
        factor = width**-0.5 if scale is None else float(np.float32(scale))
        order = ["bhnd".index(dim) for dim in layout]
        if backward:
            tg = [re.sub(r"x(f16|bf16)>$", "xf32>", t) for t in (tq, tk, tv)]
            outs, results = "%dq0, %dk0, %dv0", "%dq, %dk, %dv"
            destinations = f"%dq0: {tg[0]}, %dk0: {tg[1]}, %dv0: {tg[2]}"
            if sink is not None:
                tg.append(ts)
                outs, results = f"{outs}, %ds0", f"{results}, %ds"
                destinations += f", %ds0: {ts}"
            functions.append(f"""
func.func @f{f}(%q: {tq}, %k: {tk}, %v: {tv}, %do: {to},{more} %o: {to}, %l: {tl},
    {destinations}) -> ({", ".join(tg)}) {{{forward}
  {results} = spattn.attention_backward structure({text})
      ins(%q, %k, %v, %r, %lse, %do : {tq}, {tk}, {tv}, {to}, {tl}, {to})
     {clause}{of_sink}{with_scale}
      outs({outs} : {", ".join(tg)})
      {with_attributes}
  return {results} : {", ".join(tg)}
}}""")
            wanted = compute_gradients(
                q, k, v, dout, masks, alignment, factor, dlse, sink, **kept
            )
            expected += [
                gradient.transpose(order) if gradient.ndim == 4 else gradient
                for gradient in wanted
            ]
            continue
        functions.append(f"""
func.func @f{f}(%q: {tq}, %k: {tk}, %v: {tv},{more} %o: {to}, %l: {tl})
    -> ({to}, {tl}) {{{forward}
  return %r, %lse : {to}, {tl}
}}""")
        out, lse = compute(q, k, v, masks, alignment, factor, sink, **kept)
        expected.append(out.transpose(order))
        expected.append(
            lse.transpose(["bhn".index(dim) for dim in layout if dim != "d"])
        )

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "case.mlir").write_text("\n".join(functions))
    for name, (_, file) in zip(inputs_of, inputs, strict=True):
        np.save(folder / f"{name}.npy", file)
    outputs = [folder / f"out{i}.npy" for i in range(len(expected))]
    command = [tool, folder / "case.mlir", f"--device={device}", "--check=0"]
    command += [f"--input={folder / name}.npy" for name in inputs_of]
    command += [f"--output={path}" for path in outputs]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if any(limit in result.stderr for limit in LIMITS):
        return False
    assert result.returncode == 0, result.stderr
    for path, reference in zip(outputs, expected, strict=True):
        actual = np.load(path)
        assert actual.shape == reference.shape and actual.dtype == np.float32
        np.testing.assert_allclose(
            actual, reference, rtol=rtol, atol=rtol, err_msg=f"{path.name}\n{functions}"
        )
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--device", default="reference")
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--min-width", type=int, default=1, help="least head dimension")
    parser.add_argument("--backward", action="store_true", help="compare gradients")
    parser.add_argument("--rtol", type=float, default=3e-7)
    options = parser.parse_args()
    done, seed = 0, options.seed
    while done < options.cases:
        folder = options.folder / str(seed)
        try:
            done += run_case(
                options.tool,
                folder,
                seed,
                options.device,
                options.rtol,
                options.min_width,
                options.backward,
            )
        except AssertionError as error:
            sys.exit(f"case {seed} failed, see {folder}\n{error}")
        seed += 1
    print(f"{options.cases} cases agree")


if __name__ == "__main__":
    main()
