"""Random merges and gradients of merges, with their definitions in numpy.

Arrays are float64 whose numbers are those of their element type.
"""

import random
from dataclasses import dataclass

import numpy as np

#: The relative error that rounding to an element may leave.
TOLERANCE = {"f32": 1e-5, "f16": 2e-3, "bf16": 1.6e-2}
NEG_INF = float("-inf")


def to_bits(x: np.ndarray, element: str) -> np.ndarray:
    """The array as .npy files and memory hold it; bf16 as its bits."""
    if element == "f16":
        return x.astype(np.float16)
    single = x.astype(np.float32)
    if element == "f32":
        return single
    bits = single.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16
    return np.where(np.isnan(single), 0x7FC0, rounded).astype(np.uint16)


def from_bits(x: np.ndarray) -> np.ndarray:
    """The numbers of such an array."""
    if x.dtype == np.uint16:
        x = (x.astype(np.uint32) << 16).view(np.float32)
    return x.astype(np.float64)


@dataclass
class Case:
    """A merge, or its gradients; `elements` are those of the parts."""

    layout: str
    batch: int
    heads: int
    length: int
    width: int
    elements: list[str]
    out: str
    gradients: bool
    lse: bool
    seed: int

    @staticmethod
    def draw(rng: random.Random, is_gpu: bool) -> "Case":
        half = rng.choice(["f16", "bf16"])
        kinds = rng.choice([["f32"], [half], [half, "f32"]])
        widths = [8, 16, 24, 64, 80, 128, 256, 264, 512]
        if is_gpu:
            layouts = ["bhnd", "bnhd", "hbnd"]
            kinds = rng.choice([[half], kinds])
        else:
            layouts = ["bhnd", "bnhd", "bhdn", "dnbh"]
            widths += [1, 5, 33]
        return Case(
            layout=rng.choice(layouts),
            batch=rng.randint(1, 3),
            heads=rng.randint(1, 4),
            length=rng.choice([1, 2, 7, 33, 64, 65, 100]),
            width=rng.choice(widths),
            elements=[
                rng.choice(kinds) for _ in range(rng.choice([1, 2, 3, 4, 7, 16]))
            ],
            out=rng.choice([*kinds, "f32"]),
            gradients=rng.random() < 0.5,
            lse=rng.random() < 0.7,
            seed=rng.randrange(2**32),
        )

    def __str__(self) -> str:
        what = "gradients of a merge" if self.gradients else "merge"
        return (
            f"{what} of {'+'.join(self.elements)} into {self.out}, {self.layout} "
            f"{self.batch}x{self.heads}x{self.length}x{self.width}, "
            f"{'with' if self.lse else 'without'} lse, seed {self.seed}"
        )

    # Names are those that launches have.

    @property
    def inputs(self) -> dict[str, str]:
        """The elements of what is read, by name, in order."""
        names = {f"o{i}": e for i, e in enumerate(self.elements)}
        names |= {f"lse{i}": "f32" for i in range(len(self.elements))}
        if self.gradients:
            names |= {"do": self.out} | ({"dlse": "f32"} if self.lse else {})
        return names

    @property
    def outputs(self) -> dict[str, str]:
        if not self.gradients:
            return {"o": self.out} | ({"lse": "f32"} if self.lse else {})
        names = {f"do{i}": e for i, e in enumerate(self.elements)}
        return names | {f"dlse{i}": "f32" for i in range(len(self.elements))}

    def sizes(self, name: str) -> tuple[int, ...]:
        by_name = dict(
            zip("bhnd", (self.batch, self.heads, self.length, self.width), strict=True)
        )
        return tuple(by_name[d] for d in self.layout if d != "d" or "lse" not in name)

    def type(self, name: str, element: str) -> str:
        static = {"h": self.heads, "d": self.width}
        sizes = (
            str(static.get(d, "?"))
            for d in self.layout
            if d != "d" or "lse" not in name
        )
        return f"tensor<{'x'.join(sizes)}x{element}>"

    def ir(self, name: str = "merge") -> str:
        """A function on all inputs and outputs."""
        types = {
            n: self.type(n, e) for n, e in (*self.inputs.items(), *self.outputs.items())
        }

        def group(start: str, names: list[str]) -> str:
            values = ", ".join(f"%{n}" for n in names)
            return f"{start}({values} : {', '.join(types[n] for n in names)})"

        count = len(self.elements)
        ins, outs = list(self.inputs), list(self.outputs)
        clauses = [group("ins", ins[:count]), group("lses", ins[count : 2 * count])]
        if self.gradients:
            clauses += [group(n.replace("do", "dout"), [n]) for n in ins[2 * count :]]
            clauses += [group("outs", outs[:count]), group("dlses", outs[count:])]
        else:
            clauses.append(group("outs", outs))
        operation = "merge_backward" if self.gradients else "merge"
        arguments = ", ".join(f"%{n}: {t}" for n, t in types.items())
        results = ", ".join(types[n] for n in outs)
        values = ", ".join(f"%r#{i}" for i in range(len(outs)))
        if len(outs) == 1:
            values = "%r"
        return (
            f"func.func @{name}({arguments}) -> ({results}) {{\n"
            f"  %r{f':{len(outs)}' if len(outs) > 1 else ''} = spattn.{operation}\n    "
            + "\n    ".join(clauses)
            + f' {{layout = "{self.layout}"}}\n'
            f"  return {values} : {results}\n}}\n"
        )

    def arrays(self) -> dict[str, np.ndarray]:
        """What is read. Empty parts hold NaN."""
        rng = np.random.default_rng(self.seed)
        arrays = {}
        for name, element in self.inputs.items():
            x = rng.standard_normal(self.sizes(name))
            if name.startswith("lse"):
                x = x * 3 + 10
                x[rng.random(x.shape) < 0.3] = NEG_INF
            arrays[name] = from_bits(to_bits(x, element))
        for i in range(len(self.elements)):
            empty = self.rows(arrays[f"lse{i}"]) == NEG_INF
            arrays[f"o{i}"][np.broadcast_to(empty, arrays[f"o{i}"].shape)] = np.nan
        return arrays

    def rows(self, x: np.ndarray) -> np.ndarray:
        """Numbers of rows with a dimension for the columns."""
        return np.expand_dims(x, self.layout.index("d"))

    def expected(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        count, columns = len(self.elements), self.layout.index("d")
        lses = np.stack([arrays[f"lse{i}"] for i in range(count)])
        with np.errstate(divide="ignore"):
            lse = np.logaddexp.reduce(lses)
        finite = np.where(lse == NEG_INF, 0, lse)
        weights = np.exp(lses - finite)
        parts = [
            np.where(self.rows(weights[i]) == 0, 0, arrays[f"o{i}"])
            for i in range(count)
        ]
        out = sum(self.rows(w) * p for w, p in zip(weights, parts, strict=True))
        if not self.gradients:
            return {"o": out} | ({"lse": lse} if self.lse else {})
        dout = arrays["do"]
        dlse = arrays.get("dlse", 0)
        found = {f"do{i}": self.rows(w) * dout for i, w in enumerate(weights)}
        for i, (w, part) in enumerate(zip(weights, parts, strict=True)):
            found[f"dlse{i}"] = w * ((dout * (part - out)).sum(columns) + dlse)
        return found

    def check(self, name: str, got: np.ndarray, want: np.ndarray) -> str:
        """What is wrong with an output, if anything."""
        element = self.outputs[name]
        # A gradient by a log-sum-exp is a sum of products.
        scale = 4 * np.sqrt(self.width) if "lse" in name and self.gradients else 1
        allowed = TOLERANCE[element] * (scale + np.abs(np.nan_to_num(want, neginf=0)))
        with np.errstate(invalid="ignore"):
            wrong = ~((got == want) | (np.abs(got - want) <= allowed))
        # What is 0 is 0 exactly.
        if self.gradients:
            wrong |= (want == 0) & (got != 0)
        if not wrong.any():
            return ""
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        return (
            f"{int(wrong.sum())} of {wrong.size} elements of {name} are wrong; that at "
            f"{at} is {got[at]}, not {want[at]}"
        )
