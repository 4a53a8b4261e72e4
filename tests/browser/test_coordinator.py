"""The coordinator's way through the demonstration, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.browser.conftest import Demo

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def sign_in(page: playwright.Page, demo: Demo, name: str) -> None:
    """Sign in by keyboard, as a person would."""
    page.goto(f"{demo.url}/sign-in/")
    page.wait_for_function("document.activeElement.name === 'username'")  # given when the page is first painted
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(demo.passwords[name])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{demo.url}/")


@pytest.fixture
def page(chromium: playwright.Browser, demo: Demo) -> Iterator[playwright.Page]:
    """A window of its own; at the end nothing from elsewhere was asked for and the console is silent."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    elsewhere: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: None if request.url.startswith(demo.url) else elsewhere.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    yield opened
    context.close()
    assert elsewhere == []
    assert [text for text in said if "422" not in text] == []


def accessible(page: playwright.Page) -> list[str]:
    """Return what axe finds wrong by WCAG 2.1 A and AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    return [f"{v['id']}: {v['help']} {v['nodes'][0]['html'][:120]}" for v in found.response["violations"]]


def test_the_most_urgent_candidate_is_found_and_randomized(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    before = int(page.locator(".headline strong").inner_text().removesuffix(" of 60"))
    page.get_by_role("link", name="Screening", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Screening"
    page.get_by_role("link", name="Eligible").click()
    page.locator("tbody a").first.click()
    page.get_by_label("Version of the consent form").fill("2.1")
    page.get_by_role("button", name="Record consent").click()
    for box in page.get_by_role("checkbox").all():
        box.check()
    page.get_by_role("button", name="Randomize").click()
    page.get_by_text(f"Randomized as 01-{before + 1:03d}").wait_for()
    kit = page.locator(".kit").inner_text()
    assert kit.isdigit()
    assert len(kit) == 8
    page.get_by_role("link", name=f"Go to 01-{before + 1:03d}").click()
    assert kit in page.inner_text("main")
    page.get_by_role("link", name="Today").click()
    assert f"{before + 1} of 60" in page.inner_text("main")


@pytest.mark.parametrize("width_px", [1200, 768, 390])
def test_every_page_is_accessible_and_does_not_scroll_sideways(
    page: playwright.Page, demo: Demo, width_px: int
) -> None:
    page.set_viewport_size({"width": width_px, "height": 900})
    page.goto(f"{demo.url}/sign-in/")
    assert accessible(page) == []
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/screening/")
    candidate = page.locator("tbody a").nth(3).get_attribute("href")
    for path in ("/", "/screening/", candidate, "/participants/", "/participants/01-003/", "/account/authenticator/"):
        page.goto(f"{demo.url}{path}")
        assert accessible(page) == [], path
        assert not page.evaluate(SIDEWAYS), path


def test_an_error_stands_beside_its_field_and_what_was_typed_stays(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/screening/")
    page.locator("tbody a").nth(4).click()
    page.get_by_label("Version of the consent form").fill("2.1")
    page.get_by_label("Signed on").fill("2099-01-01")
    page.get_by_role("button", name="Record consent").click()
    assert page.get_by_label("Version of the consent form").input_value() == "2.1"
    described = page.get_by_label("Signed on").get_attribute("aria-describedby") or ""
    assert "lies in the future" in page.locator("#" + described.split()[-1]).inner_text()
    assert accessible(page) == []


def test_after_signing_out_the_back_button_shows_nothing(page: playwright.Page, demo: Demo) -> None:
    """A12"""
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/participants/")
    page.get_by_role("button", name="Sign out").click()
    page.go_back()
    assert page.get_by_role("heading", level=1).inner_text() == "Sign in"


def test_participants_are_found_while_typing(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/participants/")
    page.get_by_label("Find an identifier").press_sequentially("007")
    playwright.expect(page.locator("tbody tr")).to_have_count(1)
    assert page.locator("tbody").inner_text().startswith("01-007")
