"""Agreement and repeatability: intervals as published, and limits of what can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.errors import ImageError
from calor.image.bland_altman import bland_altman
from calor.image.intraclass_correlation import FORMS, Form, all_forms, intraclass_correlation
from calor.image.repeatability import participants_per_arm, repeatability, repeatability_by

SHROUT_FLEISS = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])

# R's psych::ICC on the same table, as its manual prints it
INTERVALS: dict[Form, tuple[float, float]] = {
    "ICC1_1": (-0.133, 0.723),
    "ICC2_1": (0.019, 0.761),
    "ICC3_1": (0.342, 0.946),
    "ICC1_k": (-0.884, 0.912),
    "ICC2_k": (0.071, 0.927),
    "ICC3_k": (0.676, 0.986),
}


@pytest.mark.parametrize("form", FORMS)
def test_intervals_are_those_of_psych(form: Form) -> None:
    found = intraclass_correlation(SHROUT_FLEISS, form)
    assert (found.lower, found.upper) == pytest.approx(INTERVALS[form], abs=0.0011)


def test_equal_ratings_have_no_correlation_and_say_why() -> None:
    found = intraclass_correlation(np.full((4, 2), 2.0), "ICC2_1")
    assert found.estimate is None
    assert "no variance" in str(found)


def test_perfect_consistency_with_a_shift_is_no_agreement() -> None:
    table = all_forms(np.array([[2.0, 3], [3, 4], [4, 5]])).set_index("form")
    assert table.loc["ICC3_1", "estimate"] == 1
    assert table.loc["ICC2_1", "estimate"] == pytest.approx(2 / 3)
    assert table["lower"].notna().all()


def test_missing_reads_are_refused() -> None:
    with pytest.raises(ImageError, match="full table"):
        intraclass_correlation(np.array([[1.0, np.nan], [2, 3]]))
    with pytest.raises(ImageError, match="full pairs"):
        bland_altman(np.array([1.0]), np.array([1.0]))


def test_repeatability_is_by_vessel_and_reader() -> None:
    reads = pd.DataFrame({
        "vessel": ["aorta"] * 4 + ["carotid"] * 4, "reader": "A", "scan": [1, 1, 2, 2] * 2,
        "tbr": [2.0, 2.2, 1.5, 1.5, 3.0, 3.0, 1.0, 1.0],
    })  # fmt: skip
    table = repeatability_by(reads, ["vessel", "reader"], target="scan", value="tbr").set_index("vessel")
    assert table.loc["aorta", "within_sd"] == pytest.approx(0.1)
    assert table.loc["carotid", "coefficient"] == 0
    with pytest.raises(ImageError, match="as many"):
        repeatability_by(reads.iloc[:3], ["vessel"], target="scan", value="tbr")


def test_more_than_two_reads_pool_their_variances() -> None:
    assert repeatability(np.array([[1.0, 2, 3], [5, 5, 5]])).within_sd == pytest.approx(np.sqrt(0.5))


def test_a_second_read_saves_participants() -> None:
    one = participants_per_arm(0.17, between_sd=0.3, within_sd=0.15)
    assert participants_per_arm(0.17, between_sd=0.3, within_sd=0.15, reads=2) < one
    with pytest.raises(ImageError):
        participants_per_arm(0.0, between_sd=0.3, within_sd=0.15)
