"""What the warps of a forward kernel's CTA do over time, two work tiles long.

Each event starts when its lane is free and all that it waits for has ended, so
that times follow from durations and dependencies.
"""

from dataclasses import dataclass

from svg import Drawing

# A group of lanes has a name, and each lane one of its own.
GROUPS = [
    (
        "producer warpgroup",
        ["scheduler warp", "TMA warp: Q, K", "TMA warp: V", "store warp"],
    ),
    ("MMA warpgroup 0", ["WGMMA", "softmax"]),
    ("MMA warpgroup 1", ["WGMMA", "softmax"]),
]
STAGES = 2  # Of keys, and of values.
TILES = [("A", 0), ("A", 1), ("B", 0), ("B", 1)]


@dataclass
class Event:
    lane: int
    tone: str
    text: str
    start: float
    end: float


class Timeline:
    """Events by name."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}

    def add(
        self,
        name: str,
        lane: int,
        tone: str,
        text: str,
        length: float,
        after: tuple[str, ...] = (),
    ) -> None:
        own = [e.end for e in self.events.values() if e.lane == lane]
        start = max([0.0, *own, *(self.events[a].end for a in after)])
        self.events[name] = Event(lane, tone, text, start, start + length)


def simulate() -> Timeline:
    t = Timeline()
    for item in "AB":
        t.add(f"post {item}", 0, "gray", f"find {item}", 3)
    t.add("fill", 0, "gray", "fill empty rows", 9)
    t.add("post C", 0, "gray", "find C", 3)

    def load(operand: str, item: str, n: int, tile: int) -> None:
        """Of a tile's keys or values, once its stage is free in both warpgroups."""
        after = [f"post {item}"]
        if tile >= STAGES:
            user = "QK" if operand == "K" else "PV"
            old = "{} {}".format(*TILES[tile - STAGES])
            after += [f"{user} {old} of {group}" for group in (0, 1)]
        lane = 1 if operand == "K" else 2
        text = f"{operand} {item}{n}"
        t.add(f"{operand} {item} {n}", lane, "blue", text, 3, tuple(after))

    def products(tile: int, group: int) -> None:
        """The scores of a tile, and the output of the one before."""
        lane = 4 + 2 * group
        # Products start in turn: those of the other warpgroup have been issued.
        turn = f"turn {tile - 1 if group == 0 else tile} of {1 - group}"
        waits = (turn,) if turn in t.events else ()
        last = ""
        if tile < len(TILES):
            item, n = TILES[tile]
            last = f"QK {item} {n} of {group}"
            waits += (f"K {item} {n}",) + ((f"Q {item}",) if n == 0 else ())
            if tile > 0:
                waits += ("softmax {} {} of {}".format(*TILES[tile - 1], group),)
            t.add(last, lane, "green", f"QK {item}{n}", 3, waits)
        if tile > 0:
            item, n = TILES[tile - 1]
            waits = (f"V {item} {n}", f"softmax {item} {n} of {group}", *waits)
            scores, last = last, f"PV {item} {n} of {group}"
            t.add(last, lane, "purple", f"PV {item}{n}", 3, waits)
            last = last or scores
        end = t.events[last].end
        t.events[f"turn {tile} of {group}"] = Event(-1, "", "", end, end)
        if tile < len(TILES):
            item, n = TILES[tile]
            t.add(
                f"softmax {item} {n} of {group}",
                lane + 1,
                "amber",
                f"softmax {item}{n}",
                6,
                (f"QK {item} {n} of {group}",),
            )
        if tile > 0 and TILES[tile - 1][1] == 1:
            item = TILES[tile - 1][0]
            t.add(
                f"end {item} of {group}",
                lane + 1,
                "red",
                f"O {item}",
                3,
                (f"PV {item} 1 of {group}",),
            )

    for tile, (item, n) in enumerate(TILES):
        if n == 0:
            t.add(f"Q {item}", 1, "blue", f"Q {item}", 3, (f"post {item}",))
        for operand in "KV":
            load(operand, item, n, tile)
        for group in (0, 1):
            products(tile, group)
    for group in (0, 1):
        products(len(TILES), group)
    for item in "AB":
        ends = tuple(f"end {item} of {group}" for group in (0, 1))
        t.add(f"store {item}", 3, "red", f"O {item}", 3, ends)
    return t


# Arrows: from the end of one event to the start of another; the kind of barrier.
ARROWS = [
    ("post A", "Q A", "full"),
    ("post A", "V A 0", "full"),
    ("K A 0", "QK A 0 of 0", "full"),
    ("V A 0", "PV A 0 of 0", "full"),
    ("QK A 0 of 1", "K B 0", "empty"),
    ("PV A 0 of 1", "V B 0", "empty"),
    ("PV A 0 of 0", "QK A 1 of 1", "turn"),
    ("PV A 0 of 1", "QK B 0 of 0", "turn"),
    ("end A of 1", "store A", "full"),
    ("end B of 1", "store B", "full"),
]
KINDS = {"full": ("blue", False), "empty": ("page", True), "turn": ("green", False)}

UNIT, ROW, LABELS, TOP = 12.6, 30, 142, 44
# Parts of the code of a work tile in a warpgroup: from an event to another.
PARTS = [
    ("prologue", "QK A 0 of 0", "softmax A 0 of 0"),
    ("mainloop", "QK A 1 of 0", "softmax A 1 of 0"),
    ("epilogue", "PV A 1 of 0", "end A of 0"),
]
LEGEND = [
    ("gray", "scheduling"),
    ("blue", "TMA load"),
    ("green", "QK: scores"),
    ("purple", "PV: output"),
    ("amber", "mask, softmax, rescaling"),
    ("red", "epilogue, TMA store"),
]
BARRIERS = {
    "full": "full barrier: data is there",
    "empty": "empty barrier: a stage is free",
    "turn": "named barrier: ping-pong",
}


def draw() -> Drawing:
    events = simulate().events
    end = max(e.end for e in events.values())
    lanes: list[float] = []  # The middle of each.
    groups: list[float] = []
    y: float = TOP
    for _, names in GROUPS:
        groups.append(y)
        y += 22
        for _ in names:
            lanes.append(y + ROW / 2)
            y += ROW
        y += 14
    d = Drawing(LABELS + UNIT * end + 20, y + 62, "The warps of a CTA over time")

    def at(time: float) -> float:
        return LABELS + UNIT * time

    d.text(16, 20, "time →", size=11.5)
    d.text(
        LABELS,
        20,
        "one CTA, work tiles A and B of two key tiles each, two stages of K and V",
        size=11.5,
    )
    for (name, names), top in zip(GROUPS, groups, strict=True):
        d.text(16, top + 10, name, size=12, bold=True)
        for n, lane in enumerate(names):
            middle = top + 22 + (n + 0.5) * ROW
            d.path(f"M{LABELS} {middle}H{at(end)}", "gray-l n", stroke_opacity=0.5)
            d.text(16, middle, lane, size=11.5)
    for text, first, last in PARTS:
        x0, x1 = at(events[first].start), at(events[last].end)
        y = groups[1] + 16
        d.path(f"M{x0 + 1} {y + 4}v-5H{x1 - 1}v5", "page-l n")
        d.text((x0 + x1) / 2, y - 9, f"{text} A", size=11, anchor="middle")
    for source, target, kind in ARROWS:
        a, b = events[source], events[target]
        down = 1 if lanes[b.lane] > lanes[a.lane] else -1
        tone, dashed = KINDS[kind]
        # From the end of one to the start of the other, below the events.
        x0, y0 = at(a.end) - 3, lanes[a.lane] + 10 * down
        x1, y1 = at(b.start) + 3, lanes[b.lane] - 10 * down
        turn = y0 + 5 * down if x1 - x0 > 60 else y1 - 5 * down
        points = [(x0, y0), (x0, turn), (x1, turn), (x1, y1)]
        d.arrow(points, tone, dashed)
    for event in events.values():
        if event.lane < 0:
            continue
        x, w = at(event.start), UNIT * (event.end - event.start)
        d.rect(x + 0.5, lanes[event.lane] - 10, w - 1, 20, event.tone)
        d.text(
            x + w / 2, lanes[event.lane], event.text, event.tone, 10, anchor="middle"
        )
    x, y = 16.0, d.height - 46
    for tone, text in LEGEND:
        d.rect(x, y - 7, 14, 14, tone)
        d.text(x + 20, y, text, size=11.5)
        x += 44 + 6.9 * len(text)
    x, y = 16.0, d.height - 20
    for kind, text in BARRIERS.items():
        tone, dashed = KINDS[kind]
        d.arrow([(x, y), (x + 28, y)], tone, dashed)
        d.text(x + 36, y, text, size=11.5)
        x += 60 + 6.9 * len(text)
    return d
