"""The declared effect curve has the form that the protocol names, and says where an effect is shown."""

from __future__ import annotations

import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, find, section

from calor.analyze.declared.effect_curve import FORMS
from calor.protocol.analyses import EffectCurveAnalysis

STEPP = 'form = "stepp"\nwindow = [25, 15]\npermutations = 400\nseed = 3'
POLYNOMIAL = 'form = "fractional_polynomial"'


def _of_form(form: str) -> str:
    return IVORY.replace('form = "spline"', form)


def test_every_form_a_protocol_may_name_has_a_function() -> None:
    assert set(FORMS) == set(EffectCurveAnalysis.model_fields["form"].annotation.__args__)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("form", "method"),
    [
        ('form = "spline"', "restricted cubic spline"),
        (POLYNOMIAL, "fractional polynomial"),
        (STEPP, "STEPP, 5 windows"),
    ],
)
def test_form_is_the_declared_one_and_is_drawn(form: str, method: str) -> None:
    finding = find("curve_by_hs_crp", _of_form(form))
    assert finding.method.startswith(method)
    assert finding.to_frame()["n"].iloc[0] == 60
    curve = finding.tables["curve"]
    assert (curve["lower"] < curve["effect"]).all()
    assert section(finding).figures[0].to_svg().startswith("<svg")


def test_region_in_words_lies_within_the_participants() -> None:
    finding = find("curve_by_hs_crp")
    region = finding.tables["regions"].iloc[0]
    baselines = finding.tables["participants"]["MODIFIER"]
    inside = baselines.between(region["lower"] * (1 - 1e-9), region["upper"] * (1 + 1e-9)).mean()
    assert inside == pytest.approx(region["participants"])
    assert f"{100 * inside:.0f} % of participants" in finding.sentences[1]


def test_permutations_repeat_with_the_seed_and_move_with_another() -> None:
    first, again = (find("curve_by_hs_crp", _of_form(STEPP)).p_values for _ in range(2))
    assert first == again
    assert find("curve_by_hs_crp", _of_form(STEPP.replace("seed = 3", "seed = 4"))).p_values != first


def test_the_endpoints_own_baseline_may_be_the_modifier() -> None:
    text = IVORY.replace('form = "spline"\nmodifier = "hs_crp"', 'form = "spline"\nmodifier = "BASE"')
    assert text != IVORY
    assert "baseline index-vessel TBRmax" in find("curve_by_hs_crp", text).sentences[1]
