from __future__ import annotations

import math

import numpy as np
import pytest

from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float64(2)])
def test_a_whole_number_is_taken_whatever_holds_it(value: float) -> None:
    assert whole_number("draws", value, least=2, fix="Use 100.") == 2


@pytest.mark.parametrize("value", [1, 2.5, math.nan, math.inf, True, None, "2"])
def test_anything_else_is_refused(value: object) -> None:
    with pytest.raises(AnalysisError, match="`draws` must be a whole number from 2"):
        whole_number("draws", value, least=2, fix="Use 100.")
