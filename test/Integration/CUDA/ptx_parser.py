"""Reads the PTX of a kernel into basic blocks.

Registers get numbers by their type. Names that inline assembly declares within
braces, and its labels, are seen in those braces only.
"""

import re
from dataclasses import dataclass, field

# Register files by the width of a declared type.
FILES = {"pred": "P", "16": "H", "32": "U", "64": "L"}

# Instructions that whole warps execute together.
COLLECTIVE = (
    "shfl",
    "vote",
    "redux",
    "elect",
    "bar",
    "barrier",
    "ldmatrix",
    "stmatrix",
    "mma",
    "wgmma",
    "setmaxnreg",
)
# Instructions that threads may have to wait at, or that change what they may
# touch: each is a block of its own.
GATES = (
    "bar.sync",
    "bar.arrive",
    "barrier.sync",
    "barrier.arrive",
    "mbarrier.try_wait",
    "mbarrier.test_wait",
    "ld.acquire",
    "setmaxnreg",
    "wgmma",
)
BRANCHES = ("bra", "brx", "ret", "exit", "trap")


class PtxError(Exception):
    """What hardware would refuse, hang at, or leave undefined."""


def split(text):
    """Operands: at commas outside of brackets."""
    return [s.strip() for s in re.findall(r"(?:\{[^}]*\}|\[[^\]]*\]|[^,])+", text)]


def group(text):
    return [s.strip() for s in text.strip("{}").split(",")]


@dataclass
class Instruction:
    line: int
    predicate: str | None
    op: str
    operands: list[str]
    # Of the braces that it is in, from the innermost out.
    scopes: tuple[int, ...]

    @property
    def name(self):
        return self.op.split(".")[0]

    @property
    def is_gate(self):
        return self.op.startswith(GATES)

    @property
    def is_branch(self):
        return self.name in BRANCHES

    @property
    def is_collective(self):
        return self.name in COLLECTIVE

    def __str__(self):
        guard = f"@{self.predicate} " if self.predicate else ""
        text = f"{guard}{self.op} {', '.join(self.operands)}"
        return f"line {self.line}: {text if len(text) < 90 else text[:87] + '...'}"


@dataclass
class Block:
    number: int
    instructions: list[Instruction] = field(default_factory=list)

    @property
    def is_collective(self):
        return any(i.is_collective for i in self.instructions)

    @property
    def gate(self):
        first = self.instructions[0] if self.instructions else None
        return first if first is not None and first.is_gate else None

    @property
    def branch(self):
        last = self.instructions[-1] if self.instructions else None
        return last if last is not None and last.is_branch else None


class Parsed:
    """`registers` counts those of each file; `blocks` are in textual order."""

    def __init__(self, ptx: str, name: str):
        entry = re.search(rf"\.entry {name}\((.*?)\n\)(.*?)\n\n\}}", ptx, re.S)
        if not entry:
            raise PtxError(f"there is no kernel {name}")
        self.name = name
        self.parameters = []
        for line in entry[1].strip().split(",\n"):
            size = re.search(r"\[(\d+)\]", line)
            kind = re.search(r"\.[usbf](\d+)", line)
            size = int(size[1]) if size else int(kind[1]) // 8
            found = re.search(rf"{name}_param_\d+", line)[0]
            self.parameters.append((found, size))
        head, body = entry[2].split("\n{", 1)
        limit = re.search(r"\.maxntid (\d+)", head)
        self.max_threads = int(limit[1]) if limit else None
        limit = re.search(r"\.minnctapersm (\d+)", head)
        self.min_blocks = int(limit[1]) if limit else 1
        self.registers = dict.fromkeys(FILES.values(), 0)
        self.names, self.labels, self.tables = {}, {}, {}
        first_line = ptx[: entry.start(2)].count("\n") + head.count("\n") + 2
        instructions = self._read(body, first_line)
        self.blocks = self._split(instructions)
        self.register_counts = [
            int(i.operands[0])
            for i in instructions
            if isinstance(i, Instruction) and i.name == "setmaxnreg"
        ]

    def _read(self, body, line):
        """Instructions and, between them, labels."""
        items, scopes, last_scope = [], (0,), 0
        body = re.sub(r"//.*", "", body)

        def table(match):
            self.tables[match[1]] = split(match[2])
            return "\n" * match[0].count("\n")

        body = re.sub(r"([$\w]+): \.branchtargets([^;]*);", table, body)
        for text in re.split(r"(\n|;)", body):
            if text == "\n":
                line += 1
            text = text.strip()
            if text in ("", ";"):
                continue
            if text == "{":
                last_scope += 1
                scopes = (last_scope, *scopes)
            elif text == "}":
                scopes = scopes[1:]
            elif text.startswith(".reg"):
                self._declare(text, scopes)
            elif label := re.fullmatch(r"([$\w]+):", text):
                items.append((scopes[0], label[1]))
            elif text.startswith("."):
                # What assemblers may make use of.
                if text.startswith((".pragma", ".loc", ".file")):
                    continue
                raise PtxError(f"line {line}: unknown directive {text}")
            else:
                found = re.fullmatch(r"(?:@(!?%?\w+)\s+)?([\w.:]+)\s*(.*)", text, re.S)
                if not found:
                    raise PtxError(f"line {line}: cannot read {text}")
                predicate, op, rest = found.groups()
                items.append(Instruction(line, predicate, op, split(rest), scopes))
        return items

    def _declare(self, text, scopes):
        kind, names = re.fullmatch(r"\.reg\s+\.(\w+)\s+(.*)", text).groups()
        file = FILES[kind if kind == "pred" else re.sub(r"\D", "", kind)]
        for name in names.split(","):
            many = re.fullmatch(r"\s*(%?\w+)<(\d+)>\s*", name)
            each = (
                [f"{many[1]}{i}" for i in range(int(many[2]))]
                if many
                else [name.strip()]
            )
            for one in each:
                self.names[scopes[0], one] = file, self.registers[file]
                self.registers[file] += 1

    def register(self, name, scopes):
        """Its file and number; none if it is no register."""
        for scope in scopes:
            if (scope, name) in self.names:
                return self.names[scope, name]
        return None

    def _split(self, items):
        blocks = [Block(0)]

        def start():
            if blocks[-1].instructions:
                blocks.append(Block(len(blocks)))
            return blocks[-1]

        for item in items:
            if isinstance(item, tuple):
                self.labels[item] = start().number
                continue
            if item.is_gate or item.is_collective and not blocks[-1].is_collective:
                start()
            blocks[-1].instructions.append(item)
            if item.is_gate or item.is_branch:
                blocks.append(Block(len(blocks)))
        return blocks

    def target(self, label, scopes):
        for scope in scopes:
            if (scope, label) in self.labels:
                return self.labels[scope, label]
        raise PtxError(f"there is no label {label}")
