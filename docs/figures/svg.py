"""Shapes and text as SVG that reads well on light and on dark pages."""

from xml.sax.saxutils import escape

# A tone is a fill, a line and the text on the fill: for light pages, and for dark.
TONES = {
    "blue": (("#ddf4ff", "#0969da", "#0a3069"), ("#12233d", "#4493f8", "#cae8ff")),
    "green": (("#dafbe1", "#1a7f37", "#0f4422"), ("#12291c", "#3fb950", "#c3f5cd")),
    "amber": (("#fff3c4", "#9a6700", "#4d2d00"), ("#302505", "#d29922", "#fae7a5")),
    "red": (("#ffebe9", "#cf222e", "#6e0f17"), ("#34161a", "#f85149", "#ffd7d4")),
    "purple": (("#f4e8ff", "#8250df", "#3e1f79"), ("#241a3a", "#ab7df8", "#e8d8ff")),
    "gray": (("#f0f3f6", "#818b98", "#1f2328"), ("#1a2129", "#656c76", "#e6edf3")),
    "page": (("#ffffff", "#59636e", "#1f2328"), ("#0d1117", "#9198a1", "#e6edf3")),
}
SANS = 'ui-sans-serif, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif'
MONO = "monospace"


def rules(dark: bool) -> list[str]:
    """The colors of each tone's shapes (-f), lines (-l) and text (-t)."""
    return [
        f".{name}-f{{fill:{fill}}} .{name}-l{{stroke:{line}}} .{name}-t{{fill:{text}}}"
        for name, tones in TONES.items()
        for fill, line, text in [tones[dark]]
    ]


class Drawing:
    """A list of SVG elements, on a background of its own."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.width, self.height, self.title = width, height, title
        self.parts: list[str] = []

    def path(self, data: str, classes: str, **attributes: object) -> None:
        more = "".join(
            f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items()
        )
        self.parts.append(f'<path d="{data}" class="{classes}"{more}/>')

    def rect(
        self, x: float, y: float, w: float, h: float, tone: str, radius: float = 3
    ) -> None:
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{radius:g}" '
            f'class="{tone}-f {tone}-l"/>'
        )

    def dot(self, x: float, y: float, tone: str, radius: float = 4.5) -> None:
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:g}" r="{radius:g}" class="{tone}-h"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        tone: str = "page",
        size: float = 12,
        anchor: str = "start",
        bold: bool = False,
        mono: bool = False,
    ) -> None:
        """Text whose line is centered at `y`."""
        classes = f"{tone}-t" + " b" * bold + " m" * mono
        self.parts.append(
            f'<text x="{x:g}" y="{y + 0.35 * size:g}" font-size="{size:g}" '
            f'text-anchor="{anchor}" class="{classes}">{escape(text)}</text>'
        )

    def arrow(
        self,
        points: list[tuple[float, float]],
        tone: str = "page",
        dashed: bool = False,
    ) -> None:
        """A line through points, with a head at the last of them."""
        (x0, y0), (x, y) = points[-2:]
        length = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
        dx, dy = (x - x0) / length, (y - y0) / length
        line = "L".join(f"{px:g} {py:g}" for px, py in points)
        dash = {"stroke_dasharray": "4 3"} if dashed else {}
        self.path(f"M{line}", f"{tone}-l n", **dash)
        head = [(x, y)] + [
            (x - 7 * dx + side * 3.5 * dy, y - 7 * dy - side * 3.5 * dx)
            for side in (1, -1)
        ]
        line = "L".join(f"{px:.4g} {py:.4g}" for px, py in head)
        self.path(f"M{line}Z", f"{tone}-l {tone}-h")

    def __str__(self) -> str:
        heads = [
            [f".{name}-h{{fill:{tones[dark][1]}}}" for name, tones in TONES.items()]
            for dark in (False, True)
        ]
        light = rules(False) + heads[0]
        dark = rules(True) + heads[1]
        size = f'width="{self.width:g}" height="{self.height:g}"'
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
                f'viewBox="0 0 {self.width:g} {self.height:g}" role="img">',
                "<!-- Made by docs/figures/generate.py; edit that. -->",
                f"<title>{escape(self.title)}</title>",
                "<style>",
                f"text{{font-family:{SANS}}} .m{{font-family:{MONO}}}",
                ".b{font-weight:600} .n{fill:none}",
                *light,
                "@media (prefers-color-scheme: dark) {",
                *dark,
                "}",
                "</style>",
                f'<rect {size} class="page-f"/>',
                *self.parts,
                "</svg>\n",
            ]
        )
