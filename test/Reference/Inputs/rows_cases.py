"""Random gathers, sums and merges of rows by number, with their definitions in numpy.

Arrays are float64 whose numbers are those of their element type; row numbers are int32.
"""

import random
from dataclasses import dataclass, field

import numpy as np
from merge_cases import NEG_INF, TOLERANCE, from_bits
from merge_cases import to_bits as float_bits

OPERATIONS = "gather_rows", "sum_rows", "merge", "hash_rows"


def to_bits(x: np.ndarray, element: str) -> np.ndarray:
    """The array as .npy files and memory hold it."""
    if element == "i32":
        # What is not written yet is no number of a row.
        return np.nan_to_num(x, nan=-7).astype(np.int32)
    return float_bits(x, element)


@dataclass
class Case:
    """An operation on rows. `elements` are those of the sources of a gather; of a sum,
    of its source, and of `unit_rms_of` and `add`, where those are not empty; of a
    merge, of its parts; of hashes, of rows and vectors, of which a set has
    `source_length`."""

    operation: str
    layout: str
    batch: int
    heads: int
    length: int
    source_length: int
    width: int
    terms: int
    elements: list[str]
    out: str
    #: Of a gather, the sources whose rows get a root mean square of 1.
    marks: list[bool] = field(default_factory=list)
    lse: bool = False
    epsilon: float = 1e-24
    seed: int = 0

    @staticmethod
    def draw(rng: random.Random, is_gpu: bool) -> "Case":
        half = rng.choice(["f16", "bf16"])
        kinds = rng.choice([["f32"], [half], [half, "f32"]])
        widths = [8, 16, 24, 64, 80, 128, 256, 264, 512]
        layouts = ["bhnd", "bnhd", "hbnd"]
        if not is_gpu:
            layouts = ["bhnd", "bnhd", "bhdn", "dnbh"]
            widths += [1, 5, 33]
        operation = rng.choice(OPERATIONS)
        count = {"gather_rows": rng.choice([1, 2, 3, 5]), "sum_rows": 3, "merge": 1}
        elements = [rng.choice(kinds) for _ in range(count.get(operation, 1))]
        if operation == "sum_rows":
            elements[1:] = [x if rng.random() < 0.6 else "" for x in elements[1:]]
        width, source_length = rng.choice(widths), rng.choice([1, 2, 9, 64, 150])
        if operation == "hash_rows":
            elements = [half if is_gpu else elements[0]] * 2
            width, source_length = min(width, 256), rng.choice([1, 4, 24, 128, 300])
        return Case(
            operation=operation,
            layout=rng.choice(layouts),
            batch=rng.randint(1, 3),
            heads=rng.randint(1, 4),
            length=rng.choice([1, 2, 7, 33, 64, 65, 100]),
            source_length=source_length,
            width=width,
            terms=rng.choice([1, 2, 3, 4, 5, 8, 16]),
            elements=elements,
            out=rng.choice([elements[0], "f32"]),
            marks=[rng.random() < 0.5 for _ in elements],
            lse=rng.random() < 0.7,
            epsilon=rng.choice([1e-24, 1e-6, 0.25]),
            seed=rng.randrange(2**32),
        )

    def __str__(self) -> str:
        return (
            f"{self.operation} of {'+'.join(self.elements)} into {self.out}, "
            f"{self.layout} {self.batch}x{self.heads}x{self.length}x{self.width}, "
            f"{self.terms} of {self.source_length} rows, {self.marks}, epsilon "
            f"{self.epsilon}, {'with' if self.lse else 'without'} lse, seed {self.seed}"
        )

    # Names are those that launches have.

    @property
    def inputs(self) -> dict[str, str]:
        """The elements of what is read, by name, in order."""
        if self.operation == "gather_rows":
            names = {f"x{i}": e for i, e in enumerate(self.elements)}
            return names | {"rows": "i32"}
        if self.operation == "merge":
            return {"o0": self.elements[0], "lse0": "f32", "rows": "i32"}
        if self.operation == "hash_rows":
            return dict(zip("xw", self.elements, strict=True))
        names = {"x": self.elements[0], "rows": "i32"}
        more = zip(("of", "add"), self.elements[1:], strict=True)
        return names | {n: e for n, e in more if e}

    @property
    def outputs(self) -> dict[str, str]:
        if self.operation == "gather_rows":
            return {f"o{i}": e for i, e in enumerate(self.elements)}
        if self.operation == "hash_rows":
            return {"o": "i32"}
        lse = {"lse": "f32"} if self.operation == "merge" and self.lse else {}
        return {"o": self.out} | lse

    def dims(self, name: str) -> dict[str, int]:
        """The sizes of an array by dimension."""
        sources = {"x", "o0", "lse0"} if self.operation != "gather_rows" else set()
        is_source = name in sources or name[0] == "x"
        sizes = {"b": self.batch, "h": self.heads, "n": self.length, "d": self.width}
        if self.operation == "hash_rows":
            if name == "w":
                sizes |= {"b": 1, "h": self.terms, "n": self.source_length}
            elif name == "o":
                sizes["d"] = self.terms
            return {d: sizes[d] for d in self.layout}
        if is_source:
            sizes["n"] = self.source_length
        if name == "rows" and self.operation != "gather_rows":
            sizes["d"] = self.terms
        elif name == "rows" or "lse" in name:
            del sizes["d"]
        return {d: sizes[d] for d in self.layout if d in sizes}

    def sizes(self, name: str) -> tuple[int, ...]:
        return tuple(self.dims(name).values())

    def type(self, name: str, element: str) -> str:
        static = "bhd" if name == "w" else "hd"
        sizes = (str(n) if d in static else "?" for d, n in self.dims(name).items())
        return f"tensor<{'x'.join(sizes)}x{element}>"

    def ir(self, name: str = "rows") -> str:
        """A function on all inputs and outputs."""
        both = *self.inputs.items(), *self.outputs.items()
        types = {n: self.type(n, e) for n, e in both}

        def group(start: str, *names: str) -> str:
            values = ", ".join(f"%{n}" for n in names)
            return f"{start}({values} : {', '.join(types[n] for n in names)})"

        attributes = [f'layout = "{self.layout}"']
        if self.operation in ("gather_rows", "sum_rows"):
            attributes.append(f"epsilon = {self.epsilon:e} : f32")
        ins = [n for n in self.inputs if n[0] == "x" or n == "o0"]
        clauses = [group("ins", *ins)]
        if self.operation == "merge":
            clauses.append(group("lses", "lse0"))
        if self.operation == "hash_rows":
            clauses.append(group("vectors", "w"))
        else:
            clauses.append(group("rows", "rows"))
        for operand, clause in (("of", "unit_rms_of"), ("add", "add")):
            if operand in self.inputs:
                clauses.append(group(clause, operand))
        clauses.append(group("outs", *self.outputs))
        if self.operation == "gather_rows" and any(self.marks):
            marks = ", ".join(str(x).lower() for x in self.marks)
            attributes.append(f"unit_rms = array<i1: {marks}>")
        arguments = ", ".join(f"%{n}: {t}" for n, t in types.items())
        results = ", ".join(types[n] for n in self.outputs)
        count = len(self.outputs)
        values = ", ".join(f"%r#{i}" for i in range(count)) if count > 1 else "%r"
        return (
            f"func.func @{name}({arguments}) -> ({results}) {{\n"
            f"  %r{f':{count}' if count > 1 else ''} = spattn.{self.operation}\n    "
            + "\n    ".join(clauses)
            + f" {{{', '.join(attributes)}}}\n"
            f"  return {values} : {results}\n}}\n"
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """What is read. Empty parts hold NaN, and some numbers are of no row."""
        rng = np.random.default_rng(self.seed)
        arrays = {}
        for name, element in self.inputs.items():
            sizes = self.sizes(name)
            if name == "rows":
                x = rng.integers(0, max(self.source_length, 1), sizes)
                none = rng.choice([-1, self.source_length, 2**31 - 1, -(2**31)], sizes)
                arrays[name] = np.where(rng.random(sizes) < 0.2, none, x)
                continue
            x = rng.standard_normal(sizes)
            if name == "lse0":
                x = x * 3 + 10
                x[rng.random(sizes) < 0.3] = NEG_INF
            arrays[name] = from_bits(to_bits(x, element))
        if self.operation == "hash_rows":
            # A row of zeros, whose products are all alike.
            first = [slice(None)] * 4
            first[self.layout.index("n")] = 0
            arrays["x"][tuple(first)] = 0
        if self.operation == "merge":
            empty = np.expand_dims(arrays["lse0"], self.layout.index("d")) == NEG_INF
            arrays["o0"][np.broadcast_to(empty, arrays["o0"].shape)] = np.nan
        return arrays

    def _ordered(self, x: np.ndarray, name: str) -> np.ndarray:
        """The array in the order bhnd."""
        dims = "".join(self.dims(name))
        return x.transpose([dims.index(d) for d in "bhnd" if d in dims])

    def expected(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given = {n: self._ordered(x, n) for n, x in arrays.items()}
        if self.operation == "hash_rows":
            y = np.einsum("bhnd,pkd->bhnpk", given["x"], given["w"][0])
            return {"o": np.concatenate([y, -y], -1)}
        numbers = given["rows"].astype(np.int64)
        if self.operation == "gather_rows":
            numbers = numbers[..., None]
        none = (numbers < 0) | (numbers >= self.source_length)
        batch, head = np.ogrid[: self.batch, : self.heads]
        at = batch[..., None, None], head[..., None, None], np.where(none, 0, numbers)

        def rows_of(name: str) -> np.ndarray:
            """Of each number, b h n p d."""
            return np.where(none[..., None], 0, safe(given[name])[at])

        def safe(source: np.ndarray) -> np.ndarray:
            """With a row, if it has none."""
            rows = [(0, 0)] * source.ndim
            rows[2] = (0, not self.source_length)
            return np.pad(source, rows)

        def rms(x: np.ndarray) -> np.ndarray:
            epsilon = float(np.float32(self.epsilon))
            return np.sqrt((x**2).mean(-1, keepdims=True) + epsilon)

        found = {}
        if self.operation == "gather_rows":
            for i, mark in enumerate(self.marks):
                x = rows_of(f"x{i}")[..., 0, :]
                found[f"o{i}"] = x / rms(x) if mark else x
        elif self.operation == "sum_rows":
            total = rows_of("x").sum(-2)
            if "of" in given:
                unit = given["of"] / rms(given["of"])
                mean = (unit * total).mean(-1, keepdims=True)
                total = (total - mean * unit) / rms(given["of"])
            found["o"] = total + given.get("add", 0)
        else:
            lses = np.where(none, NEG_INF, safe(given["lse0"])[at])
            with np.errstate(divide="ignore"):
                lse = np.logaddexp.reduce(lses, axis=-1)
            finite = np.where(lse == NEG_INF, 0, lse)
            weights = np.exp(lses - finite[..., None])[..., None]
            found["o"] = np.where(weights == 0, 0, weights * rows_of("o0")).sum(-2)
            found["lse"] = lse
        return {n: self._back(found[n], n) for n in self.outputs}

    def _back(self, x: np.ndarray, name: str) -> np.ndarray:
        dims = [d for d in "bhnd" if d in self.dims(name)]
        return x.transpose([dims.index(d) for d in self.dims(name)])

    def check(self, name: str, got: np.ndarray, want: np.ndarray) -> str:
        """What is wrong with an output, if anything."""
        if self.operation == "hash_rows":
            return self._check_hashes(self._ordered(got, name).astype(int), want)
        allowed = TOLERANCE[self.outputs[name]] * (
            1 + np.abs(np.nan_to_num(want, neginf=0))
        )
        if self.operation == "sum_rows" and "of" in self.inputs:
            # A factor of small rows is large, of all columns.
            allowed = allowed * (1 + np.abs(want).max(initial=0))
        if self.operation == "gather_rows" and not self.marks[int(name[1:])]:
            allowed = 0
        with np.errstate(invalid="ignore"):
            wrong = ~((got == want) | (np.abs(got - want) <= allowed))
        if not wrong.any():
            return ""
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        return (
            f"{int(wrong.sum())} of {wrong.size} elements of {name} are wrong; that at "
            f"{at} is {got[at]}, not {want[at]}"
        )

    def _check_hashes(self, got: np.ndarray, products: np.ndarray) -> str:
        """That products of the numbers are the largest, up to rounding, and the first
        of equal ones."""
        count = products.shape[-1]
        if not count:
            return "" if not got.any() else "hashes by no vectors that are not 0"
        if ((got < 0) | (got >= count)).any():
            return f"a hash that is no number of {count}: {got.min()} to {got.max()}"
        largest = products.max(-1)
        found = np.take_along_axis(products, got[..., None], -1)[..., 0]
        wrong = found < largest - 1e-3 * np.abs(largest) - 1e-5
        wrong |= (largest == 0) & (got != 0)
        if not wrong.any():
            return ""
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        return (
            f"{int(wrong.sum())} of {wrong.size} hashes are wrong; that at {at} is "
            + (f"{got[at]} with {found[at]}, less than {largest[at]}")
        )
