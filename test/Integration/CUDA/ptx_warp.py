"""What warps do with memory and with each other: part of ptx_emulator.Block."""

import itertools

import numpy as np
from ptx_async import AsyncCopies
from ptx_memory import widen
from ptx_parser import PtxError


class WarpInstructions(AsyncCopies):
    @staticmethod
    def fill(g, number):
        return np.full(g.n, number, np.int64)

    def space(self, name):
        spaces = {
            "shared": self.shared,
            "shared::cta": self.shared,
            "global": self.memory,
            "param": self.parameters,
        }
        if name not in spaces:
            raise PtxError(f"an access of {name} memory")
        return spaces[name]

    # Loads and stores, aligned as a whole.

    def load(self, g, space, addresses, outs, dtype, mask=None):
        size = dtype.itemsize * len(outs)
        if mask is not None:
            if not mask.any():
                return
            addresses = addresses[mask]
        # Kernels load all words of an item, of which one without work has but a few.
        found = self.space(space).read(
            addresses, size, dtype, may_be_garbage=space != "global"
        )
        for out, column in zip(outs, found.T, strict=True):
            if mask is None:
                out[:] = column
            else:
                out[mask] = column

    def store(self, g, space, addresses, values, mask=None):
        rows = np.empty((g.n, len(values)), np.asarray(values[0]).dtype)
        for i, value in enumerate(values):
            rows[:, i] = value
        threads = g.tid
        if mask is not None:
            if not mask.any():
                return
            addresses, rows, threads = addresses[mask], rows[mask], threads[mask]
        self.space(space).write(addresses, rows)
        if space.startswith("shared"):
            self.mark(addresses, rows.shape[1] * rows.itemsize, threads)

    def mark(self, addresses, size, threads):
        """That the asynchronous proxy does not know of what threads wrote."""
        first = (addresses - self.shared.base) // 4
        places = first[:, None] + np.arange(max(size // 4, 1))
        self.unfenced[places] = threads[:, None] + 1

    def fence_async(self, g, mask=None):
        known = np.zeros(self.threads + 1, bool)
        known[(g.tid if mask is None else g.tid[mask]) + 1] = True
        self.unfenced[known[self.unfenced]] = 0

    def atomic(self, g, operation, addresses, values, out, mask=None):
        """One thread after the other."""
        rows = np.stack([np.broadcast_to(v, g.n) for v in values], 1)
        chosen = np.ones(g.n, bool) if mask is None else mask
        if not chosen.any():
            return
        width = rows.shape[1] if operation != "cas" else 1
        size = width * rows.itemsize
        where = addresses[chosen]
        if out is None and operation == "add":
            memory, kind = self.memory, rows.dtype
            memory.read(where, size, kind)
            places = memory.offsets(where, size)[:, None] // rows.itemsize
            view = memory.bytes.view(kind)
            np.add.at(view, places + np.arange(width), rows[chosen])
            memory.version += 1
            return
        for t in np.flatnonzero(chosen):
            place = addresses[t : t + 1]
            before = self.memory.read(place, size, rows.dtype)
            after = self.combined(operation, before, rows[t : t + 1])
            self.memory.write(place, after.astype(rows.dtype))
            if out is not None:
                out[t] = before[0, 0]

    @staticmethod
    def combined(operation, old, new):
        if operation == "inc":
            return np.where(old >= new, 0, old + 1)
        if operation == "cas":
            return np.where(old == new[:, :1], new[:, 1:], old)
        if operation == "exch":
            return new
        return {
            "add": np.add,
            "min": np.minimum,
            "max": np.maximum,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
        }[operation](old, new)

    def copy16(self, g, targets, sources, sizes, mask=None):
        """cp.async: at once. What is not read is 0."""
        assert mask is None
        sizes = np.broadcast_to(sizes, g.n)
        if not np.isin(sizes, (0, 16)).all():
            raise PtxError("a copy of neither 0 nor 16 bytes")
        data = np.zeros((g.n, 4), np.uint32)
        some = sizes > 0
        data[some] = self.memory.read(sources[some], 16, np.uint32)
        self.shared.write(targets, data)

    # Between the lanes of whole warps.

    def shuffle(self, g, how, value, lane):
        value = np.broadcast_to(value, g.n)
        own = np.arange(g.n)
        lane = np.broadcast_to(lane, g.n).astype(np.int64)
        if how == "idx":
            source = own // 32 * 32 + lane % 32
        elif how == "bfly":
            source = own ^ lane % 32
        elif how in ("up", "down"):
            source = own + (-lane if how == "up" else lane)
            source = np.where(source // 32 == own // 32, source, own)
        else:
            raise PtxError(f"shfl.{how}")
        return value[source]

    def vote(self, g, how, value):
        warps = np.broadcast_to(value, g.n).reshape(-1, 32)
        if how == "ballot":
            bits = warps.astype(np.uint64) << np.arange(32, dtype=np.uint64)
            return bits.sum(1).astype(np.uint32).repeat(32)
        found = {"any": warps.any(1), "all": warps.all(1)}
        found["uni"] = found["all"] | ~found["any"]
        return found[how].repeat(32)

    def reduce_warp(self, g, how, value):
        functions = {
            "add": np.add,
            "min": np.minimum,
            "max": np.maximum,
            "and": np.bitwise_and,
            "or": np.bitwise_or,
            "xor": np.bitwise_xor,
        }
        warps = np.broadcast_to(value, g.n).reshape(-1, 32)
        return functions[how].reduce(warps, axis=1, dtype=warps.dtype).repeat(32)

    # Matrices.

    def load_matrices(self, g, addresses, outs, is_transposed):
        count = len(outs)
        rows = addresses.reshape(-1, 32)[:, : 8 * count]
        # Ahead of the first item, a product of what is there is thrown away.
        found = self.shared.read(rows.ravel(), 16, np.uint16, may_be_garbage=True)
        matrices = found.reshape(-1, count, 8, 8)
        if is_transposed:
            matrices = matrices.swapaxes(2, 3)
        pairs = np.ascontiguousarray(matrices).view(np.uint32)
        for i, out in enumerate(outs):
            out[:] = pairs[:, i].ravel()

    def store_matrices(self, g, addresses, values, is_transposed):
        count = len(values)
        pairs = np.stack([v.reshape(-1, 8, 4) for v in values], 1)
        matrices = np.ascontiguousarray(pairs).view(np.uint16)
        if is_transposed:
            matrices = matrices.swapaxes(2, 3)
        rows = addresses.reshape(-1, 32)[:, : 8 * count].ravel()
        self.shared.write(rows, np.ascontiguousarray(matrices).reshape(-1, 8))
        # A lane's pair is in another row than that whose address it gives.
        writers = np.repeat(g.tid.reshape(-1, 32)[:, None], count, 1)
        places = (rows - self.shared.base)[:, None] // 4 + np.arange(4)
        self.unfenced[places] = writers.reshape(-1, 4) + 1

    def multiply(self, g, d, a, b, c, element):
        """mma.m16n8k16"""
        pairs = [
            widen(np.ascontiguousarray(r).view(np.uint16), element).reshape(-1, 32, 2)
            for r in (*a, *b)
        ]
        lane = np.arange(32)
        row, column = lane // 4, lane % 4 * 2
        warps = g.n // 32
        lhs, rhs, acc = (
            np.zeros((warps, *shape), np.float32)
            for shape in ((16, 16), (16, 8), (16, 8))
        )
        for i in range(4):
            start = np.broadcast_to(c[i], g.n).reshape(-1, 32)
            acc[:, row + i // 2 * 8, column + i % 2] = start
            for e in range(2):
                at = row + i % 2 * 8, column + i // 2 * 8 + e
                lhs[:, at[0], at[1]] = pairs[i][:, :, e]
        for i, e in itertools.product(range(2), range(2)):
            rhs[:, column + i * 8 + e, row] = pairs[4 + i][:, :, e]
        product = acc + lhs @ rhs
        for i, out in enumerate(d):
            out[:] = product[:, row + i // 2 * 8, column + i % 2].ravel()
