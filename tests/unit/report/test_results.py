"""Every result of a method prints, converts to a table and is drawn."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from tests.unit.report.result_examples import EXAMPLES

from calor import analyze
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.errors import ReportError
from calor.report.results import FIGURES, figure_of

DRAWN_CHAPTERS = (
    "estimate",
    "baseline",
    "disposition",
    "benefit",
    "continuous",
    "counts",
    "missing",
    "mixed",
    "multiplicity",
    "safety",
    "survival",
)
"""Chapters of `analyze` whose results are all drawn."""


def _result_types(chapter: str) -> set[type]:
    """Find the types of a chapter that convert to a table."""
    whole = f"calor.analyze.{chapter}"
    found = [m.name for m in pkgutil.walk_packages(analyze.__path__, "calor.analyze.")]
    modules = [import_module(name) for name in found if name == whole or name.startswith(whole + ".")]
    classes = {c for m in modules for _, c in inspect.getmembers(m, inspect.isclass) if c.__module__ == m.__name__}
    return {c for c in classes if "to_frame" in vars(c)}


@pytest.mark.parametrize("chapter", DRAWN_CHAPTERS)
def test_every_result_of_a_chapter_has_a_figure_and_an_example(chapter: str) -> None:
    types = _result_types(chapter)
    assert types
    assert {t.__name__ for t in types if not issubclass(t, Drawable)} == set()
    assert {t.__name__ for t in types - set(FIGURES)} == set()
    assert {t.__name__ for t in types} - set(EXAMPLES) == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_result_is_a_sentence_a_table_and_a_figure(name: str) -> None:
    result = EXAMPLES[name]()
    assert type(result).__name__ == name
    assert " " in str(result)
    table = result.to_frame()  # type: ignore[attr-defined]
    assert isinstance(table, pd.DataFrame)
    assert len(table)
    drawn = result.figure()
    assert drawn.title.endswith(".")
    ET.fromstring(drawn.to_svg())  # noqa: S314 - drawn a moment ago


def test_a_figure_shows_the_numbers_of_its_result() -> None:
    found = Estimate("active v placebo", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60)
    assert "−0.171 (−0.308 to −0.034)" in found.figure().to_svg()


def test_what_is_no_result_is_not_drawn() -> None:
    with pytest.raises(ReportError, match="`result` must be a result of a method of Calor, got Drawable"):
        figure_of(Drawable())
