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


def go(page: playwright.Page, link_or_button: playwright.Locator) -> None:
    """Click and wait for the page it leads to: what is read next is read there and not on the page left behind."""
    with page.expect_navigation():
        link_or_button.click()


def sign_out(page: playwright.Page) -> None:
    go(page, page.get_by_role("button", name="Sign out"))


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
    go(page, page.get_by_role("link", name="Screening", exact=True))
    assert page.get_by_role("heading", level=1).inner_text() == "Screening"
    go(page, page.get_by_role("link", name="Eligible"))
    go(page, page.locator("tbody a").first)
    page.get_by_label("Version of the consent form").fill("2.1")
    go(page, page.get_by_role("button", name="Record consent"))
    for box in page.get_by_role("checkbox").all():
        box.check()
    go(page, page.get_by_role("button", name="Randomize"))
    page.get_by_text(f"Randomized as 01-{before + 1:03d}").wait_for()
    kit = page.locator(".kit").inner_text()
    assert kit.isdigit()
    assert len(kit) == 8
    go(page, page.get_by_role("link", name=f"Go to 01-{before + 1:03d}"))
    assert kit in page.inner_text("main")
    go(page, page.get_by_role("link", name="Today"))
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
    own = ("/account/authenticator/", "/account/password/")
    for path in ("/", "/screening/", candidate, "/participants/", "/participants/01-003/", *own):
        page.goto(f"{demo.url}{path}")
        assert accessible(page) == [], path
        assert not page.evaluate(SIDEWAYS), path


def test_an_error_stands_beside_its_field_and_what_was_typed_stays(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/screening/")
    go(page, page.locator("tbody a").nth(4))
    page.get_by_label("Version of the consent form").fill("2.1")
    page.get_by_label("Signed on").fill("2099-01-01")
    go(page, page.get_by_role("button", name="Record consent"))
    assert page.get_by_label("Version of the consent form").input_value() == "2.1"
    described = page.get_by_label("Signed on").get_attribute("aria-describedby") or ""
    assert "lies in the future" in page.locator("#" + described.split()[-1]).inner_text()
    assert accessible(page) == []


def test_after_signing_out_the_back_button_shows_nothing(page: playwright.Page, demo: Demo) -> None:
    """A12"""
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/participants/")
    sign_out(page)
    page.go_back()
    playwright.expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_participants_are_found_while_typing(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    page.goto(f"{demo.url}/participants/")
    page.get_by_label("Find an identifier").press_sequentially("007")
    playwright.expect(page.locator("tbody tr")).to_have_count(1)
    playwright.expect(page.locator("tbody tr")).to_contain_text("01-007")
