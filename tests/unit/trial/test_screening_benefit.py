"""Predicted benefit comes from a finished trial's effect at the candidate's own value of the gate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.spec.ehr_cases import rules, write_records

from calor.analyze.benefit.effect_posterior import EffectPosterior
from calor.analyze.finding import Finding
from calor.errors import ScreenError
from calor.protocol.screening import BenefitModel
from calor.records.open import open_records
from calor.screen.facts import stage
from calor.screen.screened import Screened, screen
from calor.screen.worklist import worklist
from calor.trial import stored
from calor.trial.provenance import provenance
from calor.trial.screening_benefit import benefit_along_curve, benefit_of_model, benefit_of_posterior


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Screened:
    return screen(stage(open_records(write_records(tmp_path_factory.mktemp("cases"))), rules()), rules())


def interaction(scale: str = "log") -> Finding:
    """Give an effect of -0.1 at 1 mg/L and -0.3 at 4 mg/L, linear in the logarithm."""
    tables = {
        "curve": pd.DataFrame({"biomarker": [1.0, 4.0], "effect": [-0.1, -0.3]}),
        "axis": pd.DataFrame([{"biomarker": "hs-CRP", "unit": "mg/L", "scale": scale}]),
    }
    words = {"label": "TBR by hs-CRP", "role": "secondary", "kind": "interaction", "method": "ANCOVA", "estimand": ""}
    return Finding(id="by_crp", population="all", arms=(), sentences=(), tables=tables, **words)


def test_the_effect_is_read_at_the_candidates_own_value(found: Screened) -> None:
    values = found.answers.set_index("person_id")["crp_persistent__value"].dropna()
    benefit = benefit_along_curve(interaction(), found)
    assert set(benefit.index) == set(values[values > 0].index)
    inside = values[(values >= 1) & (values <= 4)]
    expected = 0.1 + 0.2 * np.log(inside) / np.log(4)
    assert benefit[inside.index].to_numpy() == pytest.approx(expected.to_numpy())


def test_the_line_is_not_continued_beyond_what_was_seen(found: Screened) -> None:
    benefit = benefit_along_curve(interaction(), found)
    assert benefit.max() <= 0.3 + 1e-12
    assert benefit.min() >= 0.1 - 1e-12


def test_a_higher_endpoint_may_be_the_better(found: Screened) -> None:
    lower, higher = (benefit_along_curve(interaction(), found, better=better) for better in ("lower", "higher"))
    assert (lower + higher).abs().max() == 0


def test_a_posterior_predicts_its_mean_and_leads_the_ranking(found: Screened) -> None:
    posterior = EffectPosterior({"crp": "log"}, np.array([0.0]), np.array([1.0]), np.array([[-0.1, -0.2]] * 3), n=60)
    benefit = benefit_of_posterior(posterior, found, "crp")
    value = found.answers.set_index("person_id")["crp_persistent__value"].astype(float)
    person = benefit.index[0]
    assert benefit[person] == pytest.approx(0.1 + 0.2 * np.log(value[person]))
    table = worklist(found, benefit)
    assert table["benefit_points"].max() == 50
    with pytest.raises(ScreenError, match="be over il6"):
        benefit_of_posterior(posterior, found, "il6")


def test_a_stored_interaction_is_named_by_the_protocol(found: Screened, tmp_path: Path) -> None:
    model = BenefitModel(finding="ivory/by_crp")
    with pytest.raises(ScreenError, match="stored interaction"):
        benefit_of_model(tmp_path, model, found)
    stored.store(tmp_path / "ivory/by_crp", interaction(), provenance({}))
    benefit, words = benefit_of_model(tmp_path, model, found)
    assert benefit.notna().all()
    assert "TBR by hs-CRP" in words


def test_a_finding_without_a_curve_is_refused(found: Screened) -> None:
    with pytest.raises(ScreenError, match="curve of the effect"):
        benefit_along_curve(Finding(**{**vars(interaction()), "tables": {}}), found)
