"""Write docs/validation.md: every reference case that this installation can read, and whether Calor agrees with it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
import scipy

import calor

PAGE = Path(__file__).parent / "validation.md"
TESTS = (
    "tests/reference/test_reference.py",
    "tests/reference/test_imaging_reference.py",
    "tests/spec/test_ehr_cases.py",
)
HAND_WRITTEN = "health records, hand-written cases"
MUST_REFUSE = "imaging, what must be refused"
WORDS = {"passed": "agrees", "failed": "**differs**", "skipped": "not tried"}


class Results:
    """What became of each case, by file and id."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, str], tuple[str, str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the outcome of one case, and why it was not tried."""
        test, _, name = report.nodeid.partition("[")
        if not name or (report.when != "call" and report.outcome != "skipped"):
            return
        file, colon, case = name[:-1].partition(":")
        if "test_ehr_cases" in test:
            engine = "plain Python" if "obvious" in test else "compiled expression"
            file, case = HAND_WRITTEN, f"{name[:-1]} ({engine})"
        elif not colon:
            file, case = MUST_REFUSE, file
        why = str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else ""
        self.of[file, case] = (report.outcome, why.removeprefix("Skipped: "))


def made_with(folder: Path, file: str) -> dict[str, str]:
    """Return by case id the call and the software that made the reference number."""
    path = folder / f"{file}.json"
    content: Any = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    cases = content if isinstance(content, list) else content.get("cases", [])
    return {case["id"]: _source(case) for case in cases if isinstance(case, dict) and "id" in case}


def _source(case: dict[str, Any]) -> str:
    source = case.get("source") or ""
    if isinstance(source, dict):
        source = f"{source.get('package', '')} {source.get('version', '')}"
    words = [str(case.get("function") or case.get("model") or case.get("what") or ""), source]
    text = "; ".join(word for word in words if word).replace("|", "/").replace("\n", " ").replace("`", "'")
    return text if len(text) <= 110 else f"{text[:109]}…"


def page(results: Results, folder: Path) -> str:
    """Return the page: a summary, then each case by file."""
    total = Counter(outcome for outcome, _ in results.of.values())
    versions = (
        f"Calor {calor.__version__}, numpy {np.__version__}, scipy {scipy.__version__}, numba {numba.__version__}"
    )
    text = f"""# Validation

{len(results.of)} comparisons with numbers of other software, closed forms and hand-written answers:
{total["passed"]} agree, {total["failed"]} differ, {total["skipped"]} not tried ({versions}).

Agreement is judged within the tolerance that each case states. The adapters in `tests/reference/adapters/` say where a
source is known to be off and how it was read. To try more cases, name a folder of them:
`CALOR_REFERENCE=folder make docs`.

Calor has not been validated for use in a regulated trial; this page is evidence for those who do that.
"""
    for file in sorted({file for file, _ in results.of}):
        sources = made_with(folder, file)
        cases = {case: result for (name, case), result in results.of.items() if name == file}
        agree = sum(outcome == "passed" for outcome, _ in cases.values())
        text += f"\n## {file}\n\n{agree} of {len(cases)} agree.\n\n| case | made with | result |\n|---|---|---|\n"
        for case, (outcome, why) in cases.items():
            text += f"| `{case}` | {sources.get(case, '')} | {WORDS[outcome]}{': ' + why if why else ''} |\n"
    return text


def main() -> int:
    """Run the reference cases and write the page; exit with 1 when one differs."""
    results = Results()
    code = pytest.main([*TESTS, "-q", "-p", "no:cacheprovider"], plugins=[results])
    from tests.reference.registry import FOLDER  # noqa: PLC0415

    PAGE.write_text(page(results, FOLDER), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main())
