"""Charts as SVG text: horizontal, with the label above each group, so that labels may be long.

Colours come from the page's style sheet, by class, so that they follow its theme.
"""

import math
from collections.abc import Sequence
from html import escape

__all__ = ["bar_chart", "range_chart", "stack_chart"]

WIDTH = 720
#: Room at the right for the figure at a bar's end.
MARGIN = 64
PLOT = WIDTH - MARGIN
LABEL_HEIGHT = 22
BAR_HEIGHT = 15
GAP = 14
AXIS_HEIGHT = 26

#: A group of bars: its label, and a name, a value and a class for each.
Bars = tuple[str, Sequence[tuple[str, float, str]]]


def nice_ticks(highest: float) -> list[float]:
    """Round numbers from 0 to at least the highest, about five of them."""
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    return [step * index for index in range(math.ceil(highest / step - 1e-9) + 1)]


def text(x: float, y: float, words: str, style: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{style}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )


def rectangle(x: float, y: float, width: float, height: float, *, style: str, title: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="2" class="{style}"><title>{escape(title)}</title></rect>'
    )


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}"/>'


def axis(ticks: Sequence[float], height: float, unit: str) -> list[str]:
    """Grid lines and their numbers; the plot lies above."""
    parts = []
    for tick in ticks:
        x = tick / ticks[-1] * PLOT
        parts.append(line(x, 0, x, height, "grid"))
        anchor = "start" if tick == 0 else "middle"
        parts.append(text(x, height + 17, f"{tick:g}", "tick", anchor))
    parts.append(text(WIDTH, height + 17, unit, "tick", "end"))
    return parts


def picture(parts: Sequence[str], height: float, name: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(name)}" '
        f'xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )


def bar_chart(groups: Sequence[Bars], *, unit: str, name: str) -> str:
    """A bar for each value, grouped."""
    highest = max((value for _, bars in groups for _, value, _ in bars), default=0)
    ticks = nice_ticks(highest)
    parts = []
    y = 0.0
    for label, bars in groups:
        parts.append(text(0, y + 15, label, "label"))
        y += LABEL_HEIGHT
        for title, value, style in bars:
            width = value / ticks[-1] * PLOT
            parts.append(
                rectangle(0, y, width, BAR_HEIGHT - 3, style=style, title=f"{title}: {value:,g}")
            )
            parts.append(text(width + 6, y + 10.5, f"{value:,g}", "value"))
            y += BAR_HEIGHT
        y += GAP
    return picture([*axis(ticks, y, unit), *parts], y + AXIS_HEIGHT, name)


def stack_chart(groups: Sequence[Bars], *, unit: str, name: str) -> str:
    """One bar a group, in which the values follow each other."""
    totals = [sum(value for _, value, _ in bars) for _, bars in groups]
    ticks = nice_ticks(max(totals, default=0))
    parts = []
    y = 0.0
    for (label, bars), total in zip(groups, totals, strict=True):
        parts.append(text(0, y + 15, label, "label"))
        y += LABEL_HEIGHT
        x = 0.0
        for title, value, style in bars:
            width = value / ticks[-1] * PLOT
            said = f"{title}: {value:.1f} {unit}"
            parts.append(rectangle(x, y, width, BAR_HEIGHT, style=style, title=said))
            x += width
        parts.append(text(x + 6, y + 12, f"{total:.1f}", "value"))
        y += BAR_HEIGHT + GAP
    return picture([*axis(ticks, y, unit), *parts], y + AXIS_HEIGHT, name)


def range_chart(
    groups: Sequence[tuple[str, Sequence[float], float]],
    *,
    target: float | None,
    unit: str,
    name: str,
) -> str:
    """All values of a group as dots, the range as a bar, and the median as a mark.

    Parameters
    ----------
    groups
        A label, values, and their median.
    target
        Where to draw a line across; None for nowhere.
    """
    highest = max((value for _, values, _ in groups for value in values), default=0)
    shown = max(highest, target or 0)
    ticks = nice_ticks(shown)
    scale = PLOT / ticks[-1]
    parts = []
    y = 0.0
    for label, values, median in groups:
        parts.append(text(0, y + 15, label, "label"))
        y += LABEL_HEIGHT
        middle = y + BAR_HEIGHT / 2
        low, high = min(values) * scale, max(values) * scale
        said = f"{min(values):.1f} to {max(values):.1f} {unit}"
        parts.append(rectangle(0, middle - 1, low, 2, style="stem", title=said))
        parts.append(rectangle(low, middle - 5, high - low, 10, style="span", title=said))
        parts += [
            f'<circle cx="{value * scale:.1f}" cy="{middle:.1f}" r="3" class="dot">'
            f"<title>{value:.1f} {escape(unit)}</title></circle>"
            for value in values
        ]
        parts.append(line(median * scale, middle - 8, median * scale, middle + 8, "median"))
        parts.append(text(high + 9, middle + 4, f"{median:.1f}", "value"))
        y += BAR_HEIGHT + GAP
    if target is not None:
        parts.append(line(target * scale, 0, target * scale, y, "target"))
    return picture([*axis(ticks, y, unit), *parts], y + AXIS_HEIGHT, name)
