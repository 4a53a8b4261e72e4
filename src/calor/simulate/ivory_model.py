"""The model of an IVORY-like trial: what is drawn at random here is matched to the published summaries in `ivory.py`.

Reference: ClinicalTrials.gov NCT04241601; American Heart Association Scientific Sessions 2024, abstract 4144964.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr, ndtri

from calor.errors import SimulationError

_POSITIVE = ("tbr_sd", "residual_sd", "hscrp_median", "hscrp_log_sd", "event_hazard", "hazard_ratio", "follow_up_days")
_SHARES = ("lost_scan", "lost_follow_up")


@dataclass(frozen=True)
class IvoryModel:
    """Parameters of the model; the defaults are those of the reconstruction.

    Follow-up TBRmax = `placebo_mean` + `slope` (baseline - `tbr_mean`) + residual, and under aldesleukin + `effect`
    + `by_log_hscrp` (log hs-CRP - log `hscrp_median`) + `by_tbr` (baseline - `tbr_mean`).

    Attributes:
        tbr_mean: Mean of baseline index-vessel TBRmax, before the gate.
        tbr_sd: Its standard deviation.
        placebo_mean: Mean of follow-up TBRmax under placebo, at `tbr_mean`.
        slope: Follow-up on baseline TBRmax.
        residual_sd: Of follow-up given baseline.
        effect: Of aldesleukin on follow-up TBRmax, at `tbr_mean` and `hscrp_median`.
        by_log_hscrp: Change of the effect for each unit of log hs-CRP.
        by_tbr: Change of the effect for each unit of baseline TBRmax.
        hscrp_median: Median of hs-CRP before the gate [mg/L].
        hscrp_log_sd: Standard deviation of log hs-CRP before the gate.
        gate: Least hs-CRP that is randomized [mg/L]; 0 for no gate.
        hscrp_tbr_correlation: Between log hs-CRP and baseline TBRmax.
        event_hazard: Of recurrent infarction under placebo [per day].
        hazard_ratio: Of recurrent infarction, aldesleukin to placebo.
        lost_scan: Share without a follow-up scan.
        lost_follow_up: Share lost at a time spread evenly over follow-up.
        follow_up_days: Length of follow-up for recurrent infarction.
    """

    tbr_mean: float = 2.33
    tbr_sd: float = 0.275
    placebo_mean: float = 2.221
    slope: float = 0.5
    residual_sd: float = 0.258
    effect: float = -0.171
    by_log_hscrp: float = -0.12
    by_tbr: float = -0.3
    hscrp_median: float = 9.2
    hscrp_log_sd: float = 1.2
    gate: float = 2.0
    hscrp_tbr_correlation: float = 0.25
    event_hazard: float = -math.log1p(-3 / 27) / 730
    hazard_ratio: float = 0.5
    lost_scan: float = 3 / 63
    lost_follow_up: float = 5 / 60
    follow_up_days: float = 730

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if not math.isfinite(value):
                raise SimulationError.must(name, "be finite", value, fix="Give a number.")
            if name in _POSITIVE and value <= 0:
                raise SimulationError.must(name, "be positive", value, fix="Give a number above 0.")
            if name in _SHARES and not 0 <= value < 1:
                raise SimulationError.must(name, "lie in 0 to 1, 1 excluded", value, fix="Give a share.")
        if not -1 < self.hscrp_tbr_correlation < 1:
            got = self.hscrp_tbr_correlation
            raise SimulationError.must("hscrp_tbr_correlation", "lie between -1 and 1", got, fix="Lower it.")


@dataclass(frozen=True)
class DrawnTrial:
    """One trial drawn from the model, an array element per participant.

    Attributes:
        active: Whether allocated to aldesleukin.
        hscrp: Baseline hs-CRP [mg/L].
        tbr_baseline: Baseline index-vessel TBRmax.
        tbr_follow_up: Follow-up TBRmax; NaN where the scan is missing.
        time: Days to recurrent infarction or the end of follow-up.
        event: Whether an infarction was seen at `time`.
    """

    active: Bool[np.ndarray, " n"]
    hscrp: Float[np.ndarray, " n"]
    tbr_baseline: Float[np.ndarray, " n"]
    tbr_follow_up: Float[np.ndarray, " n"]
    time: Float[np.ndarray, " n"]
    event: Bool[np.ndarray, " n"]


def draw_trial(rng: np.random.Generator, model: IvoryModel, n_per_arm: int) -> DrawnTrial:
    """Draw one trial from the model.

    Args:
        rng: Random generator.
        model: Parameters.
        n_per_arm: Participants in each arm.

    Raises:
        SimulationError: `n_per_arm` is less than 2.

    >>> trial = draw_trial(np.random.default_rng(1), IvoryModel(), 30)
    >>> int(trial.active.sum()), bool((trial.hscrp >= 2).all())
    (30, True)
    """
    if n_per_arm < 2:
        raise SimulationError.must("n_per_arm", "be 2 or more", n_per_arm, fix="An arm of one has no variance.")
    n = 2 * n_per_arm
    active = rng.permutation(np.repeat([False, True], n_per_arm))
    z_hscrp = _above_gate(rng, model, n)
    hscrp = model.hscrp_median * np.exp(model.hscrp_log_sd * z_hscrp)
    rho = model.hscrp_tbr_correlation
    centered = model.tbr_sd * (rho * z_hscrp + math.sqrt(1 - rho**2) * rng.standard_normal(n))
    effect = model.effect + model.by_log_hscrp * np.log(hscrp / model.hscrp_median) + model.by_tbr * centered
    follow_up = model.placebo_mean + model.slope * centered + active * effect
    follow_up += model.residual_sd * rng.standard_normal(n)
    follow_up[rng.random(n) < model.lost_scan] = np.nan
    infarction = rng.exponential(1 / (model.event_hazard * np.where(active, model.hazard_ratio, 1.0)))
    lost = rng.random(n) < model.lost_follow_up
    end = np.where(lost, rng.random(n), 1.0) * model.follow_up_days
    return DrawnTrial(
        active, hscrp, model.tbr_mean + centered, follow_up, np.minimum(infarction, end), infarction <= end
    )


def _above_gate(rng: np.random.Generator, model: IvoryModel, n: int) -> Float[np.ndarray, " n"]:
    """Draw standardized log hs-CRP of candidates who pass the gate."""
    low = ndtr(math.log(model.gate / model.hscrp_median) / model.hscrp_log_sd) if model.gate > 0 else 0.0
    drawn: Float[np.ndarray, " n"] = ndtri(low + (1 - low) * rng.uniform(1e-12, 1, n))
    return drawn
