"""One visual language for figures, tables, documents and pages: every color, size and font is a constant here.

Color means one thing only, the arm. Control is slate, active treatment vermilion (heat), a third and fourth arm follow
Okabe and Ito's palette; shape and dash tell the same story in greyscale. All else is ink on white.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from calor.errors import ReportError

INK = "#1c2530"
MUTED = "#56616e"
HAIRLINE = "#b9c1ca"
GRID = "#eceff2"
GROUND = "#ffffff"
SLATE = "#475569"
VERMILION = "#d55e00"

# Liberation Sans comes with vl-convert and has Arial's metrics, so a saved figure and a reader's browser break lines
# alike; DejaVu Sans Condensed is the nearest in width on a machine that has none of them.
FONT_STACK = '"Liberation Sans", Arial, Helvetica, "DejaVu Sans Condensed", sans-serif'

TEXT_PX = 12
TITLE_PX = 16
CAPTION_PX = 12.5
FIGURE_WIDTH_PX = 680
PADDING_PX = 4
# A fallback font may be wider than the one the drawing was measured with.
SLACK_PX = 8
PLOT_WIDTH_PX = FIGURE_WIDTH_PX - 2.0 * PADDING_PX - SLACK_PX
MARGIN_PX = 18


@dataclass(frozen=True)
class ArmStyle:
    """How one arm is drawn.

    Attributes:
        color: Line and fill, `#rrggbb`.
        shape: Vega symbol of a point.
        dash: Lengths of stroke and gap [px]; a solid line is (1, 0).
    """

    color: str
    shape: str
    dash: tuple[int, ...]


ARM_STYLES = (
    ArmStyle(SLATE, "circle", (5, 3)),
    ArmStyle(VERMILION, "diamond", (1, 0)),
    ArmStyle("#0072b2", "triangle-up", (2, 2)),
    ArmStyle("#009e73", "square", (9, 3, 2, 3)),
)


def arm_styles(arms: Sequence[str]) -> dict[str, ArmStyle]:
    """Give each arm its color, shape and dash; the first arm is the control.

    Args:
        arms: One to four different arm names, control first.

    Raises:
        ReportError: There are no arms, more than four, or one twice.

    >>> arm_styles(["Placebo", "Aldesleukin"])["Aldesleukin"].color
    '#d55e00'
    """
    if not 1 <= len(arms) <= len(ARM_STYLES) or len(set(arms)) != len(arms):
        raise ReportError.must(
            "arms",
            f"name 1 to {len(ARM_STYLES)} different arms, control first",
            list(arms),
            fix="Draw further arms in a figure of their own.",
        )
    return dict(zip(arms, ARM_STYLES, strict=False))


def theme() -> dict[str, Any]:
    """Return the Altair theme: what `alt.theme.register` wants from the function it decorates.

    >>> theme()["config"]["background"]
    '#ffffff'
    """
    axis = {
        "labelColor": INK,
        "labelFontSize": TEXT_PX,
        "labelPadding": 5,
        "titleColor": MUTED,
        "titleFontSize": TEXT_PX,
        "titleFontWeight": "normal",
        "titlePadding": 10,
        "domainColor": HAIRLINE,
        "tickColor": HAIRLINE,
        "tickSize": 4,
        "gridColor": GRID,
    }
    title = {
        "anchor": "start",
        "frame": "bounds",
        "color": INK,
        "fontSize": TITLE_PX,
        "lineHeight": TITLE_PX * 1.3,
        "offset": 18,
        "subtitleColor": MUTED,
        "subtitleFontSize": CAPTION_PX,
        "subtitleLineHeight": CAPTION_PX * 1.4,
        "subtitlePadding": 6,
    }
    config = {
        "background": GROUND,
        "font": FONT_STACK,
        "padding": {"left": PADDING_PX, "right": PADDING_PX + SLACK_PX, "top": PADDING_PX, "bottom": PADDING_PX},
        "view": {"stroke": None},
        "axis": axis,
        "axisX": {"grid": False, "labelFlush": False},
        "axisY": {"domain": False, "ticks": False},
        "title": title,
        "text": {"color": INK, "fontSize": TEXT_PX},
        "rule": {"color": INK},
    }
    return {"config": config}


def css_variables() -> str:
    """Return the same constants as CSS custom properties for documents and pages.

    >>> "--active: #d55e00;" in css_variables()
    True
    """
    names = {"ink": INK, "muted": MUTED, "hairline": HAIRLINE, "grid": GRID, "ground": GROUND, "font": FONT_STACK}
    roles = ("control", "active", "third-arm", "fourth-arm")
    names |= {role: style.color for role, style in zip(roles, ARM_STYLES, strict=True)}
    names["figure-width"] = f"{FIGURE_WIDTH_PX}px"
    return ":root { " + " ".join(f"--{name}: {value};" for name, value in names.items()) + " }"
