# Part of the spattn project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs random programs around attention, and compares them with NumPy.

programs.py SPATTN_RUN FOLDER [--count=N] [--seed=N]

A program is a function of tensors, in static single assignment: each operation
makes a new value, whatever buffers it is compiled to. Attention writes to
anything, operands included; its results are sliced, inserted, added, cast,
passed to functions, chosen and looped over; any values are returned.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import numpy as np

BATCH, HEADS, LENGTH, DIM = 1, 2, 10, 8
SHAPE = (BATCH, HEADS, LENGTH, DIM)
STRUCTURES = {
    "#spattn.causal": lambda i, j: j <= i,
    "#spattn.full": lambda i, j: i == i,
    "#spattn.window<left = 3, right = 0>": lambda i, j: (j <= i) & (i - j <= 3),
    # Rows without a key are zeros.
    "#spattn.distances<4 to 7>": lambda i, j: (i - j >= 4) & (i - j < 7),
}


def attention(structure, q, k, v):
    i = np.arange(q.shape[2])[:, None]
    j = np.arange(k.shape[2])[None]
    allowed = STRUCTURES[structure](i, j) & (i >= 0)
    scores = np.einsum("bhid,bhjd->bhij", q, k) / np.sqrt(q.shape[3])
    p = np.where(allowed, np.exp(scores), 0)
    total = p.sum(-1, keepdims=True)
    return np.einsum("bhij,bhjd->bhid", p / np.where(total > 0, total, 1), v)


def text_of(shape):
    return "tensor<" + "x".join(map(str, shape)) + "xf32>"


class Value:
    def __init__(self, name, array, type=None):
        self.name, self.array = name, array
        self.type = type or text_of(array.shape)


class Program:
    """Text and meaning, side by side."""

    def __init__(self, rng):
        self.rng = rng
        self.functions = []
        self.lines = []
        self.counter = 0
        self.indent = "  "

    def fresh(self):
        self.counter += 1
        return f"%x{self.counter}"

    def emit(self, line):
        self.lines.append(self.indent + line)

    def pick(self, scope, shape=SHAPE):
        return self.rng.choice([v for v in scope if v.type == text_of(shape)])

    def attend(self, q, k, v, out):
        structure = self.rng.choice(list(STRUCTURES))
        name = self.fresh()
        self.emit(
            f"{name} = spattn.attention structure({structure})"
            f" ins({q.name}, {k.name}, {v.name}"
            f" : {q.type}, {k.type}, {v.type}) outs({out.name} : {out.type})"
        )
        return Value(name, attention(structure, q.array, k.array, v.array))

    def attention(self, scope):
        return self.attend(*(self.pick(scope) for _ in range(4)))

    def split(self, scope):
        """Attentions to two ranges of the keys, merged into anything."""
        structure = self.rng.choice(list(STRUCTURES))
        q, k, v, out = (self.pick(scope) for _ in range(4))
        numbers = text_of(SHAPE[:3])
        names = []
        for keys in ("0 to 4", "4 to inf"):
            empty, lse, name = self.fresh(), self.fresh(), self.fresh()
            self.emit(f"{empty} = tensor.empty() : {q.type}")
            self.emit(f"{lse} = tensor.empty() : {numbers}")
            part = f"#spattn.intersection<{structure}, #spattn.keys<{keys}>>"
            self.emit(
                f"{name}:2 = spattn.attention structure({part})"
                f" ins({q.name}, {k.name}, {v.name} : {q.type}, {k.type}, {v.type})"
                f" outs({empty}, {lse} : {q.type}, {numbers})"
            )
            names.append(name)
        outputs, lses = (", ".join(f"{n}#{i}" for n in names) for i in (0, 1))
        name = self.fresh()
        self.emit(
            f"{name} = spattn.merge ins({outputs} : {q.type}, {q.type})"
            f" lses({lses} : {numbers}, {numbers}) outs({out.name} : {out.type})"
        )
        return Value(name, attention(structure, q.array, k.array, v.array))

    def fill(self, scope):
        name = self.fresh()
        self.emit(f"{name} = arith.constant dense<0.5> : {text_of(SHAPE)}")
        return Value(name, np.full(SHAPE, 0.5))

    def into_empty(self, scope):
        name = self.fresh()
        self.emit(f"{name} = tensor.empty() : {text_of(SHAPE)}")
        out = Value(name, np.zeros(SHAPE))
        return self.attend(*(self.pick(scope) for _ in range(3)), out)

    def add(self, scope):
        a, b = self.pick(scope), self.pick(scope)
        name = self.fresh()
        self.emit(f"{name} = arith.addf {a.name}, {b.name} : {a.type}")
        return Value(name, (a.array + b.array) / 1)

    def blend(self, scope):
        """Half of a tensor, attended, in place of that of another one."""
        shape = (BATCH, 1, LENGTH, DIM)
        source, into = self.pick(scope), self.pick(scope)
        h, g = self.rng.randrange(HEADS), self.rng.randrange(HEADS)
        part = self.fresh()
        sizes = ", ".join(map(str, shape))
        self.emit(
            f"{part} = tensor.extract_slice {source.name}[0, {h}, 0, 0]"
            f" [{sizes}] [1, 1, 1, 1]"
            f" : {source.type} to {text_of(shape)}"
        )
        value = Value(part, source.array[:, h : h + 1])
        if self.rng.random() < 0.7:
            value = self.attend(value, value, value, value)
        name = self.fresh()
        self.emit(
            f"{name} = tensor.insert_slice {value.name} into {into.name}[0, {g}, 0, 0]"
            f" [{sizes}]"
            f" [1, 1, 1, 1] : {text_of(shape)} into {into.type}"
        )
        result = into.array.copy()
        result[:, g : g + 1] = value.array
        return Value(name, result)

    def cast(self, scope):
        a = self.pick(scope)
        dynamic = "tensor<?x2x?x8xf32>"
        there, attended, back = self.fresh(), self.fresh(), self.fresh()
        self.emit(f"{there} = tensor.cast {a.name} : {a.type} to {dynamic}")
        self.emit(
            f"{attended} = spattn.attention structure(#spattn.causal)"
            f" ins({there}, {there}, {there}"
            f" : {dynamic}, {dynamic}, {dynamic}) outs({there} : {dynamic})"
        )
        self.emit(f"{back} = tensor.cast {attended} : {dynamic} to {a.type}")
        return Value(back, attention("#spattn.causal", a.array, a.array, a.array))

    def nested(self, scope):
        """A few operations in a region; what they make."""
        indent, self.indent = self.indent, self.indent + "  "
        scope = list(scope)
        for _ in range(self.rng.randint(0, 2)):
            scope.append(self.step(scope, depth=1))
        result = self.pick(scope[-3:]) if self.rng.random() < 0.7 else self.pick(scope)
        self.indent = indent
        return result

    def choose(self, scope):
        """A branch taken at run time."""
        name, index = self.fresh(), self.fresh()
        condition, zero = self.fresh(), self.fresh()
        taken = self.rng.random() < 0.5
        self.emit(f"{index} = arith.constant 0 : index")
        self.emit(
            f"{zero} = tensor.dim {self.pick(scope).name}, {index} : {text_of(SHAPE)}"
        )
        self.emit(
            f"{condition} = arith.cmpi {'ne' if taken else 'eq'}, {zero},"
            f" {index} : index"
        )
        self.emit(f"{name} = scf.if {condition} -> ({text_of(SHAPE)}) {{")
        yes = self.nested(scope)
        self.emit(f"  scf.yield {yes.name} : {yes.type}")
        self.emit("} else {")
        no = self.nested(scope)
        self.emit(f"  scf.yield {no.name} : {no.type}")
        self.emit("}")
        return Value(name, yes.array if taken else no.array)

    def loop(self, scope):
        """Attention over what the iteration before made."""
        name, acc, low, high, one = (self.fresh() for _ in range(5))
        first = self.pick(scope)
        for constant, number in ((low, 0), (high, 3), (one, 1)):
            self.emit(f"{constant} = arith.constant {number} : index")
        self.emit(
            f"{name} = scf.for %i{name[1:]} = {low} to {high} step {one}"
            f" iter_args({acc} = {first.name}) -> ({first.type}) {{"
        )
        others = [self.pick(scope) for _ in range(3)]
        start = len(self.lines)
        state = self.rng.getstate(), self.counter
        array = first.array
        # The same text for each iteration, with the numbers of its own.
        for _ in range(3):
            del self.lines[start:]
            self.rng.setstate(state[0])
            self.counter = state[1]
            indent, self.indent = self.indent, self.indent + "  "
            inner = [Value(acc, array)] + others
            for _ in range(self.rng.randint(1, 2)):
                inner.append(self.step(inner, depth=2))
            result = inner[-1]
            self.emit(f"scf.yield {result.name} : {result.type}")
            self.indent = indent
            array = result.array
        self.emit("}")
        return Value(name, array)

    def heads(self, scope):
        """Each head by an iteration of its own, in parallel."""
        shape = (BATCH, 1, LENGTH, DIM)
        sizes = ", ".join(map(str, shape))
        source, into = self.pick(scope), self.pick(scope)
        name, acc, part, out, h = (self.fresh() for _ in range(5))
        self.emit(
            f"{name} = scf.forall ({h}) in ({HEADS}) shared_outs({acc} = {into.name})"
            f" -> ({into.type}) {{"
        )
        for slice_, of in ((part, source.name), (out, acc)):
            self.emit(
                f"  {slice_} = tensor.extract_slice {of}[0, {h}, 0, 0]"
                f" [{sizes}] [1, 1, 1, 1]"
                f" : {into.type} to {text_of(shape)}"
            )
        indent, self.indent = self.indent, self.indent + "  "
        piece = Value(part, source.array)
        result = self.attend(
            piece, piece, piece, Value(out, into.array, text_of(shape))
        )
        self.lines[-1] = self.lines[-1].replace(text_of(SHAPE), text_of(shape))
        self.indent = indent
        self.emit("  scf.forall.in_parallel {")
        self.emit(
            f"    tensor.parallel_insert_slice {result.name} into {acc}[0, {h}, 0, 0]"
            f" [{sizes}]"
            f" [1, 1, 1, 1] : {text_of(shape)} into {into.type}"
        )
        self.emit("  }")
        self.emit("}")
        return Value(name, result.array)

    def call(self, scope):
        """A function of two tensors, which may return what it was given."""
        arguments = [self.pick(scope) for _ in range(2)]
        callee = f"@callee{len(self.functions)}"
        self.functions.append(None)
        place = len(self.functions) - 1
        lines, self.lines = self.lines, []
        indent, self.indent = self.indent, "  "
        inner = [Value(f"%a{i}", a.array) for i, a in enumerate(arguments)]
        for _ in range(self.rng.randint(1, 2)):
            inner.append(self.step(inner, depth=1))
        returned = [inner[-1], self.rng.choice(inner)]
        types = ", ".join(v.type for v in returned)
        self.emit(f"return {', '.join(v.name for v in returned)} : {types}")
        signature = ", ".join(f"%a{i}: {a.type}" for i, a in enumerate(arguments))
        self.functions[place] = "\n".join(
            [
                f"func.func private {callee}({signature}) -> ({types}) {{",
                *self.lines,
                "}",
            ]
        )
        self.lines, self.indent = lines, indent
        name = self.fresh()
        self.emit(
            f"{name}:2 = func.call {callee}({', '.join(a.name for a in arguments)})"
            f" : ({', '.join(a.type for a in arguments)}) -> ({types})"
        )
        number = self.rng.randrange(2)
        return Value(f"{name}#{number}", returned[number].array)

    def step(self, scope, depth=0):
        kinds = [self.attention] * 3 + [
            self.into_empty,
            self.add,
            self.blend,
            self.cast,
            self.fill,
            self.split,
        ]
        if depth < 1:
            kinds += [self.choose, self.loop, self.heads, self.call, self.call]
        return self.rng.choice(kinds)(scope)

    def make(self):
        arrays = np.random.default_rng(self.rng.randrange(2**32))
        arguments = [
            Value(f"%a{i}", arrays.standard_normal(SHAPE).astype(np.float32))
            for i in range(3)
        ]
        scope = list(arguments)
        for _ in range(self.rng.randint(1, 5)):
            scope.append(self.step(scope))
        returned = [self.rng.choice(scope) for _ in range(self.rng.randint(0, 2))] + [
            scope[-1]
        ]
        self.rng.shuffle(returned)
        if self.rng.random() < 0.3:
            name, shape = self.fresh(), (BATCH, HEADS, 1, DIM)
            value = returned[0]
            self.emit(
                f"{name} = tensor.extract_slice {value.name}[0, 0, {LENGTH - 1}, 0]"
                f" [{', '.join(map(str, shape))}] [1, 1, 1, 1] :"
                f" {value.type} to {text_of(shape)}"
            )
            returned[0] = Value(name, value.array[:, :, LENGTH - 1 :])
        types = ", ".join(v.type for v in returned)
        # Each is read, so that the tool takes it for an input.
        self.emit(f"return {', '.join(v.name for v in returned)} : {types}")
        signature = ", ".join(f"{a.name}: {a.type}" for a in arguments)
        body = "\n".join(
            [f"func.func @f({signature}) -> ({types}) {{", *self.lines, "}"]
        )
        return "\n".join([*self.functions, body, ""]), arguments, returned


def is_destination(text, name):
    """Whether the tool makes an argument itself: it is written, never read."""
    body = text[text.index("func.func @f") :].split("\n", 1)[1]
    words = (
        body.replace("(", " ( ")
        .replace(")", " ) ")
        .replace(",", " ")
        .replace("[", " [")
        .split()
    )
    uses = [
        i
        for i, word in enumerate(words)
        if word == name and words[i - 1] != "tensor.dim"
    ]
    outs = [i for i in uses if words[i - 2 : i] == ["outs", "("]]
    return bool(outs) and len(outs) == len(uses)


def run(spattn_run, folder, seed):
    """What is wrong with a program, or nothing."""
    text, arguments, returned = Program(random.Random(seed)).make()
    path = folder / f"{seed}.mlir"
    path.write_text(text)
    command = [spattn_run, str(path), "--entry=f", "--check=0", "--device=cpu"]
    for argument in arguments:
        if not is_destination(text, argument.name):
            file = folder / f"{argument.name[1:]}.npy"
            np.save(file, argument.array)
            command.append(f"--input={file}")
    outputs = [folder / f"r{i}.npy" for i in range(len(returned))]
    command += [f"--output={file}" for file in outputs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return f"status {done.returncode}: {done.stderr.strip()}"
    for i, (file, value) in enumerate(zip(outputs, returned, strict=True)):
        actual = np.load(file)
        if actual.shape != value.array.shape:
            return f"result {i} has shape {actual.shape}, expected {value.array.shape}"
        error = np.abs(actual - value.array).max() / max(1, np.abs(value.array).max())
        if not error < 1e-5:
            return f"result {i} has error {error}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("spattn_run")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        if message := run(options.spattn_run, options.folder, seed):
            failed += 1
            print(f"{options.folder / str(seed)}.mlir: {message}", file=sys.stderr)
    print(f"{options.count - failed} of {options.count} programs agree")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
