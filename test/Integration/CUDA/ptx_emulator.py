"""Runs PTX of spattn's kernels on NumPy, the blocks of a launch side by side.

What spattn emits for sm_80 and sm_90a, and no timing. Asynchronous work (bulk
copies, wgmma) runs at once or as late as waits allow, and threads in an order
that a seed chooses, so that a wait that is missing gives wrong results. Errors
are, besides instructions that are not known: accesses out of bounds, misaligned,
or of what nobody wrote; whole warps that do not execute together what they must;
barriers that get more arrivals than they count; asynchronous reads of what was
written without a proxy fence; registers that a product in flight uses; register
counts beyond the pool; and threads that wait for ever.
"""

import random

import numpy as np
from ptx_async import BulkGroups, Warpgroup
from ptx_code import Code
from ptx_memory import Memory, narrow, widen  # noqa: F401
from ptx_parser import Parsed, PtxError
from ptx_warp import WarpInstructions

SHARED_BASE = 1024
MEMORY_BASE = 0x7F0000000000
# Above all of shared memory: no two spaces overlap.
PARAMETER_BASE = 0x100000
# Blocks of instructions before another block of threads gets its turn.
QUANTUM = 200
RESIDENT = 4
REGISTERS = 65536


class Kernel:
    def __init__(self, ptx, name):
        self.parsed = Parsed(ptx, name)
        self.parameters = self.parsed.parameters
        self.places, at = [], PARAMETER_BASE
        for _, size in self.parameters:
            # As numbers are aligned, and tensor maps.
            unit = min(size, 64)
            at = -(-at // unit) * unit
            self.places.append(at)
            at += size
        symbols = {"spattn_shared_memory": SHARED_BASE}
        for (parameter, _), place in zip(self.parameters, self.places, strict=True):
            symbols[parameter] = place
        self.code = Code(self.parsed, symbols)


class Group:
    """Threads that execute together: side by side, or any."""

    def __init__(self, machine, threads, touched=None):
        self.tid, self.n = threads, len(threads)
        self.is_slice = touched is None
        self.thread = threads.astype(np.uint32)
        self.lane = self.thread % np.uint32(32)
        self.elected = self.lane == machine.elected
        self.warpgroups = [machine.warpgroups[i] for i in np.unique(threads // 128)]
        self.files = {}
        self.is_whole = self.is_slice and not (threads[0] | self.n) % 32
        for file, dtypes in FILES.items():
            if self.is_slice:
                part = machine.files[file][:, threads[0] : threads[-1] + 1]
                for name, dtype in dtypes.items():
                    setattr(self, name, list(part.view(dtype)))
                continue
            numbers = touched[file]
            part = machine.files[file][np.ix_(numbers, threads)]
            self.files[file] = numbers, part
            for name, dtype in dtypes.items():
                rows = dict(zip(numbers, part.view(dtype), strict=True))
                setattr(self, name, rows)

    def write_back(self, machine):
        for file, (numbers, part) in self.files.items():
            if len(numbers):
                machine.files[file][np.ix_(numbers, self.tid)] = part


FILES = {
    "P": {"P": bool},
    "H": {"H": np.uint16, "J": np.int16},
    "U": {"U": np.uint32, "S": np.int32, "F": np.float32},
    "L": {"L": np.uint64, "I": np.int64, "D": np.float64},
}


class Barrier:
    """An mbarrier."""

    def __init__(self, count):
        self.count = self.pending = count
        self.bytes = self.phase = 0

    def __str__(self):
        return (
            f"phase {self.phase}, {self.pending} of {self.count} arrivals and "
            f"{self.bytes} bytes to come"
        )


class Block(WarpInstructions):
    """A block of threads."""

    def __init__(
        self,
        kernel,
        arguments,
        memory,
        shared_bytes,
        threads=128,
        block=0,
        blocks=1,
        seed=None,
    ):
        assert threads % 32 == 0
        self.kernel, self.memory, self.threads = kernel, memory, threads
        self.code, self.blocks = kernel.code, kernel.parsed.blocks
        limit = kernel.parsed.max_threads
        if limit and threads > limit:
            raise PtxError(f"{threads} threads, with .maxntid {limit}")
        self.number = block
        self.ctaid_x, self.nctaid_x = np.uint32(block), np.uint32(blocks)
        self.ntid_x = np.uint32(threads)
        self.random = None if seed is None else random.Random(f"{seed} {block}")
        self.elected = self.random.randrange(32) if self.random else 0
        self.shared = Memory(SHARED_BASE, shared_bytes, f"block {block}'s shared")
        self.shared.written[:] = False
        # Not numbers, or large ones.
        self.shared.bytes[:] = (
            0x7F if self.random and self.random.random() < 0.5 else 0xFF
        )
        # Which thread wrote 4 bytes without telling the asynchronous proxy.
        self.unfenced = np.zeros(len(self.shared.bytes) // 4, np.int16)
        self.parameters = Memory(PARAMETER_BASE, 4096, "parameter")
        self.maps = {}
        for (name, size), place, value in zip(
            kernel.parameters, kernel.places, arguments, strict=True
        ):
            if not isinstance(value, bytes):
                assert size == 128, name
                self.maps[place] = value
                self.parameters.valid[place - PARAMETER_BASE :][:size] = False
                continue
            assert len(value) == size, name
            self.parameters.bytes[place - PARAMETER_BASE :][:size] = np.frombuffer(
                value, np.uint8
            )
        # Garbage that is NaN, to show registers that are read before written.
        counts, garbage = kernel.parsed.registers, 0x7FF7DEAD7FF7DEAD
        self.files = {
            "P": np.zeros((counts["P"], threads), bool),
            "H": np.full((counts["H"], threads), garbage & 0xFFFF, np.uint16),
            "U": np.full((counts["U"], threads), garbage & 0xFFFFFFFF, np.uint32),
            "L": np.full((counts["L"], threads), garbage, np.uint64),
        }
        self.end = len(self.blocks)
        self.at = np.zeros(threads, np.int64)
        self.parked = np.zeros(threads, bool)
        # What threads are parked for: (kind, number) -> arrays of threads.
        self.waiting = {}
        self.barriers, self.named = {}, {}
        self.polls = {}
        self.events = []
        self.bulk = BulkGroups(self)
        self.warpgroups = [Warpgroup(self, i) for i in range(-(-threads // 128))]
        self.groups = {}
        each = REGISTERS // (threads * kernel.parsed.min_blocks) // 8 * 8
        # ptxas takes all there are, up to the largest number asked for.
        each = min([each, max([0, *kernel.parsed.register_counts])])
        self.each = np.full(len(self.warpgroups), each)
        self.pool = each * len(self.warpgroups)
        self.units = [self.unit_of(b) for b in self.blocks]

    @staticmethod
    def unit_of(block):
        """How many threads must be there together."""
        if block.gate and block.gate.name in ("wgmma", "setmaxnreg"):
            return 128
        return 32 if block.is_collective else 1

    def run(self):
        run_blocks([self], self.memory)

    # Scheduling.

    @property
    def is_done(self):
        return bool((self.at == self.end).all())

    def advance(self, quantum=QUANTUM):
        """Runs until nothing is ready, or for a while; whether anything ran."""
        ran = False
        with np.errstate(all="ignore"):
            while quantum > 0:
                group, number = self.choose()
                if group is None:
                    if not self.events:
                        return ran
                    which = (
                        self.random.randrange(len(self.events)) if self.random else 0
                    )
                    self.events.pop(which)()
                    ran = True
                    continue
                ran = True
                quantum -= self.follow(group, number, quantum)
        return ran

    def choose(self):
        """Threads that are furthest behind: they meet the others where paths join.
        With a seed, any. Those at an instruction for whole warps wait for them.
        """
        ready = ~self.parked & (self.at < self.end)
        if not ready.any():
            return None, None
        places = np.unique(self.at[ready])
        if self.random and self.random.random() < 0.5:
            places = self.random.sample(list(places), len(places))
        for number in places:
            mask = ready & (self.at == number)
            unit = self.units[number]
            if unit > 1:
                whole = mask.reshape(-1, min(unit, self.threads)).all(1)
                mask = whole.repeat(min(unit, self.threads))
            found = np.flatnonzero(mask)
            if len(found):
                return self.group(found, int(number)), int(number)
        return None, None

    def group(self, threads, number):
        count = len(threads)
        if threads[-1] - threads[0] + 1 != count:
            if self.units[number] == 1 and (np.diff(threads)[:31] != 1).any():
                return Group(self, threads, self.code.touched[number])
            # Whole warps that are not side by side: the first that are.
            count = int(np.argmax(np.diff(threads, append=-2) != 1)) + 1
            if self.units[number] == 1 and (threads[0] | count) % 32:
                return Group(self, threads, self.code.touched[number])
        key = int(threads[0]), count
        if key not in self.groups:
            self.groups[key] = Group(self, threads[:count])
        return self.groups[key]

    def follow(self, group, number, quantum):
        """Runs a group until it stops, splits, or may meet others."""
        steps = 0
        while True:
            steps += 1
            try:
                number = self.step(group, number)
            except PtxError as error:
                if not getattr(error, "is_located", False):
                    error = PtxError(f"{error}\n  {self.describe(group, number)}")
                    error.is_located = True
                raise error
            if number is None:
                return steps
            if number == self.end or not group.is_whole or steps >= quantum:
                self.at[group.tid] = number
                return steps
            if self.units[number] == 128 and (group.tid[0] | group.n) % 128:
                self.at[group.tid] = number
                return steps

    def step(self, group, number):
        """Runs a block; the next one if all of the group go there."""
        block = self.blocks[number]
        for warpgroup in group.warpgroups:
            if block.gate is None or block.gate.name != "wgmma":
                warpgroup.check(
                    self.code.touched_set[number], self.code.written[number]
                )
        values = self.code.functions[number](group, self)
        if block.gate:
            passed = getattr(self, "gate_" + block.gate.name)(
                group, number, block.gate, values
            )
            if not group.is_slice:
                group.write_back(self)
            if passed is None:
                return number + 1
            self.at[group.tid] = np.where(passed, number + 1, number)
            return None
        branch = block.branch
        if branch:
            where = self.branch(group, branch, number)
        if not group.is_slice:
            group.write_back(self)
        if not branch:
            return number + 1
        first = where[0]
        if (where == first).all():
            if first == self.end:
                self.leave(group, group.tid)
            return int(first)
        self.leave(group, group.tid[where == self.end])
        self.at[group.tid] = where
        return None

    def branch(self, group, i, number):
        """Where each thread goes."""
        where = np.full(group.n, number + 1)
        if i.name in ("ret", "exit"):
            target = self.end
        elif i.name == "bra":
            target = self.kernel.parsed.target(i.operands[0], i.scopes)
        elif i.name == "brx":
            table = [
                self.kernel.parsed.target(label, i.scopes)
                for label in self.kernel.parsed.tables[i.operands[1]]
            ]
            file, register = self.kernel.parsed.register(i.operands[0], i.scopes)
            index = group.U[register]
            if (index >= len(table)).any():
                raise PtxError(f"a branch to place {index.max()} of {len(table)}")
            target = np.array(table)[index]
        else:
            raise PtxError(f"{i.op} was reached")
        if not i.predicate:
            where[:] = target
            return where
        file, register = self.kernel.parsed.register(i.predicate.strip("!"), i.scopes)
        taken = group.P[register]
        if i.predicate.startswith("!"):
            taken = ~taken
        return np.where(taken, target, where)

    def leave(self, group, threads):
        if not len(threads):
            return
        self.bulk.leave(threads)
        if any(w.in_flight for w in group.warpgroups):
            raise PtxError("a thread returns before it waits for wgmma")

    def describe(self, group, number):
        block = self.blocks[number]
        ends = [str(i) for i in (block.instructions[:1] + block.instructions[-1:])]
        threads = f"{group.tid[0]} to {group.tid[-1]}"
        return (
            f"kernel {self.kernel.parsed.name}, block {self.number}, {group.n} threads "
            f"({threads}), between {' and '.join(ends)}"
        )

    def park(self, threads, kind, number=0):
        self.parked[threads] = True
        self.waiting.setdefault((kind, number), []).append(threads)

    def release(self, kind, number=0):
        for threads in self.waiting.pop((kind, number), ()):
            self.parked[threads] = False

    def defer(self, event):
        """What happens some time, unless it does at once."""
        if self.random is None or self.random.random() < 0.4:
            event()
        else:
            self.events.append(event)

    def explain(self):
        """Which threads wait for what."""
        lines = []
        for (kind, number), arrays in sorted(self.waiting.items()):
            threads = np.unique(np.concatenate(arrays))
            threads = threads[self.parked[threads]]
            if not len(threads):
                continue
            warps = ", ".join(str(w) for w in np.unique(threads // 32))
            what = f"{kind} {number}"
            if kind == "mbarrier":
                what = f"mbarrier at {number - SHARED_BASE}: {self.barriers[number]}"
            elif kind == "barrier":
                count, arrived, _ = self.named[number]
                what = f"barrier {number}: {arrived} of {count} threads are there"
            places = {
                str(self.blocks[n].instructions[0])
                for n in self.at[threads]
                if n < self.end
            }
            lines.append(
                f"warps {warps} wait for {what}; at {'; '.join(sorted(places))}"
            )
        rest = ~self.parked & (self.at < self.end)
        for number in np.unique(self.at[rest]):
            warps = np.unique(np.flatnonzero(rest & (self.at == number)) // 32)
            lines.append(
                f"warps {', '.join(map(str, warps))} wait for the rest of their "
                f"warps or warpgroup at {self.blocks[number].instructions[0]}"
            )
        head = f"block {self.number}:"
        return "\n".join([head, *(f"  {line}" for line in lines)])

    # Where threads wait.

    def gate_mbarrier(self, group, number, i, values):
        out, addresses, parity = values
        parity = np.broadcast_to(parity, group.n)
        done = np.zeros(group.n, bool)
        for address in np.unique(addresses):
            here = addresses == address
            phase = self.barrier(int(address)).phase
            done[here] = phase % 2 != parity[here]
            late = here & ~done
            if late.any():
                self.park(group.tid[late], "mbarrier", int(address))
        np.copyto(out, done)
        return None if done.all() else done

    def gate_bar(self, group, number, i, values):
        """Named barriers: all warps that come say how many threads to expect."""
        numbers, counts = (np.broadcast_to(v, group.n) for v in values)
        self.at[group.tid] = number + 1
        for name in np.unique(numbers):
            if name > 15:
                raise PtxError(f"barrier {name}")
            here = group.tid[numbers == name]
            count = int(counts[numbers == name][0])
            if count % 32 or (counts[numbers == name] != count).any():
                raise PtxError(f"barrier {name} of {count} threads")
            for start in range(0, len(here), 32):
                self.arrive_named(
                    int(name), count, here[start : start + 32], "sync" in i.op
                )
        # All that need not wait are past it.
        if self.parked[group.tid].any():
            return ~np.zeros(group.n, bool)
        return None

    gate_barrier = gate_bar

    def arrive_named(self, name, count, threads, waits):
        expected, arrived, _ = self.named.get(name, (count, 0, None))
        if expected != count:
            raise PtxError(
                f"barrier {name} counts {expected} threads for some and {count} "
                "for others"
            )
        arrived += 32
        if waits:
            self.park(threads, "barrier", name)
        if arrived > count:
            raise PtxError(f"barrier {name} counts {count} threads, {arrived} arrive")
        self.named[name] = count, arrived, None
        if arrived == count:
            del self.named[name]
            self.release("barrier", name)

    def gate_ld(self, group, number, i, values):
        """Polls: those that saw nothing new wait until memory changes."""
        out, addresses = values
        seen = self.polls.setdefault(number, np.full(self.threads, -1))
        idle = seen[group.tid] == self.memory.version
        if idle.any():
            self.park(group.tid[idle], "a change of global memory", 0)
        fresh = ~idle
        if fresh.any():
            found = self.memory.read(addresses[fresh], 4, np.uint32)[:, 0]
            out[fresh] = found
            seen[group.tid[fresh]] = self.memory.version
        return None if fresh.all() else fresh

    def wake_polls(self):
        key = "a change of global memory", 0
        if key in self.waiting:
            latest = max(seen.max() for seen in self.polls.values())
            if latest < self.memory.version:
                self.release(*key)
                return True
        return False

    def gate_setmaxnreg(self, group, number, i, values):
        count = int(i.operands[0])
        if count % 8 or not 24 <= count <= 256:
            raise PtxError(f"{i.op} {count}")
        passed = np.ones(group.n, bool)
        for start in range(0, group.n, 128):
            which = group.tid[start] // 128
            current = self.each[which]
            if ".inc" in i.op:
                if count < current:
                    raise PtxError(f"{i.op} {count} of a warpgroup that has {current}")
                if self.each.sum() - current + count > self.pool:
                    passed[start : start + 128] = False
                    left = self.pool - self.each.sum()
                    what = f"{count - current} registers a thread, {left} are free;"
                    self.park(group.tid[start : start + 128], what)
                    continue
            elif count > current:
                raise PtxError(f"{i.op} {count} of a warpgroup that has {current}")
            self.each[which] = count
            if ".dec" in i.op:
                for kind, name in list(self.waiting):
                    if "registers" in kind:
                        self.release(kind, name)
        return None if passed.all() else passed

    def gate_wgmma(self, group, number, i, values):
        for start in range(0, group.n, 128):
            part = slice(start, start + 128)
            warpgroup = self.warpgroups[group.tid[start] // 128]
            if "fence" in i.op:
                warpgroup.fence()
            elif "commit_group" in i.op:
                warpgroup.commit()
            elif "wait_group" in i.op:
                warpgroup.wait(int(i.operands[0]))
            else:
                warpgroup.start(self.code.products[number], values, part)
        return None

    # Barriers in shared memory.

    def barrier(self, address):
        if address not in self.barriers:
            raise PtxError(
                f"there is no mbarrier at {address - SHARED_BASE} of shared memory"
            )
        return self.barriers[address]

    def barrier_init(self, g, addresses, counts, mask=None):
        counts = np.broadcast_to(counts, g.n)
        for t in np.flatnonzero(mask) if mask is not None else range(g.n):
            address = int(addresses[t])
            offset = int(self.shared.offsets(addresses[t : t + 1], 8)[0])
            if address in self.barriers:
                raise PtxError(f"mbarrier at {offset} is initialized again")
            # Nothing but barrier instructions may access it.
            self.shared.valid[offset : offset + 8] = False
            self.barriers[address] = Barrier(int(counts[t]))

    def barrier_end(self, g, addresses, mask=None):
        for address in addresses if mask is None else addresses[mask]:
            self.barrier(int(address))
            del self.barriers[int(address)]
            offset = int(address) - SHARED_BASE
            self.shared.valid[offset : offset + 8] = True

    def barrier_arrive(self, g, addresses, expected, mask=None):
        expected = np.broadcast_to(expected, g.n)
        for t in np.flatnonzero(mask) if mask is not None else range(g.n):
            address = int(addresses[t])
            barrier = self.barrier(address)
            barrier.bytes += int(expected[t])
            barrier.pending -= 1
            if barrier.pending < 0:
                raise PtxError(
                    f"mbarrier at {address - SHARED_BASE} gets more than its "
                    f"{barrier.count} arrivals"
                )
            self.settle(address, barrier)

    def complete(self, address, count):
        """Bytes of a copy have come."""
        barrier = self.barrier(address)
        barrier.bytes -= count
        self.settle(address, barrier)

    def settle(self, address, barrier):
        if barrier.pending == 0 and barrier.bytes == 0:
            barrier.pending = barrier.count
            barrier.phase += 1
            self.release("mbarrier", address)


def run_blocks(blocks, memory):
    """Blocks of threads, a few side by side, in turns."""
    waiting, running = list(blocks), []
    while waiting or running:
        # Those that are already there stay until they end.
        while waiting and len(running) < RESIDENT:
            block = waiting.pop(0)
            running.append(block() if callable(block) else block)
        moved = False
        for block in list(running):
            block.wake_polls()
            moved |= block.advance()
            if block.is_done:
                finish(block)
                running.remove(block)
                moved = True
        if not moved and not any([b.wake_polls() for b in running]):
            raise PtxError(
                "all threads wait for each other\n"
                + "\n".join(b.explain() for b in running)
            )


def finish(block):
    for event in block.events:
        if not getattr(event, "may_outlive", False):
            raise PtxError(f"a copy is in flight when block {block.number} ends")
        event()
    for name, (count, arrived, _) in block.named.items():
        # An arrival that nobody waits for.
        block.left_over = f"barrier {name}: {arrived} of {count}"


def launch(kernel, arguments, memory, shared, threads, blocks, seed=None, resident=0):
    """All blocks of a launch; the first `resident` run side by side."""

    def make(number):
        return lambda: Block(
            kernel, arguments, memory, shared, threads, number, blocks, seed
        )

    assert resident <= RESIDENT, "blocks that run side by side"
    run_blocks([make(n) for n in range(blocks)], memory)
