"""Kenward-Roger where the exact answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.mixed.covariance.structures import visit_covariance
from calor.analyze.mixed.kenward_roger import Form, kenward_roger
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import fit_marginal_model
from calor.analyze.mixed.satterthwaite import joint_df
from calor.errors import AnalysisError


def complete(participants: int, visits: int, seed: int) -> tuple[Longitudinal, np.ndarray]:
    values = np.random.default_rng(seed).normal(size=(participants, visits)) + np.arange(visits)
    who, when = np.repeat(np.arange(participants), visits), np.tile(np.arange(visits), participants)
    names = tuple(f"visit {k}" for k in range(visits))
    unit = np.zeros(participants, dtype=np.int64)
    return Longitudinal(values.reshape(-1), np.eye(visits)[when], names, who, when, unit, np.ones(who.size)), values


@pytest.mark.parametrize(("participants", "visits"), [(8, 2), (12, 3), (20, 4)])
@pytest.mark.parametrize("form", ["linear", "SAS"])
def test_complete_unstructured_data_give_hotellings_test_exactly(participants: int, visits: int, form: Form) -> None:
    data, values = complete(participants, visits, seed=participants)
    test = kenward_roger(fit_marginal_model(data, visit_covariance("unstructured", data)), form=form).joint(
        np.eye(visits)
    )
    mean = values.mean(axis=0)
    t_square = participants * mean @ np.linalg.solve(np.cov(values.T), mean)
    assert test.denominator_df == pytest.approx(participants - visits, rel=1e-6)
    assert test.statistic == pytest.approx(t_square * (participants - visits) / (visits * (participants - 1)), rel=1e-6)


def test_a_single_visit_mean_has_n_minus_one_degrees_of_freedom() -> None:
    data, values = complete(10, 3, seed=1)
    result = kenward_roger(fit_marginal_model(data, visit_covariance("unstructured", data)), form="linear")
    first = np.array([1.0, 0.0, 0.0])
    assert result.df(first) == pytest.approx(9.0)
    assert first @ result.vcov @ first == pytest.approx(values[:, 0].var(ddof=1) / 10)


def test_maximum_likelihood_is_refused() -> None:
    data, _ = complete(10, 3, seed=1)
    fit = fit_marginal_model(data, visit_covariance("unstructured", data), method="ML")
    with pytest.raises(AnalysisError, match="after ML"):
        kenward_roger(fit)


def test_too_few_participants_for_a_joint_test_are_refused() -> None:
    data, _ = complete(4, 3, seed=2)
    result = kenward_roger(fit_marginal_model(data, visit_covariance("unstructured", data)), form="linear")
    with pytest.raises(AnalysisError, match="so few participants"):
        result.joint(np.eye(3))


def test_dependent_contrasts_are_refused() -> None:
    data, _ = complete(10, 3, seed=1)
    result = kenward_roger(fit_marginal_model(data, visit_covariance("unstructured", data)))
    with pytest.raises(AnalysisError, match="linearly independent"):
        result.joint(np.array([[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]))


def test_joint_satterthwaite_df_lie_between_the_directions() -> None:
    assert 10.0 < joint_df(np.array([10.0, 30.0])) < 30.0
    assert joint_df(np.array([1.5, 30.0])) == 2.0
