"""Memory that PTX is emulated on, and elements of 16 bits."""

import numpy as np


def to_bf16_bits(x):
    """The upper halves of f32, rounded to nearest even."""
    bits = np.asarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


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
    """Bytes from an address on. What is written where nobody may is an error."""

    def __init__(self, base, size):
        self.base, self.bytes = base, np.full(size, 0xFF, np.uint8)

    def at(self, address, count):
        return self.bytes[self.places(np.array([address]), count)[0]]

    def places(self, addresses, count):
        """Where in `bytes` the `count` bytes of each address are."""
        offsets = addresses.astype(np.int64) - self.base
        wrong = (offsets % count != 0) | (offsets < 0)
        wrong |= offsets + count > self.bytes.size
        if wrong.any():
            raise IndexError(f"{count} bytes at {int(addresses[wrong][0]):#x}")
        return offsets[:, None] + np.arange(count)

    def read(self, addresses, count, kind):
        """A row for each address."""
        return self.bytes[self.places(addresses, count)].view(kind)

    def write(self, addresses, values):
        data = np.ascontiguousarray(values).view(np.uint8)
        self.bytes[self.places(addresses, data.shape[1])] = data
