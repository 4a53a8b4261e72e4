"""Which code answers which reference case.

An adapter takes one case (a dict with `inputs`/`model`, `outputs`, `tolerance`) and raises AssertionError when Calor's
number is outside the case's tolerance. It is chosen by file and by a pattern on the case's id, so that a file with more
cases of the same kind than the ones shipped finds its adapter too.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Case = dict[str, Any]
Adapter = Callable[[Case], None]

SHIPPED = Path(__file__).parent / "cases"
FOLDER = Path(os.environ.get("CALOR_REFERENCE") or SHIPPED)

# By file and pattern, so that a module that the test runner imports twice registers once.
_ADAPTERS: dict[tuple[str, str], Adapter] = {}


def adapter(file: str, ids: str) -> Callable[[Adapter], Adapter]:
    """Register a function for the cases of `file` (no suffix) whose id matches `ids` from its start to its end."""

    def register(function: Adapter) -> Adapter:
        _ADAPTERS[file, ids] = function
        return function

    return register


def find(file: str, case_id: str) -> Adapter | None:
    """Return the one adapter of a case, or None; two adapters for one case are a mistake."""
    found = [f for (name, ids), f in _ADAPTERS.items() if name == file and re.fullmatch(ids, case_id)]
    if len(found) > 1:
        raise LookupError(f"{len(found)} adapters claim {file}:{case_id}")
    return found[0] if found else None


def data_file(name: str) -> Path:
    """Return the path of a case's data file in the folder in use, skipping where it may not be shipped."""
    import pytest  # noqa: PLC0415

    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{name} is not in {FOLDER.name}; set CALOR_REFERENCE")
    return path


def number(value: Any) -> float:
    """Read a scalar that may be a one-element list, a numeric string, None, "NA", "Inf" or "-Inf"."""
    if isinstance(value, list):
        (value,) = value
    if value is None or value == "NA":
        return math.nan
    return float(value)


def close(got: float, want: Any, tolerance: float, what: str) -> None:
    """Assert |got - want| <= tolerance * max(1, |want|); infinities and missing values must match exactly."""
    expected = number(want)
    if math.isnan(expected) or math.isinf(expected):
        same = math.isnan(got) if math.isnan(expected) else got == expected
        assert same, f"{what}: got {got}, reference {expected}"
        return
    allowed = tolerance * max(1.0, abs(expected))
    assert abs(got - expected) <= allowed, f"{what}: got {got!r}, reference {expected!r}, allowed {allowed:.1e}"
