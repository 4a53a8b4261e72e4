"""Assurance of the next trial."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.benefit.assurance import NormalBelief, assurance
from calor.errors import AnalysisError


def test_it_is_the_share_of_simulated_trials_that_succeed() -> None:
    rng = np.random.default_rng(7)
    belief, se = NormalBelief(-0.1, 0.08), 0.05
    z = (rng.normal(belief.mean, belief.sd, 400_000) + rng.normal(0, se, 400_000)) / se
    simulated = float((z < -1.959964).mean())
    assert assurance(belief, se).assurance == pytest.approx(simulated, abs=4 * np.sqrt(0.25 / 400_000))


def test_a_certain_belief_has_its_power_as_assurance() -> None:
    result = assurance(NormalBelief(-0.1, 1e-9), 0.05)
    assert result.assurance == pytest.approx(result.power_at_mean)


def test_doubt_pulls_assurance_towards_a_half() -> None:
    sure, unsure = (assurance(NormalBelief(-0.2, sd), 0.05).assurance for sd in (0.05, 0.3))
    assert sure > unsure > 0.5


def test_the_direction_of_benefit_mirrors() -> None:
    lower = assurance(NormalBelief(-0.2, 0.1), 0.05)
    higher = assurance(NormalBelief(0.2, 0.1), 0.05, benefit="higher")
    assert lower == higher


def test_updating_is_a_precision_weighted_mean() -> None:
    belief = NormalBelief(0.0, 0.1).updated(-0.2, 0.1)
    assert (belief.mean, belief.sd) == pytest.approx((-0.1, 0.1 / 2**0.5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"next_se": 0.0}, "`next_se` must be positive"),
        ({"alpha": 5.0}, "`alpha` must lie between 0 and 1"),
        ({"benefit": "less"}, "`benefit` must be"),
    ],
)
def test_trials_that_cannot_succeed_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        assurance(NormalBelief(-0.1, 0.1), **{"next_se": 0.05, **arguments})  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="sd above 0"):
        NormalBelief(-0.1, 0.0)
