"""What all tests share: where real data lie, and the count of reference cases."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("calor", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("calor")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many reference cases passed, failed and have no adapter yet."""

    def cases(outcome: str) -> list[pytest.TestReport]:
        return [r for r in terminalreporter.stats.get(outcome, []) if "test_reference_case_agrees" in r.nodeid]

    passed, failed, skipped = cases("passed"), cases("failed"), cases("skipped")
    missing = [r for r in skipped if "no adapter yet" in str(r.longrepr)]
    if passed or failed or skipped:
        terminalreporter.write_line(
            f"reference cases: {len(passed)} passed, {len(failed)} failed, {len(missing)} without an adapter yet, "
            f"{len(skipped) - len(missing)} whose data file is not in the folder"
        )


@pytest.fixture(scope="session")
def calor_data() -> Path:
    """The folder of real data that CALOR_DATA names; the test is skipped where it is absent."""
    folder = os.environ.get("CALOR_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CALOR_DATA names no folder: real data are not here")
    return Path(folder)
