"""Every case in the folder that CALOR_REFERENCE names, against Calor."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.reference.registry import FOLDER, Case, find

for _path in sorted((Path(__file__).parent / "adapters").glob("*.py")):
    _spec = importlib.util.spec_from_file_location(f"adapters_{_path.stem}", _path)
    assert _spec is not None
    assert _spec.loader is not None
    _spec.loader.exec_module(importlib.util.module_from_spec(_spec))


def _cases() -> list[tuple[str, Case]]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        cases = content if isinstance(content, list) else content.get("cases", [])
        found += [(path.stem, case) for case in cases if isinstance(case, dict) and "id" in case]
    return found


@pytest.mark.parametrize(("file", "case"), [pytest.param(f, c, id=f"{f}:{c['id']}") for f, c in _cases()])
def test_reference_case_agrees(file: str, case: Case) -> None:
    run = find(file, case["id"])
    if run is None:
        pytest.skip("no adapter yet")
    run(case)
