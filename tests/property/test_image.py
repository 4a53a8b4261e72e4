"""Laws of SUV, TBR and agreement."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from calor.image.decay import decay_factor
from calor.image.index_vessel import active_tbr, freeze, index_of
from calor.image.intraclass_correlation import FORMS, intraclass_correlation
from calor.image.most_diseased_segment import most_diseased_segment
from calor.image.pet_header import PetHeader
from calor.image.slice_uptake import SliceUptake
from calor.image.suv import suv
from calor.image.suv_factor import suv_factor
from calor.image.tbr import VesselTbr, vessel_tbr
from calor.protocol.imaging import Imaging, Segment

SCAN = datetime(2025, 1, 1, 11)  # noqa: DTZ001  (DICOM times have no zone)
GOOD = PetHeader(
    "BQML", "START", ("DECY", "ATTN"), SCAN, SCAN, half_life_s=6586.2, dose=3.5e8, injected_time=time(10),
    weight_kg=70.0, frame_s=300.0,
)  # fmt: skip
slices = hnp.arrays(float, st.integers(3, 12), elements=st.floats(0.5, 6))
DEFINITION = Imaging(vessels=("aorta", "carotid"), active_threshold=1.6)


@given(hnp.arrays(float, 5, elements=st.floats(0, 1e5)), st.floats(0.1, 10))
def test_suv_is_linear_in_activity(activity: np.ndarray, scale: float) -> None:
    one = suv(activity, weight_kg=70, injected_bq=3e8, uptake_s=3600)
    assert suv(scale * activity, weight_kg=70, injected_bq=3e8, uptake_s=3600) == pytest.approx(scale * one)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_decay_over_two_times_is_the_product(one: float, other: float) -> None:
    product = decay_factor(one, 6586.2) * decay_factor(other, 6586.2)
    assert decay_factor(one + other, 6586.2) == pytest.approx(product)


@given(st.integers(-20_000, 20_000))
def test_moving_every_time_by_the_same_shift_leaves_the_factor(minutes: int) -> None:
    shift = timedelta(minutes=minutes)
    injected = (SCAN - timedelta(hours=1) + shift).time()
    moved = replace(GOOD, series_at=SCAN + shift, acquired_at=SCAN + shift, injected_time=injected)
    assert suv_factor([moved]).per_slice[0] == pytest.approx(suv_factor([GOOD]).per_slice[0])


@given(st.permutations(range(5)))
def test_the_order_of_slices_does_not_change_their_factors(order: list[int]) -> None:
    stack = [
        replace(GOOD, decay_correction="NONE", corrected=("ATTN",), acquired_at=SCAN + timedelta(minutes=i))
        for i in range(5)
    ]
    assert suv_factor([stack[i] for i in order]).per_slice == pytest.approx(suv_factor(stack).per_slice[order])


def vessel(name: str, suv_max: np.ndarray) -> VesselTbr:
    n = suv_max.size
    return vessel_tbr(
        SliceUptake(name, np.arange(n), 3.0 * np.arange(n), np.ones(n, int), suv_max, suv_max), 1.2, DEFINITION
    )


@given(slices, slices, slices, slices)
def test_no_follow_up_changes_the_choice_or_other_slices(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray
) -> None:
    choice = freeze([{"aorta": vessel("aorta", a), "carotid": vessel("carotid", b)}], ("aorta", "carotid"))
    later = {"aorta": vessel("aorta", c), "carotid": vessel("carotid", d)}
    assert index_of(later, choice).mean_tbr_max == pytest.approx((c if choice.vessel == "aorta" else d).mean() / 1.2)
    active = active_tbr(later, choice)
    assert (active is None) == (max(a.max(), b.max()) / 1.2 < 1.6 - 1e-9)


@given(slices)
def test_the_segment_lies_between_mean_and_maximum(values: np.ndarray) -> None:
    for rule in (Segment(rule="best"), Segment(at_end="shift"), Segment()):
        assert most_diseased_segment(values, rule).mean <= values.max() + 1e-12
    best = most_diseased_segment(values, Segment(rule="best")).mean
    assert best >= most_diseased_segment(values, Segment(at_end="shift")).mean - 1e-12


@given(hnp.arrays(float, (6, 3), elements=st.floats(1, 4)), st.floats(0.5, 3), st.floats(-5, 5))
def test_correlation_ignores_unit_and_origin(ratings: np.ndarray, scale: float, shift: float) -> None:
    ratings = np.round(ratings, 2)
    if np.ptp(ratings.mean(axis=1)) < 0.1 or np.ptp(ratings - ratings.mean(axis=1, keepdims=True)) < 0.1:
        return
    for form in FORMS:
        one, two = (intraclass_correlation(r, form) for r in (ratings, scale * ratings + shift))
        assert one.estimate == pytest.approx(two.estimate, rel=1e-6, abs=1e-8)
        assert one.lower is not None and one.estimate is not None and one.upper is not None
        assert one.lower <= one.estimate + 1e-9 <= one.upper + 2e-9
