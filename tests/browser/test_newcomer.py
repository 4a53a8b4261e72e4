"""A newcomer's way by keyboard: the most urgent candidate randomized, a visit, an alert; and each page of follow-up."""

from __future__ import annotations

import re

import pytest
from tests.browser.conftest import Demo
from tests.browser.test_coordinator import SIDEWAYS, accessible, go, page, sign_in, sign_out

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

__all__ = ["page"]  # the fixture


def reach(page: playwright.Page, name: str, *, presses: int = 120) -> None:
    """Press Tab until the element of this name has the focus."""
    wanted = name.casefold()
    for _ in range(presses):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(e => e.tabIndex === 0 && e.role === 'group' ? ''"
            " : e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || '')(document.activeElement)"
        )
        if " ".join(label.split()).casefold().startswith(wanted):
            return
    pytest.fail(f"the keyboard does not reach {name!r}")


def follow(page: playwright.Page, name: str) -> None:
    """Reach a link or button by Tab and press Enter."""
    reach(page, name)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def heading(page: playwright.Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_newcomer_randomizes_the_most_urgent_candidate_and_records_a_visit_with_an_alert(
    page: playwright.Page, demo: Demo
) -> None:
    sign_in(page, demo, "coordinator")
    urgent = page.locator("section", has_text="Windows that close").locator("li", has_text="eligible").first
    candidate = urgent.get_by_role("link").inner_text()
    follow(page, candidate)
    assert heading(page) == candidate
    reach(page, "Version of the consent form")
    page.keyboard.type("2.1")
    follow(page, "Record consent")
    for _ in page.get_by_role("checkbox").all():
        page.keyboard.press("Tab")
        while page.evaluate("document.activeElement.type") != "checkbox":
            page.keyboard.press("Tab")
        page.keyboard.press("Space")
    follow(page, "Randomize")
    page.get_by_text("Randomized as").wait_for()
    identifier = page.get_by_role("heading", level=2).first.inner_text().removeprefix("Randomized as ")
    follow(page, f"Go to {identifier}")
    assert heading(page) == identifier
    follow(page, "Day 1")
    assert "Due" in page.inner_text("main")
    follow(page, "Record the visit")  # the form proposes today
    for name, typed in (("eosinophils [", "1.8"), ("Upper limit of normal, eosinophils", "0.5"), ("hs-troponin", "41")):
        page.keyboard.press("Home")
        page.locator("body").evaluate("e => document.activeElement.blur()")
        page.evaluate("document.querySelector('main').focus()")
        reach(page, name)
        page.keyboard.type(typed)
    follow(page, "Save the values")
    assert accessible(page) == []
    follow(page, identifier)
    assert "Eosinophils at or above 1.5" in page.inner_text("section[aria-labelledby=alerts-heading]")
    sign_out(page)
    sign_in(page, demo, "investigator")
    page.goto(f"{demo.url}/alerts/")
    first = page.locator(".alerts > li").first
    assert identifier in first.inner_text()
    reach(page, "What you do about it")
    page.keyboard.type("Repeat the count tomorrow")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Repeat the count tomorrow" in page.locator("section[aria-labelledby=done-heading]").inner_text()
    sign_out(page)
    _the_boards_two_reports_show_the_alert(page, demo, identifier)


def _the_boards_two_reports_show_the_alert(page: playwright.Page, demo: Demo, identifier: str) -> None:
    sign_in(page, demo, "independent")
    follow(page, "Safety board")
    for name, typed in (
        ("Name of the cut", "Meeting 1"), ("Reason", "First meeting"),
        ("Your name to sign in with", "independent"), ("Your password", demo.passwords["independent"]),
    ):  # fmt: skip
        reach(page, name)
        page.keyboard.type(typed)
    follow(page, "Cut the data")
    assert "Meeting 1" in page.inner_text("main")
    sign_out(page)

    sign_in(page, demo, "board")
    assert "The reports of the data cut 'Meeting 1' can be read." in page.inner_text("main")
    follow(page, "Safety board")
    for door, arm in (("Open report", ""), ("Closed report", r"\t[AB]\t")):
        follow(page, door)
        assert heading(page) == door
        row = page.locator("#alerts, #alerts-arms").get_by_role("row").filter(has_text=identifier)
        told = row.filter(has_text="Eosinophils at or above 1.5").inner_text()
        assert re.search(arm, told), told
        assert bool(arm) == ("limit reached" in page.inner_text("main"))  # a limit for harm is, in the demonstration
        _fits_and_is_accessible(page)
        follow(page, "Safety board")
    follow(page, "Results")
    assert "Arm B v Arm A, index-vessel TBRmax" in page.inner_text("main")
    _fits_and_is_accessible(page)
    _answers_to_the_pointer(page)
    sign_out(page)

    sign_in(page, demo, "coordinator")
    assert page.get_by_role("link", name="Safety board").count() == 0
    for path in ("/board/", "/board/1/open/", "/board/1/closed/", "/board/1/results/", "/board/1/results/primary/"):
        assert page.request.get(f"{demo.url}{path}").status == 404


def _fits_and_is_accessible(page: playwright.Page) -> None:
    for width_px in (390, 1200):
        page.set_viewport_size({"width": width_px, "height": 900})
        assert not page.evaluate(SIDEWAYS), f"{page.url} at {width_px}"
    assert accessible(page) == []


def _answers_to_the_pointer(page: playwright.Page) -> None:
    page.locator(".drawn .live svg").first.wait_for()
    page.locator(".live .mark-symbol path").first.hover()
    playwright.expect(page.locator("#vg-tooltip-element")).to_contain_text("estimate")


PLACES = {
    "coordinator": ("/", "/participants/01-014/", "/participants/01-014/visits/V12/",
                    "/participants/01-015/visits/V12/", "/participants/01-019/events/1/",
                    "/participants/01-019/events/new/",
                    "/participants/01-003/medication/1/", "/alerts/", "/queries/"),
    "unblinded": ("/", "/participants/01-009/visits/V8/", "/alerts/"),
    "investigator": ("/participants/01-014/unblinding/", "/participants/01-014/withdrawal/"),
    "monitor": ("/participants/01-007/", "/queries/", "/unblindings/"),
    "statistician": ("/lock/",),
    "administrator": ("/people/", "/list/"),
}  # fmt: skip


@pytest.mark.parametrize("role", PLACES)
def test_each_page_of_follow_up_is_accessible_and_does_not_scroll_sideways(
    page: playwright.Page, demo: Demo, role: str
) -> None:
    sign_in(page, demo, role)
    for width_px in (1200, 390):
        page.set_viewport_size({"width": width_px, "height": 900})
        for path in PLACES[role]:
            page.goto(f"{demo.url}{path}")
            assert heading(page) != "Not here", path
            assert not page.evaluate(SIDEWAYS), f"{path} at {width_px}"
            if width_px == 1200:
                assert accessible(page) == [], path


def test_the_site_sees_a_neutral_text_where_the_unblinded_monitor_sees_the_value(
    page: playwright.Page, demo: Demo
) -> None:
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/participants/01-009/")
    assert "reviews a laboratory result that blinded staff are not shown" in page.inner_text("main")
    page.goto(f"{demo.url}/participants/01-009/visits/V8/")
    assert "1.90" not in page.content()
    sign_out(page)
    sign_in(page, demo, "unblinded")
    page.goto(f"{demo.url}/participants/01-009/visits/V8/")
    assert page.get_by_label("eosinophils [10*9/L]", exact=True).input_value() == "1.90"


def test_the_second_coordinator_sees_what_changed_and_keeps_what_was_typed(
    chromium: playwright.Browser, page: playwright.Page, demo: Demo
) -> None:
    address = f"{demo.url}/participants/01-003/medication/1/"
    sign_in(page, demo, "coordinator")
    page.goto(address)
    page.get_by_label("Dose").fill("40 mg once daily")
    page.get_by_label("Reason for the change").fill("Muscle pain")
    other = chromium.new_context().new_page()
    sign_in(other, demo, "investigator")
    other.goto(address)
    other.get_by_label("Dose").fill("20 mg once daily")
    other.get_by_label("Reason for the change").fill("Raised ALT")
    other.get_by_role("button", name="Save the change").click()
    other.wait_for_url(f"{demo.url}/participants/01-003/")
    other.context.close()
    go(page, page.get_by_role("button", name="Save the change"))
    told = page.locator(".refusal").inner_text()
    assert "was 80 mg once daily, now 20 mg once daily" in told
    assert "Ivan Investigator" in told
    assert page.get_by_label("Dose").input_value() == "40 mg once daily"
    assert page.get_by_label("Reason for the change").input_value() == "Muscle pain"
    assert accessible(page) == []
    page.get_by_role("button", name="Save the change").click()
    page.wait_for_url(f"{demo.url}/participants/01-003/")
    assert "40 mg once daily" in page.inner_text("main")
