"""Memory that PTX is emulated on, and elements of 16 bits."""

import numpy as np
from ptx_parser import PtxError


def to_bf16_bits(x):
    """The upper halves of f32, rounded to nearest even."""
    x = np.asarray(x, np.float32)
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
    return np.where(np.isnan(x), np.uint16(0x7FFF), rounded)


def narrow(x, element):
    if element == "bf16":
        return to_bf16_bits(x)
    return np.asarray(x, np.float32).astype(np.float16).view(np.uint16)


def widen(bits, element):
    bits = np.asarray(bits, np.uint16)
    if element == "bf16":
        return (bits.astype(np.uint32) << 16).view(np.float32)
    return bits.view(np.float16).astype(np.float32)


class Memory:
    """Bytes from an address on, in which some ranges may be accessed.

    Errors are accesses outside of those, or that are not aligned, and reading
    what nobody has written. Memory starts with a pattern that makes a NaN of
    every type.
    """

    def __init__(self, base, size, name="global", everything=True):
        assert base % 16 == 0
        self.base, self.name = base, name
        size = -(-size // 16) * 16
        self.bytes = np.full(size, 0xFF, np.uint8)
        # Where there is something to access, and where it has a value.
        self.valid = np.full(size, everything)
        self.written = np.full(size, everything)
        self.views = {n: self.bytes.view(f"u{n}") for n in (1, 2, 4, 8)}
        # Grows with every change: what polls need not look before that.
        self.version = 0

    def own(self, start, count, written):
        """Lends `count` bytes from an offset on."""
        self.valid[start : start + count] = True
        self.written[start : start + count] = written

    def at(self, address, count):
        return self.bytes[self.places(np.array([address]), count)[0]]

    def fail(self, what, address):
        end = self.base + self.bytes.size
        raise PtxError(
            f"{what} at {int(address):#x} of {self.name} memory "
            f"({self.base:#x} to {end:#x})"
        )

    def offsets(self, addresses, count, alignment=None):
        """Where in `bytes` the `count` bytes of each address start."""
        offsets = addresses.astype(np.int64) - self.base
        low = offsets < 0
        wrong = low | (offsets + count > self.bytes.size)
        if wrong.any():
            self.fail(f"{count} bytes out of bounds", addresses[wrong][0])
        wrong = offsets % (alignment or count) != 0
        if wrong.any():
            self.fail(f"{count} bytes, not aligned,", addresses[wrong][0])
        return offsets

    def places(self, addresses, count):
        return self.offsets(addresses, count)[:, None] + np.arange(count)

    def check(self, offsets, count, flags, what):
        """That flags hold for bytes, of which only some in each 4 are looked at."""
        step = min(4, count)
        ends = offsets[:, None] + np.arange(step - 1, count, step)
        good = flags[ends] & flags[ends - (step - 1)]
        if not good.all():
            where = ends[~good][0] - (step - 1)
            self.fail(what, where + self.base)

    def read(self, addresses, count, kind, alignment=None, may_be_garbage=False):
        """A row for each address."""
        offsets = self.offsets(addresses, count, alignment)
        self.check(offsets, count, self.valid, "a read of what nobody owns")
        if not may_be_garbage:
            self.check(offsets, count, self.written, "a read of what nobody wrote")
        unit = min(count, 4)
        found = self.views[unit][(offsets // unit)[:, None] + np.arange(count // unit)]
        return found.view(kind)

    def write(self, addresses, values, alignment=None):
        """A row of values for each address."""
        values = np.ascontiguousarray(values)
        count = values.shape[1] * values.itemsize
        offsets = self.offsets(addresses, count, alignment)
        self.check(offsets, count, self.valid, "a write to what nobody owns")
        unit = min(count, 4)
        places = (offsets // unit)[:, None] + np.arange(count // unit)
        self.views[unit][places] = values.view(f"u{unit}")
        self.written.reshape(-1, unit)[places] = True
        self.version += 1
