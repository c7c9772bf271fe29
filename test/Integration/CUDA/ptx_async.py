"""The asynchronous instructions of sm_90a: bulk copies, tensor maps, wgmma."""

from dataclasses import dataclass

import numpy as np
from ptx_memory import widen
from ptx_parser import PtxError

SWIZZLE_ROW = 128


def swizzle(addresses):
    """Exchanges the 16-byte pieces of rows of 128 bytes, as TMA and wgmma do."""
    return addresses ^ ((addresses >> 7 & 7) << 4)


@dataclass
class TensorMap:
    """What the driver encodes for TMA: from the innermost dimension out."""

    address: int
    sizes: list[int]
    byte_strides: list[int]
    box: list[int]
    element_bytes: int
    swizzle: int

    def __post_init__(self):
        if self.element_bytes != 2 or self.swizzle != 128:
            raise PtxError("a tensor map without a swizzle of 128 bytes")
        if self.box[0] * self.element_bytes != SWIZZLE_ROW:
            raise PtxError("a box that is not as wide as the swizzle")
        # As the driver: alignment, and sizes of boxes.
        wrong = self.address % 16 or any(
            stride % 16
            for size, stride in zip(self.sizes[1:], self.byte_strides[1:], strict=True)
            if size > 1
        )
        if wrong or any(not 1 <= size <= 256 for size in self.box):
            raise PtxError("a tensor map that the driver refuses")

    @property
    def bytes(self):
        return self.element_bytes * int(np.prod(self.box))

    def places(self, coordinates):
        """The address of each element of the box in memory, and which exist."""
        address = np.full((1,) * len(self.box), self.address, np.int64)
        exists = np.ones((1,) * len(self.box), bool)
        for i, (start, size) in enumerate(zip(coordinates, self.box, strict=True)):
            shape = [1] * len(self.box)
            shape[-1 - i] = size
            index = (int(start) + np.arange(size)).reshape(shape)
            address = address + index * self.byte_strides[i]
            exists = exists & (index >= 0) & (index < self.sizes[i])
        return address.ravel(), np.broadcast_to(exists, address.shape).ravel()


class AsyncCopies:
    """Part of ptx_emulator.Block."""

    def chosen(self, g, mask):
        return np.flatnonzero(mask) if mask is not None else range(g.n)

    def find_map(self, address):
        if address not in self.maps:
            raise PtxError(f"there is no tensor map at {address:#x}")
        return self.maps[address]

    def box_places(self, tensor_map, address):
        if address % 128:
            raise PtxError(f"a box at {address:#x}, not a multiple of 128 bytes")
        count = tensor_map.bytes // 2
        return swizzle(address + 2 * np.arange(count, dtype=np.int64))

    def tensor_load(self, g, targets, maps, coordinates, barriers, mask=None):
        coordinates = [np.broadcast_to(c, g.n) for c in coordinates]
        for t in self.chosen(g, mask):
            tensor_map = self.find_map(int(maps[t]))
            where = [c[t] for c in coordinates]
            self.defer(
                lambda m=tensor_map, w=where, a=int(targets[t]), b=int(barriers[t]): (
                    self.run_tensor_load(m, w, a, b)
                )
            )

    def run_tensor_load(self, tensor_map, where, address, barrier):
        addresses, exists = tensor_map.places(where)
        data = np.zeros((len(addresses), 1), np.uint16)
        data[exists] = self.memory.read(addresses[exists], 2, np.uint16)
        self.write_async(self.box_places(tensor_map, address), data)
        self.complete(barrier, tensor_map.bytes)

    def write_async(self, addresses, data):
        self.shared.write(addresses, data)
        self.unfenced[(addresses - self.shared.base) // 4] = 0

    def read_async(self, addresses, kind, may_be_garbage=False):
        """Elements of shared memory, of which the asynchronous proxy must know."""
        size = np.dtype(kind).itemsize
        found = self.shared.read(addresses, size, kind, may_be_garbage=may_be_garbage)[
            :, 0
        ]
        writer = self.unfenced[(addresses - self.shared.base) // 4]
        if writer.any():
            raise PtxError(
                f"an asynchronous read of what thread {writer.max() - 1} wrote "
                f"without fence.proxy.async"
            )
        return found

    def tensor_store(self, g, sources, maps, coordinates, mask=None):
        coordinates = [np.broadcast_to(c, g.n) for c in coordinates]
        for t in self.chosen(g, mask):
            tensor_map = self.find_map(int(maps[t]))
            addresses, exists = tensor_map.places([c[t] for c in coordinates])
            places = self.box_places(tensor_map, int(sources[t]))
            store = BulkStore(self, places, addresses, exists, np.uint16, False)
            self.bulk.add(int(g.tid[t]), store)

    def bulk_check(self, *numbers):
        if any(int(n) % 16 for n in numbers):
            raise PtxError(f"a bulk copy of {numbers}, not multiples of 16")

    def bulk_load(self, g, targets, sources, sizes, barriers, mask=None):
        sizes = np.broadcast_to(sizes, g.n)
        for t in self.chosen(g, mask):
            target, source, size = int(targets[t]), int(sources[t]), int(sizes[t])
            self.bulk_check(target, source, size)

            def event(target=target, source=source, size=size, at=int(barriers[t])):
                steps = 4 * np.arange(size // 4, dtype=np.int64)
                data = self.memory.read(source + steps, 4, np.uint32)
                self.write_async(target + steps, data)
                self.complete(at, size)

            self.defer(event)

    def bulk_store(self, g, targets, sources, sizes, adds, mask=None):
        sizes = np.broadcast_to(sizes, g.n)
        for t in self.chosen(g, mask):
            target, source, size = int(targets[t]), int(sources[t]), int(sizes[t])
            self.bulk_check(target, source, size)
            steps = 4 * np.arange(size // 4, dtype=np.int64)
            kind = np.float32 if adds else np.uint32
            store = BulkStore(
                self,
                source + steps,
                target + steps,
                np.ones(len(steps), bool),
                kind,
                adds,
            )
            self.bulk.add(int(g.tid[t]), store)

    def bulk_commit(self, g, mask=None):
        self.bulk.commit(g.tid if mask is None else g.tid[mask])

    def bulk_wait(self, g, pending, is_read, mask=None):
        self.bulk.wait(g.tid if mask is None else g.tid[mask], int(pending), is_read)


class BulkStore:
    """Reads shared memory some time, and later writes to global memory."""

    def __init__(self, block, sources, targets, exists, kind, adds):
        self.block, self.sources, self.targets = block, sources, targets
        self.exists, self.kind, self.adds = exists, kind, adds
        self.data, self.is_done = None, False
        if block.random is None or block.random.random() < 0.5:
            self.read()

    def read(self):
        if self.data is None:
            self.data = self.block.read_async(self.sources, self.kind)

    def write(self):
        self.read()
        if self.is_done:
            return
        self.is_done = True
        data = self.data[self.exists][:, None]
        targets, memory = self.targets[self.exists], self.block.memory
        if self.adds:
            data = data + memory.read(targets, 4, self.kind)
        memory.write(targets, data)


class BulkGroups:
    """Stores of each thread: those not committed, and groups."""

    def __init__(self, block):
        self.block, self.open, self.groups = block, {}, {}

    def add(self, thread, store):
        self.open.setdefault(thread, []).append(store)

    def commit(self, threads):
        for thread in threads:
            found = self.open.pop(int(thread), [])
            self.groups.setdefault(int(thread), []).append(found)

    def wait(self, threads, pending, is_read):
        for thread in threads:
            groups = self.groups.get(int(thread), [])
            for group in groups[: len(groups) - pending] if pending else groups:
                for store in group:
                    store.read() if is_read else store.write()
            if not is_read:
                del groups[: len(groups) - pending]

    def leave(self, threads):
        """The source must live until it is read; the rest ends by itself."""
        for thread in threads:
            if self.open.pop(int(thread), None):
                raise PtxError(f"thread {thread} returns with stores not committed")
            for stores in self.groups.pop(int(thread), []):
                for store in stores:
                    if not store.is_done and store.data is None:
                        raise PtxError(
                            f"thread {thread} returns before stores have read"
                        )
                    store.write()


@dataclass
class Work:
    """A wgmma in flight."""

    product: object
    first: int | None
    second: int
    accumulates: bool
    is_done: bool = False


class Warpgroup:
    """The products that a warpgroup has in flight."""

    def __init__(self, block, number):
        self.block, self.threads = block, slice(128 * number, 128 * number + 128)
        self.open, self.groups = [], []
        # Registers that they write and read, and that changed since the fence.
        self.targets, self.sources, self.changed = {}, set(), set()
        self.in_flight = False

    def check(self, touched, written):
        if self.in_flight:
            used = touched & self.targets.keys() or written & self.sources
            if used:
                raise PtxError(
                    f"{len(used)} registers that a wgmma in flight uses are "
                    "read or written"
                )
        self.changed |= written

    def fence(self):
        self.changed.clear()

    def start(self, product, values, part):
        columns = product.target.tolist()
        sources = [] if product.lhs is None else product.lhs.tolist()
        descriptors = []
        for value in values[:2]:
            if value is not None:
                value = np.atleast_1d(value)
                value = value[part] if len(value) > 1 else value
                if (value != value[0]).any():
                    raise PtxError("a descriptor that differs in a warpgroup")
            descriptors.append(None if value is None else int(value[0]))
        accumulates = np.atleast_1d(values[2])
        accumulates = accumulates[part] if len(accumulates) > 1 else accumulates
        if (accumulates != accumulates[0]).any():
            raise PtxError("a predicate that differs in a warpgroup")
        accumulates = bool(accumulates[0])
        key = tuple(columns)
        if any(self.targets.get(c, key) != key for c in columns):
            raise PtxError("a wgmma adds to part of what another in flight computes")
        if self.targets.keys() & set(sources) or self.sources & set(columns):
            raise PtxError("a wgmma uses registers of another in flight")
        read = set(sources) | (set(columns) if accumulates else set())
        if read & self.changed:
            raise PtxError(
                f"{len(read & self.changed)} registers changed since wgmma.fence"
            )
        self.open.append(Work(product, *descriptors, accumulates))
        self.note_registers()
        # As early or as late as can be.
        if self.block.random and self.block.random.random() < 0.5:
            for work in self.all_work():
                self.finish(work)

    def all_work(self):
        return [work for group in [*self.groups, self.open] for work in group]

    def note_registers(self):
        self.targets, self.sources = {}, set()
        for work in self.all_work():
            columns = work.product.target.tolist()
            self.targets.update(dict.fromkeys(columns, tuple(columns)))
            if work.product.lhs is not None:
                self.sources.update(work.product.lhs.tolist())
        self.in_flight = bool(self.targets)

    def finish(self, work):
        if not work.is_done:
            self.multiply(work.product, work.first, work.second, work.accumulates)
            work.is_done = True

    def commit(self):
        self.groups.append(self.open)
        self.open = []

    def wait(self, pending):
        while len(self.groups) > pending:
            for work in self.groups.pop(0):
                self.finish(work)
        self.note_registers()

    def operand(self, descriptor, rows, is_transposed, element):
        """From shared memory: `rows` of M or N, by 16 of K."""
        start, leading, stride = (
            (descriptor >> shift & 0x3FFF) << 4 for shift in (0, 16, 32)
        )
        if descriptor >> 62 != 1 or descriptor >> 49 & 7:
            raise PtxError("a matrix descriptor without a swizzle of 128 bytes")
        if start >> 7 & 7:
            raise PtxError(f"a matrix at {start:#x}, amid the swizzle's pattern")
        row, k = np.arange(rows)[:, None], np.arange(16)
        if is_transposed:
            where = row // 64 * leading + row % 64 * 2 + k // 8 * stride + k % 8 * 128
        else:
            where = row // 8 * stride + row % 8 * 128 + k * 2
        addresses = swizzle(start + where.astype(np.int64)).ravel()
        # Ahead of the first item, a product of what is there is thrown away.
        bits = self.block.read_async(addresses, np.uint16, may_be_garbage=True)
        return widen(bits, element).reshape(rows, 16)

    def multiply(self, product, first, second, accumulates):
        registers = self.block.files["U"]
        if product.lhs is None:
            lhs = self.operand(first, 64, product.transposed[0], product.element)
        else:
            bits = np.ascontiguousarray(registers[product.lhs, self.threads])
            # Halves of columns and of rows, warps, rows, columns.
            pieces = bits.view(np.uint16).reshape(2, 2, 4, 8, 4, 2)
            bits = pieces.transpose(2, 1, 3, 0, 4, 5).reshape(64, 16)
            lhs = widen(bits, product.element)
        rhs = self.operand(
            second, product.columns, product.transposed[1], product.element
        )
        result = (lhs * np.float32(product.signs[0])) @ (
            rhs.T * np.float32(product.signs[1])
        )
        # Columns by 8, halves of rows, column, then warps, rows, columns by 2.
        shape = product.columns // 8, 2, 2, 4, 8, 4
        parts = result.reshape(4, 2, 8, product.columns // 8, 4, 2)
        parts = parts.transpose(3, 1, 5, 0, 2, 4)
        if accumulates:
            before = registers[product.target, self.threads].view(np.float32)
            parts = parts + before.reshape(shape)
        bits = np.ascontiguousarray(parts, np.float32).view(np.uint32)
        registers[product.target, self.threads] = bits.reshape(-1, 128)
