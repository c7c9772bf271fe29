"""Turns basic blocks of PTX into Python functions that NumPy runs.

A function gets a group of threads `g`, with a list of arrays for each register
file, and the machine `m` for what is more than arithmetic. An instruction or
modifier that is not known here is an error, when the kernel is read.
"""

import re
from dataclasses import dataclass

import numpy as np
import ptx_arithmetic as arithmetic
from ptx_parser import Instruction, Parsed, PtxError, group

# Names of arrays by register file and type.
ARRAYS = {
    "U": {"u": "U", "b": "U", "s": "S", "f": "F"},
    "L": {"u": "L", "b": "L", "s": "I", "f": "D"},
    "H": {"u": "H", "b": "H", "s": "J"},
}
VIEWS = {"U": "UuSiFf", "L": "LuIiDf", "H": "HuJi"}
WIDTH = {"U": 32, "L": 64, "H": 16}

FLOAT_MODS = {"rn", "ftz", "approx", "full"}
# For each instruction the NumPy function and the modifiers that change nothing.
UFUNCS = {
    "add": (np.add, FLOAT_MODS),
    "sub": (np.subtract, FLOAT_MODS),
    "and": (np.bitwise_and, set()),
    "or": (np.bitwise_or, set()),
    "xor": (np.bitwise_xor, set()),
    "not": (np.bitwise_not, set()),
    "neg": (np.negative, {"ftz"}),
    "abs": (np.abs, {"ftz"}),
    "sqrt": (np.sqrt, FLOAT_MODS),
    "ex2": (np.exp2, FLOAT_MODS),
    "lg2": (np.log2, FLOAT_MODS),
    "tanh": (np.tanh, FLOAT_MODS),
}
PLAIN = {
    "bfi": arithmetic.insert_bits,
    "brev": arithmetic.reverse_bits,
    "clz": arithmetic.count_leading_zeros,
    "popc": np.bitwise_count,
    "prmt": arithmetic.permute_bytes,
}
# Registers of shifts and of positions in words have 32 bits.
SHIFTS = {"shl": arithmetic.shl, "shr": arithmetic.shr, "bfe": arithmetic.extract_bits}
PRODUCTS = {
    ("mul", "hi"): arithmetic.mul_hi,
    ("mul", "wide"): arithmetic.mul_wide,
    ("mad", "hi"): arithmetic.mad_hi,
    ("mad", "wide"): arithmetic.mad_wide,
    ("mad", "lo"): arithmetic.mad_lo,
}
IGNORED = ("fence.mbarrier_init", "fence.acq_rel", "fence.sc", "membar", "nanosleep")
IGNORED += ("griddepcontrol", "prefetch", "pragma")


@dataclass
class Product:
    """A wgmma: its registers by number, and what its text says of the operands."""

    columns: int
    element: str
    target: np.ndarray
    # None if it is in shared memory.
    lhs: np.ndarray | None = None
    signs: tuple = (1, 1)
    transposed: tuple = (0, 0)


class Code:
    """The functions of a kernel's blocks, and which registers each touches."""

    def __init__(self, parsed: Parsed, symbols: dict[str, int]):
        self.parsed, self.symbols = parsed, symbols
        self.constants = {
            "np": np,
            "copyto": np.copyto,
            "where": np.where,
            **{f.__name__: f for f, _ in UFUNCS.values()},
            "multiply": np.multiply,
        }
        lines = []
        self.touched, self.written, self.products = [], [], {}
        for block in parsed.blocks:
            self.registers = {file: set() for file in ("P", "H", "U", "L")}
            self.writes, body = set(), []
            for instruction in block.instructions:
                try:
                    self.block = block.number
                    body += self.lower(instruction)
                except (PtxError, KeyError, ValueError, IndexError) as error:
                    raise PtxError(
                        f"unknown instruction, {instruction}: {error}"
                    ) from error
            lines.append(f"def block{block.number}(g, m):")
            arrays = sorted(set(re.findall(r"\b([PHJUSFLID])\[", "\n".join(body))))
            lines += [f"    {a} = g.{a}" for a in arrays]
            lines += [f"    {line}" for line in body] + ["    return"]
            self.written.append(frozenset(self.writes))
            self.touched.append({f: sorted(r) for f, r in self.registers.items()})
        self.touched_set = [frozenset(t["U"]) for t in self.touched]
        exec(compile("\n".join(lines), parsed.name, "exec"), self.constants)
        self.functions = [
            self.constants[f"block{i}"] for i in range(len(parsed.blocks))
        ]

    # Operands.

    def constant(self, value):
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def register(self, text, scopes):
        found = self.parsed.register(text, scopes)
        if found:
            self.registers[found[0]].add(found[1])
        return found

    def value(self, text, kind, scopes):
        """A register as an array, or a number."""
        found = self.register(text, scopes)
        if found:
            file, number = found
            if file == "P":
                if kind != "pred":
                    raise PtxError(f"{text} is a predicate")
                return f"P[{number}]"
            if kind == "pred":
                raise PtxError(f"{text} is no predicate")
            if WIDTH[file] != int(re.sub(r"\D", "", kind)):
                raise PtxError(f"{text} has {WIDTH[file]} bits, not {kind}")
            return f"{ARRAYS[file][kind[0]]}[{number}]"
        if text == "%tid.x":
            return "g.thread"
        if text in ("%ctaid.x", "%nctaid.x", "%ntid.x", "%laneid"):
            return "m." + text[1:].replace(".", "_") if text != "%laneid" else "g.lane"
        if kind == "pred":
            return self.constant(np.bool_(int(text)))
        dtype = arithmetic.dtype_of(kind)
        if text.startswith("0f"):
            bits = np.uint32(int(text[2:], 16))
            return self.constant(bits.view(dtype))
        if text.startswith("0d"):
            return self.constant(np.uint64(int(text[2:], 16)).view(dtype))
        symbol = re.fullmatch(r"([$\w]+)(?:\+(-?\d+))?", text)
        if symbol and symbol[1] in self.symbols:
            number = self.symbols[symbol[1]] + int(symbol[2] or 0)
        else:
            number = int(text, 0)
        bits = np.array(number % (1 << 8 * dtype.itemsize), f"u{dtype.itemsize}")
        if dtype.kind == "f":
            return self.constant(bits.view(dtype)[()])
        return self.constant(bits.view(dtype)[()])

    def address(self, text, scopes):
        """Of a memory operand: 64 bits for each thread."""
        inside = text.strip("[]").strip()
        match = re.fullmatch(r"(%?[$\w.]+?)(?:\s*\+\s*(-?\d+))?", inside)
        name, offset = match[1], int(match[2] or 0)
        found = self.register(name, scopes)
        if not found:
            number = self.symbols[name] if name in self.symbols else int(name, 0)
            return f"m.fill(g, {number + offset})"
        file, number = found
        if file == "U":
            base = f"U[{number}]"
            if offset:
                base = f"({base} + {self.constant(np.uint32(offset % 2**32))})"
            return f"{base}.astype(np.int64)"
        return f"(I[{number}] + {offset})" if offset else f"I[{number}]"

    def mask(self, i: Instruction):
        if not i.predicate:
            return None
        name = i.predicate.strip("!")
        text = self.value(name, "pred", i.scopes)
        return f"~{text}" if i.predicate.startswith("!") else text

    def result(self, text, kind, scopes, is_move=False):
        """A register that is written. Those of copies alone change no value."""
        found = self.parsed.register(text, scopes)
        if not found:
            raise PtxError(f"{text} is no register")
        if found[0] == "U" and not is_move:
            self.writes.add(found[1])
        return self.value(text, kind, scopes)

    def put(self, i, expression, kind, is_move=False):
        out = self.result(i.operands[0], kind, i.scopes, is_move)
        where = self.mask(i)
        where = f", where={where}" if where else ""
        return [f"copyto({out}, {expression}, casting='unsafe'{where})"]

    def call(self, i, function, kinds, result, first=1):
        """A function of ours, of the operands from `first` on."""
        name = self.constant(function)
        values = [
            self.lift(self.value(text, kind, i.scopes))
            for text, kind in zip(i.operands[first:], kinds, strict=True)
        ]
        return self.put(i, f"{name}({', '.join(values)})", result)

    def lift(self, value):
        """Constants as arrays, for functions that look at types and shapes."""
        if value.startswith(("c", "m.")):
            return f"np.atleast_1d({value})"
        return value

    # Instructions.

    def lower(self, i: Instruction):
        parts = i.op.split(".")
        name, mods, kind = parts[0], parts[1:-1], parts[-1]
        if i.is_branch:
            return self.lower_branch(i, name)
        if i.op.startswith(IGNORED):
            return []
        special = getattr(self, "lower_" + name, None)
        if special:
            return special(i, parts)
        if name in UFUNCS:
            function, allowed = UFUNCS[name]
            self.allow(mods, allowed)
            return self.ufunc(i, function, kind)
        if name in PLAIN:
            self.allow(mods, set())
            kinds = [kind] * (len(i.operands) - 1)
            if name == "bfi":
                kinds[2:] = ["u32", "u32"]
            result = "b32" if name in ("clz", "popc") else kind
            return self.call(i, PLAIN[name], kinds, result)
        if name in SHIFTS:
            self.allow(mods, set())
            kinds = [kind] + ["u32"] * (len(i.operands) - 2)
            kinds[0] = kind.replace("b", "u")
            return self.call(i, SHIFTS[name], kinds, kind)
        raise PtxError("not emulated")

    @staticmethod
    def allow(mods, allowed):
        if set(mods) - set(allowed):
            raise PtxError(f"modifiers {sorted(set(mods) - set(allowed))}")

    def ufunc(self, i, function, kind):
        values = [self.value(text, kind, i.scopes) for text in i.operands[1:]]
        out = self.result(i.operands[0], kind, i.scopes)
        where = self.mask(i)
        where = f", where={where}" if where else ""
        return [f"{function.__name__}({', '.join(values)}, out={out}{where})"]

    def lower_branch(self, i, name):
        if name == "bra":
            self.mask(i)
        elif name == "brx":
            self.value(i.operands[0], "u32", i.scopes)
        return []

    def lower_mul(self, i, parts):
        kind, mods = parts[-1], parts[1:-1]
        if kind.startswith("f"):
            self.allow(mods, FLOAT_MODS)
            return self.ufunc(i, np.multiply, kind)
        if mods == ["lo"]:
            return self.ufunc(i, np.multiply, kind)
        return self.lower_product(i, "mul", mods, kind)

    def lower_mad(self, i, parts):
        if parts[-1].startswith("f"):
            return self.lower_fma(i, parts)
        return self.lower_product(i, "mad", parts[1:-1], parts[-1])

    def lower_product(self, i, name, mods, kind):
        (form,) = mods
        double = f"{kind[0]}{2 * int(kind[1:])}" if form == "wide" else kind
        kinds = [kind, kind, double][: len(i.operands) - 1]
        return self.call(i, PRODUCTS[name, form], kinds, double)

    def lower_fma(self, i, parts):
        self.allow(parts[1:-1], {"rn", "ftz"})
        if parts[-1] != "f32":
            raise PtxError("of f32 only")
        return self.call(i, arithmetic.fused, ["f32"] * 3, "f32")

    def lower_div(self, i, parts):
        kind = parts[-1]
        if kind.startswith("f"):
            self.allow(parts[1:-1], FLOAT_MODS)
            return self.ufunc(i, self.known(np.divide), kind)
        self.allow(parts[1:-1], set())
        return self.call(i, arithmetic.divide, [kind] * 2, kind)

    def lower_rem(self, i, parts):
        self.allow(parts[1:-1], set())
        return self.call(i, arithmetic.remainder, [parts[-1]] * 2, parts[-1])

    def known(self, function):
        self.constants[function.__name__] = function
        return function

    def lower_rcp(self, i, parts):
        self.allow(parts[1:-1], FLOAT_MODS)
        return self.ufunc(i, self.known(np.reciprocal), parts[-1])

    def lower_rsqrt(self, i, parts):
        self.allow(parts[1:-1], FLOAT_MODS)
        return self.call(i, lambda x: 1 / np.sqrt(x), [parts[-1]], parts[-1])

    def lower_min(self, i, parts):
        kind, mods = parts[-1], parts[1:-1]
        self.allow(mods, {"ftz", "NaN"} if kind[0] == "f" else {"relu"})
        functions = {
            "min": (np.fmin, np.minimum),
            "max": (np.fmax, np.maximum),
        }[parts[0]]
        function = functions["NaN" in mods or kind[0] != "f"]
        if "relu" in mods:
            if kind != "s32":
                raise PtxError("not emulated")
            return self.call(
                i, lambda a, b: np.maximum(function(a, b), 0), [kind] * 2, kind
            )
        return self.ufunc(i, self.known(function), kind)

    lower_max = lower_min

    def lower_not(self, i, parts):
        if parts[-1] == "pred":
            return self.ufunc(i, self.known(np.logical_not), "pred")
        return self.ufunc(i, np.bitwise_not, parts[-1])

    def lower_shf(self, i, parts):
        _, side, form, _ = parts

        def function(a, b, c):
            return arithmetic.funnel(a, b, c, side == "l", form == "wrap")

        return self.call(i, function, ["u32"] * 3, "u32")

    def lower_bmsk(self, i, parts):
        clamps = {"clamp": True, "wrap": False}[parts[1]]

        def function(a, b):
            return arithmetic.bit_mask(a, b, clamps)

        return self.call(i, function, ["u32"] * 2, "u32")

    def lower_bfind(self, i, parts):
        self.allow(parts[1:-1], {"shiftamt"})
        amount = "shiftamt" in parts

        def function(a):
            return arithmetic.find_bit(a, amount)

        return self.call(i, function, [parts[-1]], "u32")

    def lower_lop3(self, i, parts):
        self.allow(parts[1:-1], set())
        table = int(i.operands[4], 0)

        def function(a, b, c):
            return arithmetic.logic3(a, b, c, table)

        i = Instruction(i.line, i.predicate, i.op, i.operands[:4], i.scopes)
        return self.call(i, function, ["b32"] * 3, "b32")

    def lower_setp(self, i, parts):
        _, how, *mods, kind = parts
        self.allow(mods, {"ftz"})
        if len(i.operands) != 3 or "|" in i.operands[0]:
            raise PtxError("with a second predicate")
        kind = kind.replace("b", "u")

        def function(a, b):
            return arithmetic.compare(how, a, b)

        direct = arithmetic.COMPARISONS.get(how)
        if direct and not (how == "ne" and kind[0] == "f"):
            function = direct
        values = (self.value(text, kind, i.scopes) for text in i.operands[1:])
        name = self.constant(function)
        return self.put(i, f"{name}({', '.join(values)})", "pred")

    def lower_selp(self, i, parts):
        kind = parts[-1]
        a, b = (self.value(text, kind, i.scopes) for text in i.operands[1:3])
        p = self.value(i.operands[3], "pred", i.scopes)
        return self.put(i, f"where({p}, {a}, {b})", kind)

    def lower_mov(self, i, parts):
        self.allow(parts[1:-1], set())
        kind, (target, source) = parts[-1], i.operands
        bits = "" if kind == "pred" else kind[1:]
        if target.startswith("{"):
            names = group(target)
            part = f"b{int(bits) // len(names)}"
            value = self.lift(self.value(source, f"b{bits}", i.scopes))
            view = self.constant(arithmetic.dtype_of(part))
            lines = [f"parts = np.ascontiguousarray({value}).view({view})"]
            for n, name in enumerate(names):
                if name == "_":
                    continue
                one = Instruction(i.line, i.predicate, i.op, [name], i.scopes)
                lines += self.put(one, f"parts[{n}::{len(names)}]", part)
            return lines
        if source.startswith("{"):
            names = group(source)
            width = int(bits) // len(names)
            shift = self.constant(arithmetic.dtype_of(kind).type)
            terms = []
            for n, name in enumerate(names):
                value = self.lift(self.value(name, f"u{width}", i.scopes))
                amount = self.constant(arithmetic.dtype_of(f"u{bits}").type(n * width))
                terms.append(f"({value}.astype({shift}) << {amount})")
            return self.put(i, " | ".join(terms), f"u{bits}")
        value = self.value(source, kind, i.scopes)
        return self.put(i, value, kind, is_move=self.parsed.register(source, i.scopes))

    def lower_cvta(self, i, parts):
        # Addresses of shared memory are small numbers, those of parameters, too,
        # and no two spaces overlap: every address is generic as it is.
        if parts[-1] not in ("u64", "u32"):
            raise PtxError("not emulated")
        return self.put(i, self.value(i.operands[1], parts[-1], i.scopes), parts[-1])

    def lower_cvt(self, i, parts):
        mods, to, kind = parts[1:-2], parts[-2], parts[-1]
        allowed = {"rn", "ftz", "sat", *arithmetic.ROUND_TO_INTEGER}
        self.allow(mods, allowed)
        if to.endswith("x2"):
            element = to.removesuffix("x2")

            def pack(high, low):
                return arithmetic.pack_floats(high, low, element)

            if kind != "f32" or "sat" in mods:
                raise PtxError("not emulated")
            return self.call(i, pack, ["f32"] * 2, "b32")
        file = self.register(i.operands[1], i.scopes)
        source = f"u{WIDTH[file[0]]}" if file else kind
        target = f"b{WIDTH[self.register(i.operands[0], i.scopes)[0]]}"

        def function(x):
            result = arithmetic.convert(x, to, kind, mods)
            if result.dtype.kind == "f":
                return result.view(f"u{result.dtype.itemsize}")
            return result

        return self.call(i, function, [source], target)

    # What the machine does.

    def machine(self, i, method, *arguments):
        mask = self.mask(i)
        text = ", ".join([*arguments, f"mask={mask}"] if mask else arguments)
        return [f"m.{method}(g, {text})" if text else f"m.{method}(g)"]

    def values(self, text, kind, scopes, are_results=False):
        names = group(text) if text.startswith("{") else [text]
        get = self.result if are_results else self.value
        return f"[{', '.join(get(n, kind, scopes) for n in names)}]"

    def results(self, text, kind, scopes):
        return self.values(text, kind, scopes, are_results=True)

    def lower_ld(self, i, parts):
        kind, mods = parts[-1], parts[1:-1]
        if mods[0] == "acquire":
            if mods[1:] != ["gpu", "global"]:
                raise PtxError("not emulated")
            if i.predicate:
                raise PtxError("with a predicate")
            out = self.result(i.operands[0], kind, i.scopes)
            return [f"return {out}, {self.address(i.operands[1], i.scopes)}"]
        space, *rest = mods
        self.allow(rest, {"v2", "v4", "nc"})
        # Registers may be wider than what is loaded.
        first = self.parsed.register(group(i.operands[0])[0], i.scopes)
        out = self.results(i.operands[0], f"{kind[0]}{WIDTH[first[0]]}", i.scopes)
        where = self.address(i.operands[1], i.scopes)
        dtype = self.constant(arithmetic.dtype_of(kind))
        return self.machine(i, "load", repr(space), where, out, dtype)

    def lower_st(self, i, parts):
        kind, (space, *rest) = parts[-1], parts[1:-1]
        self.allow(rest, {"v2", "v4"})
        where = self.address(i.operands[0], i.scopes)
        out = self.values(i.operands[1], kind, i.scopes)
        return self.machine(i, "store", repr(space), where, out)

    def lower_atom(self, i, parts):
        return self.lower_atomic(i, parts, 0)

    def lower_red(self, i, parts):
        if parts[1] == "async":
            raise PtxError("not emulated")
        return self.lower_atomic(i, parts, None)

    def lower_atomic(self, i, parts, result):
        kind, mods = parts[-1], list(parts[1:-1])
        mods = [
            m
            for m in mods
            if m
            not in ("relaxed", "acquire", "release", "acq_rel", "gpu", "cta", "global")
        ]
        (operation,) = [m for m in mods if m not in ("v2", "v4")]
        if operation not in ("add", "inc", "min", "max", "and", "or", "exch", "cas"):
            raise PtxError("not emulated")
        operands = list(i.operands)
        out = "None"
        if result is not None:
            out = self.result(operands.pop(0), kind, i.scopes)
        where = self.address(operands[0], i.scopes)
        if operation == "cas":
            operands[1:] = ["{" + ",".join(operands[1:3]) + "}"]
        values = self.values(operands[1], kind, i.scopes)
        return self.machine(i, "atomic", repr(operation), where, values, out)

    def lower_shfl(self, i, parts):
        if parts[1] != "sync" or parts[-1] != "b32" or "|" in i.operands[0]:
            raise PtxError("not emulated")
        self.whole(i.operands[4], i)
        if int(i.operands[3], 0) not in (0x1F, 0):
            raise PtxError("of segments")
        value, lane = (self.value(t, "u32", i.scopes) for t in i.operands[1:3])
        return self.put(i, f"m.shuffle(g, {parts[2]!r}, {value}, {lane})", "b32")

    def whole(self, mask, i):
        """Only masks of whole warps are known."""
        if mask not in ("-1", "0xffffffff", "0xFFFFFFFF"):
            raise PtxError(f"members {mask}")
        if i.predicate:
            raise PtxError("with a predicate")

    def lower_vote(self, i, parts):
        self.whole(i.operands[2], i)
        negate = i.operands[1].startswith("!")
        value = self.value(i.operands[1].strip("!"), "pred", i.scopes)
        value = f"~{value}" if negate else value
        kind = "pred" if parts[-1] == "pred" else "u32"
        return self.put(i, f"m.vote(g, {parts[2]!r}, {value})", kind)

    def lower_redux(self, i, parts):
        self.whole(i.operands[2], i)
        kind = parts[-1]
        value = self.value(i.operands[1], kind, i.scopes)
        return self.put(i, f"m.reduce_warp(g, {parts[2]!r}, {value})", kind)

    def lower_elect(self, i, parts):
        self.whole(i.operands[1], i)
        lane, predicate = i.operands[0].split("|")
        if lane != "_":
            raise PtxError("with a lane")
        one = Instruction(i.line, None, i.op, [predicate], i.scopes)
        return self.put(one, "g.elected", "pred")

    def lower_bar(self, i, parts):
        if i.op == "bar.warp.sync":
            self.whole(i.operands[0], i)
            return []
        if i.op in ("bar.sync", "bar.arrive", "barrier.sync", "barrier.arrive"):
            if i.predicate:
                raise PtxError("with a predicate")
            count = "m.threads"
            if len(i.operands) > 1:
                count = self.value(i.operands[1], "u32", i.scopes)
            return [f"return {self.value(i.operands[0], 'u32', i.scopes)}, {count}"]
        raise PtxError("not emulated")

    lower_barrier = lower_bar

    def lower_setmaxnreg(self, i, parts):
        if parts[1] not in ("inc", "dec") or i.predicate:
            raise PtxError("not emulated")
        return []

    def lower_mbarrier(self, i, parts):
        operands = list(i.operands)
        what = parts[1]
        if what in ("try_wait", "test_wait"):
            if "parity" not in parts or i.predicate:
                raise PtxError("not emulated")
            out = self.value(operands[0], "pred", i.scopes)
            where = self.address(operands[1], i.scopes)
            parity = self.value(operands[2], "u32", i.scopes)
            return [f"return {out}, {where}, {parity}"]
        if what == "init":
            where = self.address(operands[0], i.scopes)
            count = self.value(operands[1], "u32", i.scopes)
            return self.machine(i, "barrier_init", where, count)
        if what == "arrive":
            self.allow(parts[2:-1], {"expect_tx", "shared::cta", "shared"})
            if operands[0] != "_":
                raise PtxError("with a state")
            where = self.address(operands[1], i.scopes)
            expected = "0"
            if "expect_tx" in parts:
                expected = self.value(operands[2], "u32", i.scopes)
            elif len(operands) > 2:
                raise PtxError("with a count")
            return self.machine(i, "barrier_arrive", where, expected)
        if what == "inval":
            return self.machine(i, "barrier_end", self.address(operands[0], i.scopes))
        raise PtxError("not emulated")

    def lower_fence(self, i, parts):
        if i.op in ("fence.proxy.async.shared::cta", "fence.proxy.async"):
            return self.machine(i, "fence_async")
        if i.op == "fence.proxy.async.global":
            return []
        raise PtxError("not emulated")

    def lower_cp(self, i, parts):
        op = i.op
        operands = i.operands
        if op.startswith("cp.async.bulk.commit_group"):
            return self.machine(i, "bulk_commit")
        if op.startswith("cp.async.bulk.wait_group"):
            read = op.endswith(".read")
            return self.machine(i, "bulk_wait", operands[0], str(read))
        if op.startswith("cp.async.mbarrier.arrive.noinc"):
            where = self.address(operands[0], i.scopes)
            return self.machine(i, "barrier_arrive", where, "0")
        if op == "cp.async.cg.shared.global":
            target, source = (self.address(t, i.scopes) for t in operands[:2])
            if operands[2] != "16":
                raise PtxError("not emulated")
            size = operands[3] if len(operands) > 3 else "16"
            size = self.value(size, "u32", i.scopes)
            return self.machine(i, "copy16", target, source, size)
        if ".L2::cache_hint" in op:
            # What stays in a cache changes no result.
            op, operands = op.replace(".L2::cache_hint", ""), operands[:-1]
        if op.startswith("cp.async.bulk.tensor."):
            return self.lower_tensor(i, op, operands)
        arguments = [self.address(t, i.scopes) for t in operands[:2]]
        arguments.append(self.value(operands[2], "u32", i.scopes))
        complete = ".mbarrier::complete_tx::bytes"
        if op == "cp.async.bulk.shared::cluster.global" + complete:
            arguments.append(self.address(operands[3], i.scopes))
            return self.machine(i, "bulk_load", *arguments)
        if op == "cp.async.bulk.global.shared::cta.bulk_group":
            return self.machine(i, "bulk_store", *arguments, "False")
        if op == "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32":
            return self.machine(i, "bulk_store", *arguments, "True")
        raise PtxError("not emulated")

    def tensor_operand(self, text, scopes):
        address, coordinates = re.fullmatch(
            r"\[\s*([^,]+),\s*(\{.*\})\s*\]", text, re.S
        ).groups()
        values = [self.value(c, "s32", scopes) for c in group(coordinates)]
        return self.address(address, scopes), f"[{', '.join(values)}]"

    def lower_tensor(self, i, op, operands):
        rank, rest = re.fullmatch(r"cp\.async\.bulk\.tensor\.(\d)d\.(.*)", op).groups()
        if rest == "shared::cluster.global.mbarrier::complete_tx::bytes":
            target = self.address(operands[0], i.scopes)
            map_at, where = self.tensor_operand(operands[1], i.scopes)
            barrier = self.address(operands[2], i.scopes)
            method, arguments = "tensor_load", [target, map_at, where, barrier]
        elif rest == "global.shared::cta.bulk_group":
            map_at, where = self.tensor_operand(operands[0], i.scopes)
            source = self.address(operands[1], i.scopes)
            method, arguments = "tensor_store", [source, map_at, where]
        else:
            raise PtxError("not emulated")
        if where.count(",") + 1 != int(rank):
            raise PtxError("not as many coordinates")
        return self.machine(i, method, *arguments)

    def lower_ldmatrix(self, i, parts):
        names = group(i.operands[0])
        if parts[1:5] != ["sync", "aligned", "m8n8", f"x{len(names)}"] or i.predicate:
            raise PtxError("not emulated")
        self.allow(parts[5:], {"trans", "shared", "shared::cta", "b16"})
        out = self.results(i.operands[0], "b32", i.scopes)
        where = self.address(i.operands[1], i.scopes)
        return self.machine(i, "load_matrices", where, out, str("trans" in parts))

    def lower_stmatrix(self, i, parts):
        names = group(i.operands[1])
        if parts[1:5] != ["sync", "aligned", "m8n8", f"x{len(names)}"] or i.predicate:
            raise PtxError("not emulated")
        self.allow(parts[5:], {"trans", "shared", "shared::cta", "b16"})
        out = self.values(i.operands[1], "b32", i.scopes)
        where = self.address(i.operands[0], i.scopes)
        return self.machine(i, "store_matrices", where, out, str("trans" in parts))

    def lower_mma(self, i, parts):
        if parts[1:6] != ["sync", "aligned", "m16n8k16", "row", "col"]:
            raise PtxError("not emulated")
        if parts[6] != "f32" or parts[7] != parts[8] or parts[9] != "f32":
            raise PtxError("not emulated")
        d, a, b, c = (
            self.values(text, kind, i.scopes)
            for text, kind in zip(i.operands, ("f32", "b32", "b32", "f32"), strict=True)
        )
        return self.machine(i, "multiply", d, a, b, c, repr(parts[7]))

    def lower_wgmma(self, i, parts):
        if i.predicate:
            raise PtxError("with a predicate")
        if parts[1] in ("fence", "commit_group", "wait_group"):
            return []
        if parts[1:4] != ["mma_async", "sync", "aligned"]:
            raise PtxError("not emulated")
        shape = re.fullmatch(r"m64n(\d+)k16", parts[4])
        if not shape or parts[5] != "f32" or parts[6] != parts[7]:
            raise PtxError("not emulated")
        if parts[6] not in ("bf16", "f16"):
            raise PtxError("not emulated")
        columns = int(shape[1])
        target, lhs, rhs, accumulates, *numbers = i.operands
        numbers = [int(n) for n in numbers]

        def registers(text):
            found = [self.register(name, i.scopes) for name in group(text)]
            if any(r is None or r[0] != "U" for r in found):
                raise PtxError("registers of 32 bits only")
            return np.array([number for _, number in found])

        product = Product(columns, parts[6], registers(target))
        if len(product.target) != columns // 2:
            raise PtxError("not as many registers")
        first = "None"
        if lhs.startswith("{"):
            product.lhs = registers(lhs)
            product.signs, transposed = numbers[:2], numbers[2:]
            product.transposed = [0, *transposed]
        else:
            first = self.value(lhs, "b64", i.scopes)
            product.signs, product.transposed = numbers[:2], numbers[2:]
        if len(product.transposed) != 2 or set(product.signs) - {1, -1}:
            raise PtxError("not as many numbers")
        self.products[self.block] = product
        second = self.value(rhs, "b64", i.scopes)
        return [
            f"return {first}, {second}, {self.value(accumulates, 'pred', i.scopes)}"
        ]
