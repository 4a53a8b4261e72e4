"""The example report as a reader meets it: in a browser window, on a phone, on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.report.example import FIGURES, crowded_document, document

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine")

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS_PX = (1200, 390)

# Text that leaves its drawing by more than a pixel.
CUT_OFF = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1
        || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent);
})"""

# Pairs of texts that lie on each other by more than two pixels both ways.
OVERLAPS = """() => [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const texts = [...svg.querySelectorAll("text")].filter(text => text.textContent.trim());
  const boxes = texts.map(text => text.getBoundingClientRect());
  const found = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const across = Math.min(boxes[i].right, boxes[j].right) - Math.max(boxes[i].left, boxes[j].left);
    const down = Math.min(boxes[i].bottom, boxes[j].bottom) - Math.max(boxes[i].top, boxes[j].top);
    if (across > 2 && down > 2) found.push(texts[i].textContent + " | " + texts[j].textContent);
  }
  return found;
})"""

# Text of the flow diagram whose middle lies in a box that does not hold all of it.
BURSTS = """() => {
  const svg = document.querySelector("#consort svg");
  const boxes = [...svg.querySelectorAll("path[fill='#ffffff']")].map(path => path.getBoundingClientRect());
  return [...svg.querySelectorAll("text")].filter(text => {
    const t = text.getBoundingClientRect(), x = (t.left + t.right) / 2, y = (t.top + t.bottom) / 2;
    return boxes.some(b => b.left < x && x < b.right && b.top < y && y < b.bottom
        && (t.left < b.left || t.right > b.right || t.top < b.top || t.bottom > b.bottom));
  }).map(text => text.textContent);
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    path = folder / "report.html"
    path.write_text(document().to_html(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crowded") / "report.html"
    path.write_text(crowded_document().to_html(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(params=WIDTHS_PX)
def page(browser: playwright.Browser, report: Path, request: pytest.FixtureRequest) -> Iterator[playwright.Page]:
    opened = browser.new_page(viewport={"width": request.param, "height": 900})
    opened.goto(report.as_uri())
    yield opened
    opened.close()


def test_the_report_asks_for_nothing_but_itself_and_says_nothing_in_the_console(
    browser: playwright.Browser, report: Path
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(report.as_uri())
    page.wait_for_load_state("networkidle")
    assert asked == [report.as_uri()]
    assert said == []
    page.close()


def test_the_page_does_not_scroll_sideways(page: playwright.Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_figure_is_drawn(page: playwright.Page) -> None:
    assert page.locator("figure svg").count() == len(FIGURES)


def test_no_text_is_cut_off_in_a_figure(page: playwright.Page) -> None:
    assert page.evaluate(CUT_OFF) == []


def test_no_text_lies_on_another_in_a_figure(page: playwright.Page) -> None:
    assert page.evaluate(OVERLAPS) == []


def test_no_text_bursts_its_box_in_the_flow_diagram(page: playwright.Page) -> None:
    assert page.locator("#consort svg path[fill='#ffffff']").count() >= 9
    assert page.evaluate(BURSTS) == []


def test_four_arms_with_long_names_fit_too(browser: playwright.Browser, crowded: Path) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(crowded.as_uri())
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(BURSTS) == []
    page.close()


def test_figures_stay_legible_on_a_phone(page: playwright.Page) -> None:
    smallest = page.evaluate(
        """Math.min(...[...document.querySelectorAll("figure svg")].map(
             svg => 12 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))"""
    )
    assert smallest > 8.5


def test_every_entry_of_the_contents_leads_somewhere(page: playwright.Page) -> None:
    lost = page.evaluate(
        """[...document.querySelectorAll("nav a")].filter(a => !document.querySelector(a.hash)).map(a => a.hash)"""
    )
    assert lost == []


def test_every_picture_has_a_name_and_a_description_to_listen_to(page: playwright.Page) -> None:
    pictures = page.get_by_role("img")
    assert pictures.count() == len(FIGURES)
    for index in range(pictures.count()):
        named = (pictures.nth(index).get_attribute("aria-labelledby") or "").split()
        assert len(named) == 2
        assert all(page.locator(f"#{name}").text_content() for name in named)


def test_the_report_prints_on_several_pages_and_repeats_table_heads(page: playwright.Page) -> None:
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('thead')).display") == "table-header-group"
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") + printed.count(b"/Type /Page/") >= 5
