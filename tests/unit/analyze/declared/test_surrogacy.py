"""The declared surrogacy takes other trials from the protocol and foretells from this trial's own effect."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analyze.declared.declared_trial import declare, find, section

from calor.analyze.benefit.surrogacy import surrogacy

TRIALS = [(-0.30, -0.31), (-0.22, -0.20), (-0.15, -0.17), (-0.10, -0.08), (-0.05, -0.06), (0.0, 0.01)]
LINES = "\n".join(
    f'    {{ trial = "Made-up {i}", biomarker = {x}, endpoint = {y}, endpoint_se = 0.04 }},'
    for i, (x, y) in enumerate(TRIALS, start=1)
)
SURROGACY = f"""role = "exploratory"
method = "surrogacy"
outcome = "log hazard ratio of infarction"
trials = [
{LINES}
]
"""
PROTOCOL = declare("foretold", SURROGACY)


def test_prediction_is_the_regression_across_trials_at_this_trials_effect() -> None:
    finding = find("foretold", PROTOCOL)
    x, y = np.array(TRIALS).T
    found = surrogacy(x, y, np.full(len(x), 0.04))
    own = find("primary").to_frame()["estimate"].iloc[0]
    foretold = finding.tables["prediction"].iloc[0]
    assert foretold["x"] == pytest.approx(own)
    assert (foretold["y"], foretold["lower"], foretold["upper"]) == pytest.approx(found.predict(own))
    assert f"R squared {found.r_squared:.2f}" in finding.sentences[0]


def test_it_is_exploratory_and_says_that_the_trials_are_others() -> None:
    shown = section(find("foretold", PROTOCOL))
    assert "from other trials" in shown.title
    assert shown.figures[0].title == "This trial's effect on index-vessel TBRmax foretells an effect on the outcome."
    assert [row[0] for row in shown.tables[0].rows][-1] == "This trial, foretold"
    assert any("need not hold" in note for note in shown.notes)
