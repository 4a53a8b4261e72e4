"""Predicted benefit of candidates, from how a finished trial's effect depended on the gate's biomarker."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from calor.analyze.benefit.effect_posterior import EffectPosterior
from calor.analyze.finding import Finding
from calor.errors import ScreenError
from calor.protocol.screening import BenefitModel
from calor.screen.screened import Screened
from calor.trial import stored


def benefit_of_model(folder: Path, model: BenefitModel, screened: Screened) -> tuple[pd.Series[float], str]:
    """Return predicted benefit from a stored interaction, and a sentence on how far it reaches.

    Args:
        folder: The trial's folder.
        model: What the protocol names.
        screened: Answers of a screen.

    Raises:
        ScreenError: There is no such finding, or it holds no curve of the effect.
    """
    place = folder / model.finding
    if stored.fingerprint(place) is None:
        fix = "Run that trial's analyses, or correct [screening.benefit] finding."
        raise ScreenError.must("finding", "be a stored interaction", model.finding, fix=fix)
    finding = stored.load(place)
    benefit = benefit_along_curve(finding, screened, better=model.better)
    curve = finding.tables["curve"]["biomarker"]
    low, high = float(curve.min()), float(curve.max())
    values = _gate_values(screened)[benefit.index]
    beyond = int(((values < low) | (values > high)).sum())
    ends = f"; {beyond:,} values lie outside {low:.3g} to {high:.3g}, where the effect at that end was taken"
    return benefit, f"Benefit predicted by “{finding.label}”, {finding.method}{ends if beyond else ''}."


def benefit_along_curve(finding: Finding, screened: Screened, *, better: str = "lower") -> pd.Series[float]:
    """Return predicted benefit by `person_id`: the effect at each candidate's latest value of the gate.

    Beyond the biomarker's range in the finished trial the effect at that end is taken: a line is not continued there.

    Args:
        finding: Of an interaction, with the tables `curve` (`biomarker`, `effect`) and `axis` (`scale`).
        screened: Answers of a screen; who has no value has no prediction.
        better: Whether a lower or a higher value of the endpoint is better.

    Raises:
        ScreenError: The finding holds no curve.
    """
    if "curve" not in finding.tables or not {"biomarker", "effect"} <= set(finding.tables["curve"]):
        fix = "Name an analysis whose method is interaction."
        raise ScreenError.must("finding", "hold a curve of the effect", finding.kind, fix=fix)
    curve = finding.tables["curve"].sort_values("biomarker")
    log = "axis" in finding.tables and finding.tables["axis"]["scale"].iloc[0] == "log"
    values = _gate_values(screened)
    values = values[values > 0] if log else values
    scale = np.log if log else np.asarray
    effect = np.interp(scale(values), scale(curve["biomarker"]), curve["effect"])
    return pd.Series(-effect if better == "lower" else effect, values.index)


def benefit_of_posterior(
    posterior: EffectPosterior, screened: Screened, biomarker: str, *, better: str = "lower"
) -> pd.Series[float]:
    """Return predicted benefit by `person_id`: the posterior mean of the effect at the latest value of the gate.

    Args:
        posterior: Of the effect over this one biomarker.
        screened: Answers of a screen; who has no value has no prediction.
        biomarker: How the posterior calls the gate's biomarker.
        better: Whether a lower or a higher value of the endpoint is better.

    Raises:
        ScreenError: The posterior needs other biomarkers too.
    """
    if set(posterior.biomarkers) != {biomarker}:
        fix = "Fit it with that biomarker alone."
        raise ScreenError.must("posterior", f"be over {biomarker}", ", ".join(posterior.biomarkers), fix=fix)
    values = _gate_values(screened)
    values = values[values > 0] if posterior.biomarkers[biomarker] == "log" else values
    effect = posterior.effects(pd.DataFrame({biomarker: values.to_numpy()})).mean(axis=0)
    return pd.Series(-effect if better == "lower" else effect, values.index)


def _gate_values(screened: Screened) -> pd.Series[float]:
    """Return each candidate's latest value that counted for the gate."""
    rule = screened.rules.gate_rule
    if rule is None:
        fix = "Declare a biomarker_gate criterion."
        raise ScreenError.must("protocol", "have a gate to predict benefit from", "none", fix=fix)
    values = pd.Series(screened.answers[f"{rule.id}__value"].to_numpy(), screened.answers["person_id"])
    return values.dropna().astype(float)
