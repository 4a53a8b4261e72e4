"""The what-if page as a file: all of it inside, and nothing in it that is not its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from calor.errors import ReportError
from calor.report.what_if_page import ROWS, WhatIfPage


def _grid() -> dict[str, Any]:
    metrics = [*(row.metric for row in ROWS), "assurance_se", "feasible"]
    return {
        "metrics": metrics,
        "cutoffs": [1.0, 2.0],
        "repeats": [{"window": "month", "tests": 1, "interval_days": 0, "words": "once"}],
        "links": [0.8],
        "rates": [1.0],
        "stated": {"link": 0.8, "rate": 1.0},
        "shape": [1, 2, 1, 1, len(metrics)],
        "values": [0.5] * (2 * len(metrics)),
    }


PAGE = WhatIfPage(
    title="What if?",
    subtitle="After A",
    grid=_grid(),
    windows={"month": "30 to 120 days"},
    start=(0, 1),
    start_label="Recommended",
    biomarker=("hs-CRP", "mg/L"),
    unit="euro",
    limits="72 months",
    power=0.9,
)


def test_the_policy_lets_only_the_pages_own_script_run() -> None:
    page = PAGE.to_html()
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|src=", page)


def test_a_name_cannot_end_the_data_and_start_a_script() -> None:
    page = replace(PAGE, biomarker=("</script><script>alert(1)</script>", "mg/L")).to_html()
    assert page.count("<script") == 2
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["biomarker"] == "</script><script>alert(1)</script>"


def test_a_grid_without_a_row_that_the_page_shows_is_refused() -> None:
    grid = {**_grid(), "metrics": ["power"]}
    with pytest.raises(ReportError, match="grid"):
        replace(PAGE, grid=grid)
