"""The experiments of tune.py: the options and workloads to compare.

Needs only Python.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

HEADS = 16
EXCLUSIVE, LOCAL = "#spattn.partition<exclusive>", "#spattn.partition<local_band>"
CAUSAL = "#spattn.causal"
MIB = 1 << 20
ALWAYS = 1 << 40


@dataclass(frozen=True)
class Workload:
    structure: str
    dim: int
    batch: int
    length: int
    backward: bool = False
    # The quantity that a threshold applies to: keys per query, share of empty rows.
    x: float | None = None

    @property
    def name(self) -> str:
        kind = self.structure.split("<", 1)[-1].strip("#>").replace("spattn.", "")
        return f"{kind} D{self.dim} B{self.batch} N{self.length}"


@dataclass(frozen=True)
class Run:
    workload: Workload
    # The values to try, as text: numbers or tile shapes.
    value: str
    options: str

    def __getattr__(self, name: str):
        return getattr(self.workload, name)

    @property
    def file(self) -> str:
        """The file of the kernel, which serves every length."""
        parts = self.structure, self.dim, self.backward, self.options
        text = "_".join(map(str, parts))
        return "".join(c if c.isalnum() else "-" for c in text)[:200]


@dataclass(frozen=True)
class Experiment:
    # The options to compile with, by value.
    values: dict[str, str]
    workloads: tuple[Workload, ...]
    # "clocks", "best" or "crossing".
    kind: str = "best"
    # Values that do not apply to a workload.
    excluded: set = field(default_factory=set)

    def by_workload(self) -> Iterator[tuple[Workload, list[Run]]]:
        for workload in self.workloads:
            runs = [
                Run(workload, value, options)
                for value, options in self.values.items()
                if (value, workload.dim) not in self.excluded
            ]
            yield workload, runs

    @property
    def runs(self) -> list[Run]:
        return [run for _, runs in self.by_workload() for run in runs]


def window(keys: int) -> str:
    return f"#spattn.window<left = {keys - 1}, right = 0>"


def windows(dim: int, widths, length=16384) -> tuple[Workload, ...]:
    """Gradient workloads, by the average number of keys per query."""
    return tuple(
        Workload(window(w), dim, 2, length, backward=True, x=w * (1 - w / 2 / length))
        for w in widths
    )


def without_keys(share: float, length=16384) -> Workload:
    """A forward workload with the given share of empty rows."""
    structure = f"#spattn.distances<{int(share * length)} to N>"
    return Workload(structure, 128, 2, length, x=share)


def tuned(name: str, *values: int, extra: str = "") -> dict[str, str]:
    return {str(v): f"{extra} tuning={{{name}={v}}}".strip() for v in values}


# A tile shape: mma-warpgroups, ctas-per-sm, key-tile.
SHAPES = {"3x1x128": (3, 1, 128), "2x1x128": (2, 1, 128), "1x3x64": (1, 3, 64)}
SHAPES["1x2x64"] = (1, 2, 64)


def shape_options(warpgroups: int, ctas: int, keys: int) -> str:
    return f"mma-warpgroups={warpgroups} ctas-per-sm={ctas} key-tile={keys}"


def bands(structure: str) -> tuple[Workload, ...]:
    return tuple(
        Workload(structure, dim, batch, length)
        for dim in (64, 128)
        for batch, length in ((8, 4096), (2, 16384))
    )


BANDS = bands(EXCLUSIVE)
DENSE = tuple(Workload(CAUSAL, dim, 2, 16384) for dim in (64, 128))
# Rows of one span of keys, and of several.
ONE_SPAN = (
    *BANDS,
    Workload(CAUSAL, 128, 2, 16384),
    Workload(window(1024), 128, 2, 16384),
)
SPANS = bands(LOCAL)
GRADIENTS = tuple(
    Workload(structure, 128, batch, length, backward=True)
    for structure in (EXCLUSIVE, LOCAL, CAUSAL)
    for batch, length in ((8, 4096), (2, 16384))
)
WITHOUT, WITH = "deterministic=false", "deterministic=true"
# Key tiles of 64.
NARROW = f"{WITHOUT} mma-warpgroups=1 ctas-per-sm=2 stages=2"

EXPERIMENTS = {
    "clocks": Experiment(
        {name: shape_options(*shape) for name, shape in SHAPES.items()},
        BANDS + DENSE,
        kind="clocks",
        excluded={("3x1x128", 128), ("1x3x64", 128)},
    ),
    # Below the crossing, the first of the two is faster.
    "few-keys-narrow": Experiment(
        {"alone": WITH, "added": WITHOUT},
        windows(64, (64, 128, 256, 512, 1024, 2048)),
        kind="crossing",
    ),
    "few-keys-wide": Experiment(
        {"alone": WITH, "added": WITHOUT},
        windows(128, (128, 256, 512, 1024, 2048, 4096)),
        kind="crossing",
    ),
    "claim-keys": Experiment(
        {
            "claimed": f"{WITHOUT} tuning={{claim-keys={ALWAYS}}}",
            "cleared": f"{WITHOUT} tuning={{claim-keys=0}}",
        },
        windows(128, (512, 1024, 2048, 4096, 8192)),
        kind="crossing",
    ),
    "claim-keys-narrow": Experiment(
        {
            "claimed": f"{NARROW} tuning={{claim-keys-narrow={ALWAYS}}}",
            "cleared": f"{NARROW} tuning={{claim-keys-narrow=0}}",
        },
        windows(64, (128, 256, 512, 1024, 2048)),
        kind="crossing",
    ),
    "skip-keys": Experiment(
        {
            "skipped": f"{WITHOUT} tuning={{skip-keys={ALWAYS}}}",
            "visited": f"{WITHOUT} tuning={{skip-keys=0}}",
        },
        windows(128, (512, 1024, 2048, 4096, 8192)),
        kind="crossing",
    ),
    "empty-rows": Experiment(
        # Never in pairs, and always.
        {
            "dynamic": "tuning={empty-rows=1}",
            "pairs": f"tuning={{empty-rows={ALWAYS}}}",
        },
        tuple(without_keys(share / 32) for share in (1, 2, 4, 8, 16)),
        kind="crossing",
    ),
    "static-l2-bytes": Experiment(
        tuned(
            "static-l2-bytes",
            *(n * MIB for n in (2, 4, 8, 16, 32)),
            0,
            extra="scheduler=static",
        ),
        BANDS[2:],
    ),
    "dynamic-l2-bytes": Experiment(
        tuned("dynamic-l2-bytes", *(n * MIB for n in (8, 16, 32, 64, 128))),
        ONE_SPAN,
    ),
    "spans-l2-keys": Experiment(
        tuned("spans-l2-keys", *(n * 1024 for n in (16, 24, 32, 48, 96))), SPANS
    ),
    "static-work-tiles": Experiment(
        tuned("static-work-tiles", 2, 3, 4, extra="scheduler=static"), BANDS
    ),
    "dynamic-work-tiles": Experiment(
        tuned("dynamic-work-tiles", 2, 3, 4), ONE_SPAN + SPANS
    ),
    "heads-together": Experiment(
        tuned("heads-together", 2, 4, 8, 12, 16, 32, extra=WITHOUT), GRADIENTS
    ),
    "heads-together-deterministic": Experiment(
        tuned("heads-together-deterministic", 4, 8, 16, 32, extra=WITH), GRADIENTS
    ),
    "query-ctas-per-sm": Experiment(
        tuned("query-ctas-per-sm", 1, 2, extra=WITH), GRADIENTS
    ),
    "query-l2-bytes": Experiment(
        tuned("query-l2-bytes", *(n * MIB for n in (1, 2, 4, 8)), extra=WITH), GRADIENTS
    ),
}
