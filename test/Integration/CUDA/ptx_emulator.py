"""Runs PTX of small kernels on NumPy, one block of threads at once.

Only what spattn emits for sm_80, and no timing: copies arrive at once. Checks
what hardware may not report: that whole warps run ldmatrix, mma, shfl and vote, that
addresses are aligned and inside the memory given, that barriers get no more
arrivals than they count, and that no thread waits for ever.
"""

import itertools
import re

import numpy as np
from ptx_memory import Memory, narrow, widen

SHARED_BASE = 1024
MEMORY_BASE = 0x7F0000000000
PARAMETER_BASE = 0x4000


def split(text):
    """Operands: at commas outside of brackets."""
    return [s.strip() for s in re.findall(r"(?:\{[^}]*\}|\[[^\]]*\]|[^,])+", text)]


class Kernel:
    def __init__(self, ptx, name):
        entry = re.search(rf"\.entry {name}\((.*?)\n\)(.*?)\n\n\}}", ptx, re.S)
        self.parameters = []
        for line in entry[1].strip().split(",\n"):
            size = re.search(r"\[(\d+)\]", line)
            kind = re.search(r"\.[usbf](\d+)", line)
            size = int(size[1]) if size else int(kind[1]) // 8
            self.parameters.append((re.search(rf"{name}_param_\d+", line)[0], size))
        self.code, self.labels = [], []
        body = re.sub(r"//.*", "", entry[2])
        tables = r"([$\w]+): \.branchtargets([^;]*);"
        self.tables = {name: split(rest) for name, rest in re.findall(tables, body)}
        body = re.sub(tables, "", body)
        for line in re.split(r"[\n;]", body):
            line = line.strip()
            label = re.fullmatch(r"([$\w]+):", line)
            if label:
                self.labels.append((label[1], len(self.code)))
            elif line and line not in "{}" and not line.startswith("."):
                predicate, op, rest = re.fullmatch(
                    r"(?:@(!?%?\w+)\s+)?([\w.:]+)\s*(.*)", line, re.S
                ).groups()
                self.code.append((predicate, op, split(rest)))

    def target(self, label, pc):
        """The last one before, as labels of assembly repeat, or the next."""
        places = [place for name, place in self.labels if name == label]
        before = [place for place in places if place <= pc]
        return before[-1] if before else places[0]


class Block:
    def __init__(
        self, kernel, arguments, memory, shared_bytes, threads=128, block=0, blocks=1
    ):
        self.kernel, self.memory, self.threads = kernel, memory, threads
        self.special = {"%ctaid.x": block, "%nctaid.x": blocks}
        # At a barrier of shared memory, and at a named one.
        self.waiting, self.parked = (np.zeros(threads, bool) for _ in range(2))
        self.shared = Memory(SHARED_BASE, shared_bytes)
        self.parameters = Memory(PARAMETER_BASE, 4096)
        self.symbols = {"tile_shared_memory": SHARED_BASE}
        self.registers, self.barriers, self.named = {}, {}, {}
        at = PARAMETER_BASE
        for (name, size), value in zip(kernel.parameters, arguments, strict=True):
            at = -(-at // 64) * 64
            self.symbols[name] = at
            assert len(value) == size, name
            self.parameters.bytes[at - PARAMETER_BASE :][:size] = np.frombuffer(
                value, np.uint8
            )
            at += size

    # Operands.

    def get(self, text, kind=np.uint64):
        """A value of all threads; registers are kept as 64 bits."""
        if re.fullmatch(r"-?\d+", text):
            number = int(text) & (2**64 - 1)
            return np.full(self.threads, number, np.uint64).astype(kind)
        match = re.fullmatch(r"(%?[$\w.]*)(?:\+(-?\d+))?", text.strip("[]"))
        name, offset = match[1], int(match[2] or 0)
        if name == "%tid.x":
            value = np.arange(self.threads, dtype=np.uint64)
        elif name in self.special:
            value = np.full(self.threads, self.special[name], np.uint64)
        elif name in self.registers:
            value = self.registers[name]
        elif name in self.symbols:
            value = np.full(self.threads, self.symbols[name], np.uint64)
        else:
            assert name.startswith("0f"), text
            value = np.full(self.threads, int(name[2:], 16), np.uint64)
        value = value + np.uint64(offset % 2**64) if offset else value
        if kind == np.float32:
            return value.astype(np.uint32).view(np.float32)
        return value.astype(kind)

    def put(self, name, value, mask):
        value = np.asarray(value)
        if value.dtype == np.float32:
            value = value.view(np.uint32)
        if value.dtype in (np.int32, np.int64):
            value = value.view(f"u{value.dtype.itemsize}")
        if value.dtype != bool:
            value = value.astype(np.uint64)
        old = self.registers.get(name, np.zeros(self.threads, value.dtype))
        self.registers[name] = np.where(mask, value, old)

    @staticmethod
    def group(text):
        return [s.strip() for s in text.strip("{}").split(",")]

    # Running.

    def run(self):
        pcs = np.zeros(self.threads, np.int64)
        end = len(self.kernel.code)
        with np.errstate(all="ignore"):
            while (pcs < end).any():
                pc, mask = self.choose(pcs, end)
                self.step(pc, pcs, end, mask)

    def choose(self, pcs, end):
        """Threads that are furthest behind: they meet the others where paths
        join. Those at an instruction for whole warps wait for their warp.
        """
        ready = (pcs < end) & ~self.waiting & ~self.parked
        for pc in np.unique(pcs[ready]):
            mask = ready & (pcs == pc)
            op = self.kernel.code[pc][1]
            if op.split(".")[0] in ("ldmatrix", "mma", "shfl", "vote", "bar"):
                mask &= mask.reshape(-1, 32).all(1).repeat(32)
            if mask.any():
                return int(pc), mask
        raise AssertionError("all threads wait for each other")

    def step(self, pc, pcs, end, mask):
        predicate, op, operands = self.kernel.code[pc]
        pcs[mask] += 1
        if predicate:
            value = self.registers[predicate.strip("!")]
            mask &= ~value if predicate.startswith("!") else value
        if op == "brx.idx":
            table = self.kernel.tables[operands[1]]
            for number in np.unique(self.get(operands[0])[mask]):
                chosen = mask & (self.get(operands[0]) == number)
                pcs[chosen] = self.kernel.target(table[int(number)], pc)
        elif op.startswith("bra"):
            pcs[mask] = self.kernel.target(operands[0], pc)
        elif op == "ret":
            pcs[mask] = end
        elif op in ("bar.sync", "bar.arrive"):
            self.meet(op, operands, mask)
        elif op == "bar.warp.sync":
            pass
        elif mask.any():
            self.execute(op.split("."), operands, mask)

    def meet(self, op, operands, mask):
        """Named barriers: all warps that come say how many threads to expect."""
        count = int(operands[1])
        for number in np.unique(self.get(operands[0])[mask]):
            here = mask & (self.get(operands[0]) == number)
            expected, arrived, parked = self.named.get(
                number, (count, 0, np.zeros(self.threads, bool))
            )
            assert expected == count, "threads that a barrier waits for"
            assert not (parked & here).any()
            arrived += int(here.sum())
            if op == "bar.sync":
                parked, self.parked = parked | here, self.parked | here
            assert arrived <= count, "threads at a barrier"
            self.named[number] = count, arrived, parked
            if arrived == count:
                self.parked &= ~parked
                del self.named[number]

    def execute(self, op, args, mask):
        name, kind = op[0], op[-1]
        method = getattr(self, "do_" + name, None)
        if method:
            method(op, args, mask)
            return
        width = {"16": np.uint16, "64": np.uint64}.get(kind[1:], np.uint32)
        signed = {np.uint16: np.int16, np.uint32: np.int32, np.uint64: np.int64}[width]
        number = {"f": np.float32, "s": signed}.get(kind[0], width)
        if name == "mul" and op[1] in ("wide", "hi"):
            a, b = (self.get(s, width).astype(np.uint64) for s in args[1:])
            shift = np.uint64(width(0).nbytes * 8 if op[1] == "hi" else 0)
            self.put(args[0], a * b >> shift, mask)
            return
        if kind == "pred" and name == "not":
            self.put(args[0], ~self.registers[args[1]], mask)
            return
        if kind == "pred":
            a, b = (self.registers[s] for s in args[1:])
            self.put(args[0], {"or": a | b, "and": a & b, "xor": a ^ b}[name], mask)
            return
        if name == "mov" and args[0].startswith("{"):
            value, half = self.get(args[1]), np.uint64(width(0).nbytes * 4)
            for i, part in enumerate(self.group(args[0])):
                bits = value >> (half * np.uint64(i))
                self.put(part, bits & np.uint64(2 ** int(half) - 1), mask)
            return
        if name in ("mov", "cvta"):
            self.put(args[0], self.get(args[1], width), mask)
            return
        shift = np.uint64 if name in ("shl", "shr", "bmsk") else number
        values = [self.get(args[1], number)] + [self.get(s, shift) for s in args[2:]]
        a, b, c = (*values, None, None)[:3]
        if name in ("shl", "shr"):
            b = b.astype(number)
        result = {
            "add": lambda: a + b,
            "sub": lambda: a - b,
            "mul": lambda: a * b,
            "mad": lambda: a * b + c,
            "shl": lambda: a << b,
            "shr": lambda: a >> b,
            "and": lambda: a & b,
            "or": lambda: a | b,
            "xor": lambda: a ^ b,
            "bfe": lambda: (a >> b) & ((1 << c) - 1).astype(number),
            "bmsk": lambda: ((np.uint64(1) << b) - np.uint64(1)) << a.astype(np.uint64),
            "div": lambda: a / b if number == np.float32 else a // b,
            "rem": lambda: np.fmod(a, b),
            "not": lambda: ~a,
            "neg": lambda: -a,
            "fma": lambda: (a.astype(float) * b + c).astype(np.float32),
            "popc": lambda: np.bitwise_count(a),
            "clz": lambda: 32 - np.ceil(np.log2(a.astype(float) + 1)),
            "rcp": lambda: 1 / a,
            "lg2": lambda: np.log2(a),
            "min": lambda: np.fmin(a, b),
            "max": lambda: np.fmax(a, b),
            "ex2": lambda: np.exp2(a),
        }[name]()
        self.put(args[0], result.astype(number), mask)

    def do_cvt(self, op, args, mask):
        if op[-2:] == ["f32", "s32"]:
            self.put(args[0], self.get(args[1], np.int32).astype(np.float32), mask)
        elif op[1] == "rn":
            element = op[2].removesuffix("x2")
            high, low = (narrow(self.get(s, np.float32), element) for s in args[1:])
            packed = high.astype(np.uint64) << np.uint64(16) | low
            self.put(args[0], packed, mask)
        elif op[-1] in ("bf16", "f16"):
            assert op[-2] == "f32"
            self.put(args[0], widen(self.get(args[1], np.uint16), op[-1]), mask)
        elif op[-1] == "s32":
            self.put(args[0], self.get(args[1], np.int32).astype(np.int64), mask)
        else:
            assert op[-1] in ("u16", "u32", "u64"), op
            source = np.uint16 if op[-1] == "u16" else np.uint32
            self.put(args[0], self.get(args[1], source), mask)

    def do_setp(self, op, args, mask):
        kind = {"s": "int", "u": "uint", "b": "uint", "f": "float"}[op[-1][0]]
        kind += op[-1][1:]
        a, b = (self.get(s, np.dtype(kind)) for s in args[1:])
        compare = {
            "eq": np.equal,
            "neu": np.not_equal,
            "ne": np.not_equal,
            "lt": np.less,
            "le": np.less_equal,
            "gt": np.greater,
            "ge": np.greater_equal,
        }[op[1]]
        self.put(args[0], compare(a, b), mask)

    def do_selp(self, op, args, mask):
        chosen = self.registers[args[3]]
        value = np.where(chosen, self.get(args[1]), self.get(args[2]))
        self.put(args[0], value, mask)

    def do_ld(self, op, args, mask):
        if op[1] != "param":
            self.access(op, args[0], args[1], mask, is_load=True)
            return
        size = int(op[-1][1:]) // 8
        address = int(self.get(args[1])[mask][0])
        for i, name in enumerate(self.group(args[0])):
            value = self.parameters.at(address + i * size, size)
            number = int.from_bytes(value.tobytes(), "little")
            self.put(name, np.full(self.threads, number, np.uint64), mask)

    def do_st(self, op, args, mask):
        self.access(op, args[1], args[0], mask, is_load=False)

    def access(self, op, values, address, mask, is_load):
        """Loads or stores each thread's values, aligned as a whole."""
        size, names = int(op[-1][1:]) // 8, self.group(values)
        space = op[3] if op[1:3] == ["acquire", "gpu"] else op[1]
        memory = {"shared": self.shared, "global": self.memory}[space]
        kind, addresses = np.dtype(f"uint{8 * size}"), self.get(address)[mask]
        if is_load:
            found = memory.read(addresses, size * len(names), kind)
            for name, column in zip(names, found.T, strict=True):
                value = np.zeros(self.threads, kind)
                value[mask] = column
                self.put(name, value, mask)
        else:
            memory.write(
                addresses, np.stack([self.get(n, kind)[mask] for n in names], 1)
            )

    def do_red(self, op, args, mask):
        assert op[2:5] == ["gpu", "global", "add"]
        forms = {("relaxed", "f32"): np.float32, ("release", "u32"): np.uint32}
        kind = forms[op[1], op[5]]
        self.add(args[0], self.get(args[1], kind), mask)

    def do_atom(self, op, args, mask):
        # Up to a greatest number; this one is never reached.
        assert op[1] in ("relaxed", "acquire")
        assert op[2:] == ["gpu", "inc", "u32"] and args[2] == "-1"
        ones = np.ones(self.threads, np.uint32)
        self.put(args[0], self.add(args[1], ones, mask), mask)

    def add(self, address, values, mask):
        """Adds to memory, one thread after the other; returns what was there."""
        addresses, before = self.get(address), np.zeros_like(values)
        for t in np.flatnonzero(mask):
            place = addresses[t : t + 1]
            before[t] = self.memory.read(place, 4, values.dtype)[0, 0]
            self.memory.write(place, (before[t : t + 1] + values[t : t + 1])[:, None])
        return before

    # Copies and barriers.

    def do_cp(self, op, args, mask):
        if "mbarrier" in op:
            assert "noinc" in op
            self.arrive(args[0], mask)
            return
        assert int(args[2]) == 16
        target, source = self.get(args[0])[mask], self.get(args[1])[mask]
        size = self.get(args[3] if len(args) > 3 else args[2])[mask]
        assert np.isin(size, (0, 16)).all()
        data = np.zeros((len(target), 16), np.uint8)
        data[size > 0] = self.memory.read(source[size > 0], 16, np.uint8)
        self.shared.write(target, data)

    def do_mbarrier(self, op, args, mask):
        if op[1] == "arrive":
            self.arrive(args[1], mask)
            return
        addresses = self.get(args[1] if op[1] == "test_wait" else args[0])
        if op[1] == "init":
            assert mask.sum() == 1
            address = int(addresses[mask][0])
            count = int(self.get(args[1])[0])
            self.shared.at(address, 8)
            self.barriers[address] = [count, count, 0]
            return
        phases = np.zeros(self.threads, np.int64)
        for t in np.flatnonzero(mask):
            phases[t] = self.barriers[int(addresses[t])][2]
        done = phases % 2 != self.get(args[2], np.int64)
        self.put(args[0], done, mask)
        self.waiting |= mask & ~done

    def arrive(self, text, mask):
        for address in self.get(text)[mask]:
            barrier = self.barriers[int(address)]
            barrier[1] -= 1
            assert barrier[1] >= 0
            if barrier[1] == 0:
                self.waiting[:] = False
                barrier[1], barrier[2] = barrier[0], barrier[2] + 1

    # Warps.

    def warps(self, mask):
        return np.flatnonzero(mask.reshape(-1, 32).all(1))

    def do_shfl(self, op, args, mask):
        lanes = np.arange(self.threads)
        if op[2] == "bfly":
            lanes = lanes ^ int(args[2])
        else:
            lanes = lanes // 32 * 32 + int(args[2])
        self.put(args[0], self.get(args[1])[lanes], mask)

    def do_vote(self, op, args, mask):
        warps = (self.registers[args[1]] & mask).reshape(-1, 32)
        if op[1:3] == ["sync", "ballot"]:
            bits = (warps.astype(np.uint64) << np.arange(32, dtype=np.uint64)).sum(1)
            self.put(args[0], bits.astype(np.uint32).repeat(32), mask)
            return
        assert op[1:3] == ["sync", "any"]
        self.put(args[0], warps.any(1).repeat(32), mask)

    def do_ldmatrix(self, op, args, mask):
        names = self.group(args[0])
        assert op[4] == f"x{len(names)}"
        count = len(names)
        lanes = np.arange(self.threads).reshape(-1, 32)[self.warps(mask)]
        addresses = self.get(args[1])[lanes[:, : 8 * count]]
        rows = self.shared.read(addresses.ravel(), 16, np.uint16)
        matrices = rows.reshape(-1, count, 8, 8)
        if "trans" in op:
            matrices = matrices.swapaxes(2, 3)
        pairs = np.ascontiguousarray(matrices).view(np.uint32)
        for i, name in enumerate(names):
            value = np.zeros(self.threads, np.uint32)
            value[lanes] = pairs[:, i].reshape(-1, 32)
            self.put(name, value, mask)

    def do_mma(self, op, args, mask):
        assert op[1:6] == ["sync", "aligned", "m16n8k16", "row", "col"]
        element = op[7]
        d, a, b, c = (self.group(s) for s in args)
        pairs = [
            widen(self.get(r, np.uint32).view(np.uint16), element).reshape(-1, 2)
            for r in a + b
        ]
        sums = [self.get(r, np.float32) for r in c]
        lane = np.arange(32)
        row, column = lane // 4, lane % 4 * 2
        warps = self.warps(mask)
        lanes = np.arange(self.threads).reshape(-1, 32)[warps]
        lhs, rhs, acc = (
            np.zeros((len(warps), *shape), np.float32)
            for shape in ((16, 16), (16, 8), (16, 8))
        )
        for i in range(4):
            acc[:, row + i // 2 * 8, column + i % 2] = sums[i][lanes]
            for e in range(2):
                at = row + i % 2 * 8, column + i // 2 * 8 + e
                lhs[:, at[0], at[1]] = pairs[i][lanes, e]
        for i, e in itertools.product(range(2), range(2)):
            rhs[:, column + i * 8 + e, row] = pairs[4 + i][lanes, e]
        product = acc + lhs @ rhs
        for i, name in enumerate(d):
            value = np.zeros(self.threads, np.float32)
            value[lanes] = product[:, row + i // 2 * 8, column + i % 2]
            self.put(name, value, mask)
