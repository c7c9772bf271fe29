"""What PTX instructions compute, on NumPy arrays of a value for each thread."""

import numpy as np
from ptx_memory import narrow, widen
from ptx_parser import PtxError

I64, U64, U32 = np.int64, np.uint64, np.uint32


def dtype_of(kind):
    """Of a PTX type: u32, s64, f32, b16, ..."""
    letter = {"b": "u", "u": "u", "s": "i", "f": "f"}[kind[0]]
    return np.dtype(f"{letter}{int(kind[1:]) // 8}")


def wide(x):
    """In twice as many bits."""
    return x.astype(f"{x.dtype.kind}{2 * x.dtype.itemsize}")


def mul_wide(a, b):
    return wide(a) * wide(b)


def mul_hi(a, b):
    if a.dtype.itemsize < 8:
        return wide(a) * wide(b) >> (8 * a.dtype.itemsize)
    # By halves: there are no 128 bits.
    low = U64(0xFFFFFFFF)
    ua, ub, half = a.view(U64), b.view(U64), U64(32)
    ah, al, bh, bl = ua >> half, ua & low, ub >> half, ub & low
    middle = ah * bl + (al * bl >> half)
    other = al * bh + (middle & low)
    high = ah * bh + (middle >> half) + (other >> half)
    if a.dtype.kind == "i":
        high = high - np.where(a < 0, ub, U64(0)) - np.where(b < 0, ua, U64(0))
        return high.view(I64)
    return high


def mad_wide(a, b, c):
    return mul_wide(a, b) + c


def mad_hi(a, b, c):
    return mul_hi(a, b) + c


def mad_lo(a, b, c):
    return a * b + c


def check_divisor(b):
    if (np.asarray(b) == 0).any():
        raise PtxError("an integer is divided by 0")


def divide(a, b):
    """Rounded towards 0."""
    check_divisor(b)
    quotient = a // b
    if a.dtype.kind == "i":
        quotient = quotient + ((a % b != 0) & ((a < 0) != (b < 0)))
    return quotient


def remainder(a, b):
    check_divisor(b)
    return np.fmod(a, b)


def shl(a, b):
    bits = 8 * a.dtype.itemsize
    amount = np.minimum(b, bits - 1).astype(a.dtype)
    return np.where(b < bits, a << amount, a.dtype.type(0))


def shr(a, b):
    """The sign fills what a shift of a signed number frees, zeros otherwise."""
    bits = 8 * a.dtype.itemsize
    shifted = a >> np.minimum(b, bits - 1).astype(a.dtype)
    if a.dtype.kind == "i":
        return shifted
    return np.where(b < bits, shifted, a.dtype.type(0))


def funnel(a, b, c, left, wraps):
    """Of the 64 bits b:a."""
    amount = (c & U32(31)) if wraps else np.minimum(c, U32(32))
    both = b.astype(U64) << U64(32) | a.astype(U64)
    amount = np.asarray(amount).astype(U64)
    return (both << amount >> U64(32)) if left else both >> amount


def extract_bits(a, b, c):
    """bfe: `c` bits from bit `b` on, with the sign of the last if signed."""
    bits = 8 * a.dtype.itemsize
    position, count = b & U32(0xFF), c & U32(0xFF)
    raw = a.view(f"u{a.dtype.itemsize}")
    raw = shr(raw, position)
    keep = low_bits(count, a.dtype.itemsize)
    if a.dtype.kind == "u":
        return raw & keep
    last = np.clip(position.astype(I64) + count - 1, None, bits - 1)
    sign = (a.astype(I64) >> np.maximum(last, 0)) & 1
    sign = np.where(count == 0, 0, sign).astype(bool)
    return np.where(sign, raw | ~keep, raw & keep).view(a.dtype)


def low_bits(count, size):
    """As many ones."""
    one = np.dtype(f"u{size}").type(1)
    count = np.asarray(count)
    return np.where(
        count < 8 * size, shl(np.full(count.shape, one), count) - one, ~(one - one)
    )


def insert_bits(a, b, c, d):
    """bfi: the low `d` bits of `a` into `b`, from bit `c` on."""
    position, count = c & U32(0xFF), d & U32(0xFF)
    mask = shl(low_bits(count, a.dtype.itemsize), position)
    return b & ~mask | shl(a, position) & mask


def bit_mask(a, b, clamps):
    """bmsk: `b` ones from bit `a` on."""
    if not clamps:
        a, b = a & U32(31), b & U32(31)
    return shl(low_bits(b, 4), a)


def reverse_bits(a):
    data = np.ascontiguousarray(a).view(np.uint8).reshape(len(a), -1)
    bits = np.unpackbits(data, axis=1, bitorder="little")[:, ::-1]
    return np.packbits(bits, axis=1, bitorder="little").view(a.dtype).ravel()


def highest_bit(a):
    """Of the highest one, or -1."""
    bits = np.full(a.shape, -1, I64)
    rest = a.astype(U64)
    for step in (32, 16, 8, 4, 2, 1):
        more = rest >> U64(step) != 0
        bits = np.where(more, bits + step, bits)
        rest = np.where(more, rest >> U64(step), rest)
    return bits + (a != 0)


def count_leading_zeros(a):
    return 8 * a.dtype.itemsize - 1 - highest_bit(a)


def find_bit(a, shift_amount):
    """bfind: the highest bit that differs from the sign."""
    if a.dtype.kind == "i":
        a = np.where(a < 0, ~a, a)
    found = highest_bit(a.view(f"u{a.dtype.itemsize}"))
    if shift_amount:
        found = np.where(found < 0, found, 8 * a.dtype.itemsize - 1 - found)
    return found.astype(np.int32).view(U32)


def permute_bytes(a, b, c):
    both = b.astype(U64) << U64(32) | a.astype(U64)
    result = np.zeros(np.broadcast(a, b, c).shape, U32)
    for i in range(4):
        which = c.astype(U64) >> U64(4 * i) & U64(0xF)
        byte = both >> (which & U64(7)) * U64(8) & U64(0xFF)
        byte = np.where(which & U64(8), np.where(byte & U64(0x80), 0xFF, 0), byte)
        result |= byte.astype(U32) << U32(8 * i)
    return result


def logic3(a, b, c, table):
    result = np.zeros(np.broadcast(a, b, c).shape, a.dtype)
    for i in range(8):
        if table >> i & 1:
            terms = (x if i >> s & 1 else ~x for x, s in ((a, 2), (b, 1), (c, 0)))
            p, q, r = terms
            result |= p & q & r
    return result


def fused(a, b, c):
    """The product of f32 is exact in f64."""
    return (a.astype(np.float64) * b + c).astype(np.float32)


COMPARISONS = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lo": np.less,
    "ls": np.less_equal,
    "hi": np.greater,
    "hs": np.greater_equal,
}


def compare(how, a, b):
    """NaN compares false, but true for the forms that end in u."""
    if how in COMPARISONS:
        result = COMPARISONS[how](a, b)
        # `ne` of floats is false for NaN.
        if how == "ne" and np.asarray(a).dtype.kind == "f":
            result &= ~(np.isnan(a) | np.isnan(b))
        return result
    unordered = np.isnan(a) | np.isnan(b)
    if how in ("num", "nan"):
        return unordered == (how == "nan")
    return COMPARISONS[how[:-1]](a, b) | unordered


ROUND_TO_INTEGER = {
    "rzi": np.trunc,
    "rni": np.rint,
    "rmi": np.floor,
    "rpi": np.ceil,
}


def as_float(x, kind):
    """x has bits of as many as the kind."""
    if kind in ("f16", "bf16"):
        return widen(x, kind)
    return x.view(dtype_of(kind))


def convert(x, to, kind, mods):
    """cvt: what lands in a register of its own width, as bits."""
    integer_to, integer_from = to[0] in "us", kind[0] in "us"
    rounding = next((ROUND_TO_INTEGER[m] for m in mods if m in ROUND_TO_INTEGER), None)
    if integer_from:
        value = x.astype(dtype_of(kind))
    else:
        value = as_float(x, kind)
        if rounding:
            value = rounding(value)
        if "sat" in mods and not integer_to:
            value = np.fmin(np.fmax(value, 0), 1)
    if integer_to:
        target = dtype_of(to)
        if integer_from and "sat" not in mods:
            return value.astype(target)
        limits = np.iinfo(target)
        if integer_from:
            exact = value.astype(object)
            return np.array(
                [min(max(v, limits.min), limits.max) for v in exact], target
            )
        # 2^63 - 1 is no float: clip before the cast, above by comparison.
        value = np.where(np.isnan(value), 0, value).astype(np.float64)
        clipped = np.clip(value, float(limits.min), None)
        above = clipped >= float(limits.max)
        return np.where(above, limits.max, np.where(above, 0, clipped).astype(target))
    if to in ("f16", "bf16"):
        return narrow(value.astype(np.float32), to)
    return value.astype(dtype_of(to))


def pack_floats(high, low, element):
    return narrow(high, element).astype(U32) << U32(16) | narrow(low, element)
