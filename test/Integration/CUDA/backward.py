"""Runs the gradient kernels by an emulation of their PTX.

    backward.py FOLDER [--translate SPATTN-TRANSLATE] [--chip CHIP] [--part I/N]

Small lengths, several items for each block, and more tiles than stages; rows
without keys and keys without rows, whose operands hold no numbers.
"""

import math
from dataclasses import dataclass

import numpy as np
from emulation import STRUCTURES, Attention, allowed_pairs, parse_arguments, selected
from ptx_memory import narrow, widen


@dataclass(frozen=True)
class Case:
    dim: int = 64
    value_dim: int = 64
    batch: int = 1
    heads: int = 2
    key_heads: int = 2
    queries: int = 150
    keys: int = 170
    element: str = "bf16"
    # Queries and keys of a tile; none for the default.
    tile_shape: tuple[int, int] | None = None
    options: str = ""
    # Whether there is a gradient by the log-sum-exp.
    dlse: bool = False
    structures: tuple[str, ...] = tuple(STRUCTURES)
    chips: tuple[str, ...] = ("sm_80", "sm_90a")

    @property
    def name(self) -> str:
        """Where it differs from the default."""
        default = vars(Case())
        changed = {k: v for k, v in vars(self).items() if v != default[k]}
        return " ".join(f"{k}={v}" for k, v in changed.items())


CASES = (
    Case(),
    # Gradients that go from one head's item to the next.
    Case(batch=2, heads=4, key_heads=2, element="f16"),
    Case(queries=200, keys=90, options="stages=1 query-stages=1", chips=("sm_80",)),
    # The next queries are awaited before the stage of these is free.
    Case(queries=200, keys=90, options="stages=1 query-stages=2", chips=("sm_90a",)),
    # Two warpgroups that compute, which meet and share a query tile's gradients.
    Case(tile_shape=(128, 128), key_heads=1, options="stages=1"),
    Case(
        tile_shape=(128, 64),
        options="stages=1 query-stages=3",
        structures=("exclusive",),
    ),
    # Three warpgroups that compute, and take turns with gradients of queries.
    Case(tile_shape=(64, 192), queries=210, keys=220, chips=("sm_90a",)),
    Case(
        tile_shape=(64, 128),
        heads=4,
        queries=210,
        keys=220,
        options="deterministic=false stages=1",
        structures=("exclusive",),
        chips=("sm_90a",),
    ),
    # Padded in shared memory, and different for queries and values.
    Case(dim=40, value_dim=72, structures=("window",)),
    Case(dim=128, value_dim=128, queries=100, keys=130, structures=("exclusive",)),
    Case(
        dim=96,
        value_dim=64,
        queries=100,
        keys=130,
        tile_shape=(64, 128),
        options="stages=1",
        structures=("exclusive",),
    ),
    Case(queries=1, keys=1),
    Case(batch=2, heads=4, key_heads=2, dlse=True, structures=("exclusive",)),
    Case(
        queries=200,
        keys=90,
        options="deterministic=true",
        dlse=True,
        structures=("exclusive",),
    ),
    # The gradients of queries by a kernel of their own.
    Case(options="deterministic=true"),
    Case(
        heads=4,
        key_heads=1,
        queries=100,
        keys=130,
        dim=72,
        element="f16",
        options="deterministic=true",
        structures=("exclusive",),
    ),
    # Wide heads: registers do not hold both gradients of a key tile.
    Case(dim=256, value_dim=256, queries=140, keys=130, structures=("window",)),
    Case(
        dim=256,
        value_dim=200,
        heads=4,
        key_heads=2,
        queries=100,
        keys=130,
        element="f16",
        options="deterministic=true",
        structures=("exclusive",),
    ),
    Case(
        dim=192,
        value_dim=128,
        heads=4,
        key_heads=2,
        queries=140,
        keys=130,
        dlse=True,
        structures=("exclusive",),
    ),
    Case(dim=64, value_dim=136, queries=70, keys=90, structures=("window",)),
)


def source(case: Case, structure: str) -> str:
    def tensor(heads, dim):
        return f"tensor<?x{heads}x?x{dim}x{case.element}>"

    q, o = (tensor(case.heads, dim) for dim in (case.dim, case.value_dim))
    k, v = (tensor(case.key_heads, dim) for dim in (case.dim, case.value_dim))
    lse, tiles = f"tensor<?x{case.heads}x?xf32>", ""
    more, clause = "", ""
    if case.dlse:
        more, clause = f" %h: {lse},", f" dlse(%h : {lse})"
    if case.tile_shape:
        queries, keys = case.tile_shape
        tiles = f" {{tile_shape = #spattn.tile_shape<query_tile = {queries}, "
        tiles += f"key_tile = {keys}>}}"
    return f"""
func.func @backward(%q: {q}, %k: {k}, %v: {v}, %o: {o}, %l: {lse}, %g: {o},{more}
                    %dq: {q}, %dk: {k}, %dv: {v}) -> ({q}, {k}, {v}) {{
  %r:3 = spattn.attention_backward structure({STRUCTURES[structure][0]})
           ins(%q, %k, %v, %o, %l, %g : {q}, {k}, {v}, {o}, {lse}, {o}){clause}
           outs(%dq, %dk, %dv : {q}, {k}, {v}){tiles}
  return %r#0, %r#1, %r#2 : {q}, {k}, {v}
}}
"""


class Reference:
    """Attention and its gradients in float64, from the definition."""

    def __init__(self, case: Case, structure: str):
        random = np.random.default_rng(5)

        def operand(heads, length, dim):
            x = random.standard_normal((case.batch, heads, length, dim))
            return widen(narrow(x, case.element), case.element).astype(float)

        self.scale = 1 / math.sqrt(case.dim)
        self.q = operand(case.heads, case.queries, case.dim)
        self.k = operand(case.key_heads, case.keys, case.dim)
        self.v = operand(case.key_heads, case.keys, case.value_dim)
        self.dout = operand(case.heads, case.queries, case.value_dim)
        self.dlse = np.zeros(self.q.shape[:3], np.float32)
        if case.dlse:
            self.dlse = random.standard_normal(self.q.shape[:3], np.float32)
        mask = allowed_pairs(structure, case.heads, case.queries, case.keys)
        group = case.heads // case.key_heads
        k, v = (np.repeat(x, group, 1) for x in (self.k, self.v))
        scores = np.where(mask, self.q @ k.swapaxes(2, 3) * self.scale, -np.inf)
        self.seen = np.broadcast_to(mask.any(2), scores.shape[:3])
        top = np.where(self.seen, scores.max(3), 0)
        total = np.exp(scores - top[..., None]).sum(3)
        self.lse = np.where(self.seen, np.log(np.where(self.seen, total, 1)), -np.inf)
        self.lse = self.lse + top
        p = np.where(
            mask, np.exp(scores - np.where(self.seen, self.lse, 0)[..., None]), 0
        )
        self.out = p @ v
        delta = (self.out * self.dout).sum(3, keepdims=True) - self.dlse[..., None]
        ds = p * (self.dout @ v.swapaxes(2, 3) - delta)

        def grouped(x):
            return x.reshape(case.batch, case.key_heads, group, *x.shape[2:]).sum(2)

        self.gradients = {
            "dq": ds @ k * self.scale,
            "dk": grouped(ds.swapaxes(2, 3) @ self.q) * self.scale,
            "dv": grouped(p.swapaxes(2, 3) @ self.dout),
        }
        columns = mask.any(1).reshape(case.key_heads, group, case.keys).any(1)
        self.keys_seen = np.broadcast_to(columns, self.k.shape[:3])


def run(
    attention: Attention, case: Case, structure: str, seed: int | None = None
) -> dict[str, float]:
    """The relative errors."""
    reference = Reference(case, structure)
    operands = {
        name: narrow(x, case.element)
        for name, x in (
            ("q", reference.q),
            ("k", reference.k),
            ("v", reference.v),
            ("o", reference.out),
            ("do", reference.dout),
        )
    }
    operands["lse"] = reference.lse.astype(np.float32)
    if case.dlse:
        operands["dlse"] = reference.dlse.copy()
    # Of rows without keys nothing counts; where results go there is something else.
    for name in ("o", "do"):
        operands[name][~reference.seen] = narrow(1e4, case.element)
    for name in ("lse", "dlse"):
        if name in operands:
            operands[name][~reference.seen] = np.nan
    for name, like in (("dq", "q"), ("dk", "k"), ("dv", "v")):
        operands[name] = np.full_like(operands[like], 0xFFFF)
    results = attention.run(operands, reference.scale, seed)
    for name, x in operands.items():
        if name not in reference.gradients:
            assert (results[name].view(np.uint8) == x.view(np.uint8)).all(), name
    errors = {}
    for name, want in reference.gradients.items():
        got = widen(results[name], case.element).astype(float)
        seen = reference.seen if name == "dq" else reference.keys_seen
        assert (got[~seen] == 0).all(), f"{name} of what nobody sees"
        # The gradients of a row that sees one key are 0.
        least = np.linalg.norm(reference.dout) / 100
        error = np.linalg.norm(got - want)
        errors[name] = error / max(np.linalg.norm(want), least)
    return errors


def main() -> None:
    arguments = parse_arguments(__doc__)
    path = arguments.folder / "backward.mlir"
    pairs = [(c, s) for c in CASES if arguments.chip in c.chips for s in c.structures]
    for number, (case, structure) in selected(pairs, arguments.part):
        path.write_text(source(case, structure))
        attention = Attention(path, arguments.translate, case.options, arguments.chip)
        # Every other one in another order, and with late copies and products.
        seed = number if number % 2 else None
        errors = run(attention, case, structure, seed)
        shown = ", ".join(f"{name} {e:.1e}" for name, e in errors.items())
        print(f"{structure} {case.name}: {shown}", flush=True)
        assert all(e < 1e-2 for e in errors.values())


if __name__ == "__main__":
    main()
