"""A laboratory's file brought in and an export taken out, in a real browser."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from tests.browser.conftest import Demo
from tests.browser.test_coordinator import SIDEWAYS, accessible, sign_in

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

HEADER = "participant,visit,analyte,value,unit,upper_limit"


@pytest.fixture
def page(chromium: playwright.Browser) -> Iterator[playwright.Page]:
    """A window of a telephone's width, where a table is most likely too wide."""
    context = chromium.new_context(viewport={"width": 390, "height": 800}, accept_downloads=True)
    yield context.new_page()
    context.close()


def _preview(page: playwright.Page, demo: Demo, *rows: str) -> None:
    page.goto(f"{demo.url}/laboratory-files/")
    content = "\n".join([HEADER, *rows]).encode()
    page.get_by_label("Laboratory file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="Show what it would change").click()
    page.get_by_role("heading", name="What this file would change").wait_for()


def test_a_laboratory_file_is_looked_at_mended_and_imported(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "coordinator")
    good = ("01-001,V8,ALT,33.5,U/L,40", "01-001,V8,EOS,0.31,10*9/L,")
    _preview(page, demo, *good, "01-777,V8,ALT,30,U/L,40")
    refused = page.get_by_role("group", name="Refused rows").locator("tbody").inner_text()
    assert refused.startswith("4\tParticipant must be a randomized participant of your sites")
    assert page.get_by_role("button", name="Import").count() == 0
    _preview(page, demo, *good)
    assert (accessible(page), page.evaluate(SIDEWAYS)) == ([], False)
    assert "0.31" not in page.content()
    page.get_by_label("Reason for the corrections").fill("Repeated test")
    page.get_by_role("button", name="Import 1 value").click()
    page.get_by_text("0 new, 1 changed, 0 unchanged, 1 handed on").wait_for()
    page.goto(f"{demo.url}/participants/01-001/visits/V8/")
    assert page.get_by_label("ALT [U/L]", exact=True).input_value() == "33.5"


def test_an_export_is_downloaded_and_its_digest_listed(page: playwright.Page, demo: Demo) -> None:
    sign_in(page, demo, "statistician")
    page.goto(f"{demo.url}/exports/")
    assert (accessible(page), page.evaluate(SIDEWAYS)) == ([], False)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV tables").click()
    assert download.value.suggested_filename.endswith("-csv-blinded.zip")
    digest = hashlib.sha256(download.value.path().read_bytes()).hexdigest()
    page.reload()
    assert digest in page.inner_text("main")
