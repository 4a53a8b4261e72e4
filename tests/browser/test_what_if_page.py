"""The what-if page in a real browser: its cut-off is moved, and its numbers are the grid's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.browser.test_coordinator import SIDEWAYS, accessible
from tests.unit.gate.small import ivory, plan

from calor.gate.basis import Basis
from calor.gate.gates import window_words
from calor.gate.posterior import finished_trial
from calor.gate.what_if import WhatIf, what_if_grid
from calor.report.what_if_page import ROWS, WhatIfPage
from calor.simulate.ivory import reconstruct

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

WIDTHS_PX = (1200, 390)
START = {"window": "month_one", "tests": 2, "cutoff": 2.0}


@pytest.fixture(scope="module")
def grid() -> WhatIf:
    whole = ivory().gate_design
    assert whole is not None
    points = {"cutoffs": (1.0, 1.5, 2.0, 3.0, 5.0, 10.0), "tests": (1, 2), "interval_days": (14,)}
    basis = plan().model_copy(
        update={"grid": whole.grid.model_copy(update=points), "windows": whole.windows[1:]},
    )
    return what_if_grid(Basis(basis, finished_trial(ivory(), reconstruct())))


@pytest.fixture(scope="module")
def file(grid: WhatIf, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = WhatIfPage(
        title="What if CALOR3's gate were another?",
        subtitle="After IVORY",
        grid=grid.to_json(),
        windows={window.id: window_words(window) for window in plan().windows}
        | {"first_year": "120 to 365 days after infarction"},
        start=(grid.repeats.index(("month_one", 2, 14)), grid.cutoffs.index(2.0)),
        start_label="Recommended",
        biomarker=("hs-CRP", "mg/L"),
        unit="thousand euro",
        limits="12,000 participants, 72 months",
        power=0.9,
        banner="Synthetic participants, assumed inputs.",
    )
    return page.save(tmp_path_factory.mktemp("what_if") / "what_if.html")


@pytest.fixture
def page(chromium: playwright.Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[playwright.Page]:
    """The page opened as a file; at the end it asked for nothing else and said nothing."""
    context = chromium.new_context(viewport={"width": getattr(request, "param", 1200), "height": 900})
    opened = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert asked == [file.as_uri()]
    assert said == []


def _shows(page: playwright.Page, grid: WhatIf, column: str = "now", **at: object) -> None:
    """Compare what the page shows with the one row of the grid at these places, to the last digit shown."""
    place = {**START, "link": grid.stated[0], "rate": 1.0, **at}
    table = grid.to_frame()
    (row,) = table[(table[list(place)] == pd.Series(place)).all(axis=1)].to_dict("records")
    for shown in ROWS:
        text = page.locator(f"tr[data-metric={shown.metric}] .{column}").inner_text()
        number = re.match(r"[\d,.−]+", text)
        assert number is not None, (shown.metric, text)
        value = row[shown.metric] * (100 if shown.percent else 1)
        slack = max(0.5001 * 10**-shown.digits, 1e-5 * abs(value))
        assert float(number[0].replace(",", "").replace("−", "-")) == pytest.approx(value, abs=slack), shown.metric
    error = re.search(r"SE ([\d.]+)", page.locator(f"tr[data-metric=assurance] .{column}").inner_text())
    assert error is not None
    assert float(error[1]) == pytest.approx(100 * row["assurance_se"], abs=0.0501)


def test_moving_the_cut_off_by_keyboard_shows_the_grids_numbers(page: playwright.Page, grid: WhatIf) -> None:
    _shows(page, grid)
    slider = page.get_by_role("slider", name="Cut-off")
    slider.focus()
    for cutoff in (3.0, 5.0, 10.0):
        page.keyboard.press("ArrowRight")
        assert slider.get_attribute("aria-valuetext") == f"≥ {cutoff:g} mg/L"
        _shows(page, grid, cutoff=cutoff)
        _shows(page, grid, column="start")
    page.keyboard.press("Home")
    _shows(page, grid, cutoff=1.0)
    assert page.inner_text("#said").startswith("hs-CRP ≥ 1 mg/L twice, 14 days apart, 30 to 120 days after infarction")


def test_window_tests_link_and_rate_move_the_numbers_too(page: playwright.Page, grid: WhatIf) -> None:
    page.get_by_label("Tests").select_option("once")
    _shows(page, grid, tests=1)
    page.get_by_label("Enrolled").select_option("120 to 365 days after infarction")
    _shows(page, grid, tests=1, window="first_year")
    page.get_by_label("Hazard ratio").focus()
    page.keyboard.press("End")
    _shows(page, grid, tests=1, window="first_year", link=0.9)
    page.get_by_label("Event rate").focus()
    page.keyboard.press("ArrowLeft")
    _shows(page, grid, tests=1, window="first_year", link=0.9, rate=0.75)
    _shows(page, grid, column="start", link=0.9, rate=0.75)
    page.get_by_role("button", name="Back to the recommended gate").click()
    _shows(page, grid)


def test_without_a_gate_no_cut_off_can_be_moved(page: playwright.Page, grid: WhatIf) -> None:
    page.get_by_label("Tests").select_option("no gate")
    assert page.get_by_role("slider", name="Cut-off").is_disabled()
    _shows(page, grid, tests=0)
    assert page.inner_text("#said").startswith("No gate, 30 to 120 days")


def test_the_chosen_cut_off_is_marked_on_the_curve_where_the_grid_has_it(page: playwright.Page, grid: WhatIf) -> None:
    page.get_by_role("slider", name="Cut-off").focus()
    page.keyboard.press("End")
    marks = page.locator("#chart .mark")
    dots = page.locator("#chart .dot")
    last = [dots.nth(len(grid.cutoffs) * k - 1) for k in (1, 2)]
    for k, dot in enumerate(last):
        for name in ("cx", "cy"):
            at = float(marks.nth(k).get_attribute(name) or "nan")
            assert at == pytest.approx(float(dot.get_attribute(name) or "nan"), abs=0.1)


@pytest.mark.parametrize("page", WIDTHS_PX, indirect=True)
def test_the_page_is_accessible_and_does_not_scroll_sideways(page: playwright.Page) -> None:
    assert accessible(page) == []
    assert not page.evaluate(SIDEWAYS)
