"""Curves over two axes, of which either may be logarithmic."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from svg import Drawing

Points = Sequence[tuple[float, float]]


@dataclass
class Axis:
    """The values from `first` to `last`, and which of them are named."""

    first: float
    last: float
    ticks: Sequence[float]
    name: str
    label: Callable[[float], str] = "{:,g}".format
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """0 to 1."""
        scale = math.log if self.logarithmic else float
        first, last, at = (scale(x) for x in (self.first, self.last, value))
        return (at - first) / (last - first)


@dataclass
class Curve:
    """Points from left to right, and the name that stands at the last of them."""

    name: str
    points: Points
    tone: str
    dashed: bool = False
    marks: bool = True


@dataclass
class Chart:
    """A place on a drawing where curves go."""

    drawing: Drawing
    left: float
    top: float
    width: float
    height: float
    x: Axis
    y: Axis

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (
            self.left + self.width * self.x.place(x),
            self.top + self.height * (1 - self.y.place(y)),
        )

    def draw_axes(self) -> None:
        d, bottom = self.drawing, self.top + self.height
        for tick in self.y.ticks:
            _, y = self.at(self.x.first, tick)
            d.path(
                f"M{self.left:g} {y:.1f}H{self.left + self.width:g}",
                "gray-l n",
                stroke_opacity=0.45,
            )
            d.text(self.left - 8, y, self.y.label(tick), size=11, anchor="end")
        for tick in self.x.ticks:
            x, _ = self.at(tick, self.y.first)
            d.path(f"M{x:.1f} {bottom:g}v5", "gray-l n")
            d.text(x, bottom + 16, self.x.label(tick), size=11, anchor="middle")
        middle = self.left + self.width / 2
        d.text(middle, bottom + 36, self.x.name, size=11.5, anchor="middle")
        d.text(self.left - 8, self.top - 18, self.y.name, size=11.5)

    def draw(self, curves: Sequence[Curve], gap: float = 14) -> None:
        """Draws curves, and their names beside their ends, `gap` apart at least."""
        names = []
        for curve in curves:
            places = [self.at(x, y) for x, y in curve.points]
            line = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            dash = {"stroke_dasharray": "5 4"} if curve.dashed else {}
            self.drawing.path(f"M{line}", f"{curve.tone}-l n", stroke_width=1.8, **dash)
            for x, y in places if curve.marks else ():
                self.drawing.rect(x - 2.5, y - 2.5, 5, 5, curve.tone, 2.5)
            names.append((places[-1][1], curve.name, curve.tone))
        names.sort()
        previous = -math.inf
        for y, name, _ in names:
            previous = max(y, previous + gap)
            self.drawing.text(self.left + self.width + 10, previous, name, size=11.5)
