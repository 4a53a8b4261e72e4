"""What measurements are refused at the door."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calor.analyze.mixed.covariance.structures import residual_variances, spatial_covariance, visit_covariance
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.errors import AnalysisError


def measured() -> Longitudinal:
    rng = np.random.default_rng(1)
    who, when = np.repeat(np.arange(6), 2), np.tile([0, 1], 6)
    design = np.column_stack([np.ones(12), when])
    return Longitudinal(
        rng.normal(size=12), design, ("intercept", "later"), who, when, np.zeros(6, dtype=np.int64), np.ones(12)
    )


def test_infinite_values_and_weights_that_are_not_positive_are_refused() -> None:
    data = measured()
    with pytest.raises(AnalysisError, match="`response` must be finite"):
        replace(data, response=np.where(np.arange(12) == 3, np.inf, data.response))
    with pytest.raises(AnalysisError, match="`later` must be finite"):
        replace(data, design=np.where(np.arange(24).reshape(12, 2) == 3, np.nan, data.design))
    with pytest.raises(AnalysisError, match="`weights` must be positive"):
        replace(data, weight=np.zeros(12))


def test_two_measurements_on_one_occasion_are_refused() -> None:
    with pytest.raises(AnalysisError, match="one measurement per occasion"):
        replace(measured(), occasion=np.zeros(12, dtype=np.int64))


def test_more_coefficients_than_measurements_are_refused() -> None:
    data = measured()
    wide = np.column_stack([data.design, np.eye(12)])
    with pytest.raises(AnalysisError, match="more measurements than the 14 coefficients"):
        replace(data, design=wide, names=tuple(map(str, range(14))))


def test_a_visit_without_spread_is_named() -> None:
    data = measured()
    flat = replace(data, response=np.where(data.occasion == 1, 2.0, data.response))
    with pytest.raises(AnalysisError, match="no spread at occasion 2"):
        residual_variances(flat)


def test_visits_in_one_place_have_no_spatial_covariance() -> None:
    data = replace(measured(), unit=np.arange(6))
    with pytest.raises(AnalysisError, match="set visits apart"):
        spatial_covariance("spatial exponential", data, np.zeros((6, 2, 1)))
    with pytest.raises(AnalysisError, match="name a spatial structure"):
        spatial_covariance("spatial", data, np.zeros((6, 2, 1)))  # type: ignore[arg-type]


def test_no_responses_at_all_are_refused() -> None:
    data = measured()
    empty = np.zeros(0, dtype=np.int64)
    with pytest.raises(AnalysisError, match="at least one measurement"):
        Longitudinal(np.zeros(0), np.zeros((0, 2)), data.names, empty, empty, empty, np.zeros(0))
    assert visit_covariance("compound symmetry", data).start.size == 2
