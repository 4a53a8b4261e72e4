"""PET/CT of the reconstructed IVORY: TBRmax whose analysis of covariance equals the published one.

Reference: American Heart Association Scientific Sessions 2024, abstract 4144964.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.stats import t as student_t

from calor.simulate.exact_moments import residuals_with
from calor.simulate.ivory_model import IvoryModel

REGIONS = {"TBRASC": "Ascending aorta", "TBRLCAR": "Left carotid artery", "TBRRCAR": "Right carotid artery"}
_REGION_SHARES = (0.6, 0.2, 0.2)


@dataclass(frozen=True)
class PublishedAncova:
    """A published difference with its interval, and the placebo mean that its percentage implies."""

    difference: float
    half_width: float
    placebo_mean: float


# -0.171 (-0.308 to -0.034), p = 0.015, -7.7 %; and -0.185 (-0.323 to -0.0478), p = 0.009, -8.3 %
INDEX_VESSEL = PublishedAncova(-0.171, 0.137, 2.221)
ACTIVE_SLICES = PublishedAncova(-0.1854, 0.1376, 2.234)


def scans(rng: np.random.Generator, table: pd.DataFrame, model: IvoryModel) -> pd.DataFrame:
    """Measure every participant at baseline and every completer at day 61.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> rng = np.random.default_rng(1)
    >>> int(scans(rng, baseline(rng, IvoryModel()), IvoryModel())["TBRIDX_1"].notna().sum())
    60

    Args:
        rng: Random generator.
        table: The baseline, from `ivory_baseline.baseline`.
        model: Slopes and correlations that are not published.

    Returns:
        One row per participant: `vessel`, the index vessel, and baseline and follow-up (NaN without a scan) of each
        parameter in columns such as `TBRIDX_0` and `TBRIDX_1`.
    """
    n, done = len(table), table["completer"].to_numpy()
    active = table["active"].to_numpy()
    index = table["tbr"].to_numpy()
    slices = np.maximum(index + 0.12 + 0.10 * np.abs(rng.standard_normal(n)), 2.02 + 0.06 * rng.random(n)).round(4)
    noise = rng.standard_normal(n)
    made = {"TBRIDX_0": index, "TBRACT_0": slices}
    made["TBRIDX_1"] = _scatter(done, _index_follow_up(table[done], noise[done], model))
    similar = 0.85 * noise + 0.5 * rng.standard_normal(n)
    made["TBRACT_1"] = _scatter(done, _follow_up(slices[done], active[done], similar[done], ACTIVE_SLICES, model.slope))
    return pd.DataFrame(made | _regions(rng, index, made["TBRIDX_1"]))


def _scatter(done: Bool[np.ndarray, " n"], values: Float[np.ndarray, " m"]) -> Float[np.ndarray, " n"]:
    out = np.full(len(done), np.nan)
    out[done] = values
    return out


def _design(base: Float[np.ndarray, " n"], active: Bool[np.ndarray, " n"]) -> Float[np.ndarray, "n 3"]:
    return np.column_stack([np.ones(len(base)), base - base.mean(), active.astype(float)])


def _sum_of_squares(design: Float[np.ndarray, "n 3"], published: PublishedAncova) -> float:
    """Return the residual sum of squares that gives the difference its published interval."""
    df = design.shape[0] - design.shape[1]
    se = published.half_width / student_t.ppf(0.975, df)
    return float(se**2 / np.linalg.inv(design.T @ design)[2, 2] * df)


def _follow_up(
    base: Float[np.ndarray, " n"],
    active: Bool[np.ndarray, " n"],
    noise: Float[np.ndarray, " n"],
    published: PublishedAncova,
    slope: float,
) -> Float[np.ndarray, " n"]:
    design = _design(base, active)
    residuals = residuals_with(noise, design, _sum_of_squares(design, published))
    follow_up: Float[np.ndarray, " n"] = design @ [published.placebo_mean, slope, published.difference] + residuals
    return follow_up.round(4)


def _index_follow_up(table: pd.DataFrame, noise: Float[np.ndarray, " n"], model: IvoryModel) -> Float[np.ndarray, " n"]:
    """Make index-vessel follow-up with the published difference and the model's two interactions.

    Each interaction is that of its own model (TBR: baseline, arm, product; hs-CRP: these two, log hs-CRP, product), so
    the products with the residuals follow from the slopes wanted.
    """
    base, active = table["tbr"].to_numpy(), table["active"].to_numpy()
    log_hscrp = np.log(table["hscrp"].to_numpy())
    design = _design(base, active)
    extra = np.column_stack([log_hscrp, active * log_hscrp, active * base])
    left = extra - design @ np.linalg.lstsq(design, extra, rcond=None)[0]
    shared = model.hscrp_tbr_correlation
    by_log_hscrp = model.by_log_hscrp + model.by_tbr * shared * model.tbr_sd / model.hscrp_log_sd
    by_tbr = model.by_tbr + model.by_log_hscrp * shared * model.hscrp_log_sd / model.tbr_sd
    hscrp, tbr = left[:, :2], left[:, 2]
    products = np.append(hscrp.T @ hscrp @ [0.0, by_log_hscrp], tbr @ tbr * by_tbr)
    residuals = residuals_with(noise, design, _sum_of_squares(design, INDEX_VESSEL), extra, products)
    beta = [INDEX_VESSEL.placebo_mean, model.slope, INDEX_VESSEL.difference]
    follow_up: Float[np.ndarray, " n"] = design @ beta + residuals
    return follow_up.round(4)


def _regions(
    rng: np.random.Generator, index: Float[np.ndarray, " n"], follow_up: Float[np.ndarray, " n"]
) -> dict[str, object]:
    """Give every region its TBRmax; the index vessel is the one with the highest baseline."""
    n = len(index)
    names = list(REGIONS)
    chosen = rng.choice(len(names), size=n, p=_REGION_SHARES)
    made: dict[str, object] = {"vessel": np.array(list(REGIONS.values()))[chosen]}
    for i, name in enumerate(names):
        below = 0.04 + 0.18 * np.abs(rng.standard_normal(n))
        later = below * 0.6 + 0.10 * rng.standard_normal(n)
        made[f"{name}_0"] = np.where(chosen == i, index, index - below).round(4)
        made[f"{name}_1"] = np.where(chosen == i, follow_up, follow_up - later).round(4)
    return made
