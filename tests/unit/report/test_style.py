"""One visual language: arms differ by color and, without color, by shape and dash."""

from __future__ import annotations

import itertools

import altair as alt
import pytest

from calor.errors import ReportError
from calor.report import style


def luminance(color: str) -> float:
    """Relative luminance of WCAG 2.1."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_control_is_slate_and_active_is_vermilion() -> None:
    looks = style.arm_styles(["Placebo", "Aldesleukin"])
    assert looks["Placebo"].color == style.SLATE
    assert looks["Aldesleukin"].color == "#d55e00"


def test_no_two_arms_share_shape_or_dash() -> None:
    for one, other in itertools.combinations(style.ARM_STYLES, 2):
        assert one.shape != other.shape
        assert one.dash != other.dash
        assert one.color != other.color


def test_control_and_active_differ_in_greyscale() -> None:
    assert contrast(style.SLATE, style.VERMILION) > 1.5


@pytest.mark.parametrize("color", [look.color for look in style.ARM_STYLES])
def test_every_arm_stands_out_from_the_ground(color: str) -> None:
    assert contrast(color, style.GROUND) >= 3


@pytest.mark.parametrize("color", [style.INK, style.MUTED])
def test_text_is_legible_on_the_ground(color: str) -> None:
    assert contrast(color, style.GROUND) >= 4.5


@pytest.mark.parametrize("arms", [[], ["A", "A"], list("ABCDE")])
def test_arms_that_cannot_be_told_apart_are_refused(arms: list[str]) -> None:
    with pytest.raises(ReportError, match="`arms` must name 1 to 4 different arms"):
        style.arm_styles(arms)


def test_css_uses_the_same_constants() -> None:
    css = style.css_variables()
    assert f"--control: {style.SLATE};" in css
    assert f"--ink: {style.INK};" in css


def test_the_theme_is_one_that_altair_takes() -> None:
    chart = alt.Chart(alt.Data(values=[{"x": 1}])).mark_point().encode(x="x:Q")
    themed = alt.Chart.from_dict({**chart.to_dict(), **style.theme()})
    assert themed.to_dict()["config"]["font"] == style.FONT_STACK
