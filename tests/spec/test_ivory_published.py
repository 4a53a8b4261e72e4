"""The published table and results of IVORY, as printed, against what the reconstruction prints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from calor.simulate.ivory import reconstruct

ARMS = ("Placebo", "Aldesleukin")


def quartiles(column: str, median: int, ends: int) -> dict[str, str]:
    adsl = reconstruct()["adsl"].frame
    out = {}
    for arm in ARMS:
        q1, q2, q3 = np.quantile(adsl.loc[adsl["ARM"] == arm, column], [0.25, 0.5, 0.75])
        out[arm] = f"{q2:.{median}f} ({q1:.{ends}f}-{q3:.{ends}f})"
    return out


def mean_sd(column: str, mean: int, sd: int) -> dict[str, str]:
    groups = reconstruct()["adsl"].frame.groupby("ARM")[column]
    return {arm: f"{groups.mean()[arm]:.{mean}f} ({groups.std()[arm]:.{sd}f})" for arm in ARMS}


def count(column: str, value: str = "Y", *, percent: bool = False) -> dict[str, str]:
    adsl = reconstruct()["adsl"].frame
    held = (adsl[column] == value).groupby(adsl["ARM"])
    return {arm: f"{held.sum()[arm]}" + (f" ({held.mean()[arm]:.0%})" if percent else "") for arm in ARMS}


def age() -> dict[str, str]:
    groups = reconstruct()["adsl"].frame.groupby("ARM")["AGE"]
    return {a: f"{groups.median()[a]:g} ({groups.min()[a]:g}-{groups.max()[a]:g})" for a in ARMS}


def randomized() -> dict[str, str]:
    return {arm: str(n) for arm, n in reconstruct()["adsl"].frame["ARM"].value_counts().items()}


BASELINE = [
    ("randomized", "31", "32", randomized),
    ("both scans", "29", "31", lambda: count("FASFL")),
    ("age, median (range)", "55 (39-75)", "56.5 (34-73)", age),
    ("female", "7 (23%)", "3 (9%)", lambda: count("SEX", "F", percent=True)),
    ("BMI", "29.6 (5.8)", "29.8 (5.7)", lambda: mean_sd("BMIBL", 1, 1)),
    ("unstable angina", "0", "2", lambda: count("DIAG", "Unstable angina")),
    ("NSTEMI", "15 (48%)", "11 (34%)", lambda: count("DIAG", "NSTEMI", percent=True)),
    ("STEMI", "16 (52%)", "19 (59%)", lambda: count("DIAG", "STEMI", percent=True)),
    ("hs-CRP", "10.1 (5.0-29.1)", "8.4 (4.4-19.2)", lambda: quartiles("HSCRPBL", 1, 1)),
    ("hs-troponin I", "59 (20-346)", "67 (28-305)", lambda: quartiles("TNIBL", 0, 0)),
    ("LDL cholesterol", "1.80 (1.40-2.70)", "2.10 (1.68-2.40)", lambda: quartiles("LDLBL", 2, 2)),
    ("GRACE", "96.1 (19)", "95.4 (25)", lambda: mean_sd("GRACEBL", 1, 0)),
    ("hypertension", "29", "32", lambda: count("HTNFL")),
    ("prior PCI", "2", "5", lambda: count("PRPCIFL")),
    ("stroke", "0", "2", lambda: count("STROKEFL")),
    ("type 2 diabetes", "0", "2", lambda: count("T2DMFL")),
    ("aspirin", "31 (100%)", "32 (100%)", lambda: count("ASAFL", percent=True)),
    ("P2Y12 inhibitor", "31 (100%)", "32 (100%)", lambda: count("P2Y12FL", percent=True)),
    ("statin", "31", "31", lambda: count("STATINFL")),
    ("beta blocker", "30", "28", lambda: count("BBFL")),
    ("renin-angiotensin inhibitor", "30", "29", lambda: count("RASFL")),
    ("current smoker", "12", "10", lambda: count("SMOKEFL")),
    ("PCI for the index event", "31", "30", lambda: count("PCIIDXFL")),
    ("TBRmax", "2.39 (0.28)", "2.26 (0.27)", lambda: mean_sd("TBRBL", 2, 2)),
    ("followed for two years", "27", "28", lambda: count("FUPFL")),
]


@pytest.mark.parametrize(("item", "placebo", "aldesleukin", "printed"), BASELINE, ids=[row[0] for row in BASELINE])
def test_the_baseline_table_prints_as_published(item, placebo, aldesleukin, printed) -> None:  # type: ignore[no-untyped-def]
    assert printed() == {"Placebo": placebo, "Aldesleukin": aldesleukin}, item


def second_scans(paramcd: str) -> pd.DataFrame:
    adpet = reconstruct()["adpet"].frame
    scans = adpet[(adpet["PARAMCD"] == paramcd) & (adpet["AVISIT"] == "Day 61") & (adpet["FASFL"] == "Y")]
    return scans.assign(active=(scans["TRTP"] == "Aldesleukin").astype(float))


RESULTS = [
    ("index vessel", "TBRIDX", "-0.171", "-0.308", "-0.034", "0.015", "-7.7", (3, 3, 3)),
    ("active slices", "TBRACT", "-0.185", "-0.323", "-0.0478", "0.009", "-8.3", (3, 3, 4)),
]


@pytest.mark.parametrize(
    ("what", "paramcd", "estimate", "lower", "upper", "p", "percent", "digits"), RESULTS, ids=[r[0] for r in RESULTS]
)
def test_the_analysis_of_covariance_prints_as_published(  # type: ignore[no-untyped-def]
    what, paramcd, estimate, lower, upper, p, percent, digits
) -> None:
    scans = second_scans(paramcd)
    assert scans["TRTP"].value_counts().to_dict() == {"Placebo": 29, "Aldesleukin": 31}
    fit = smf.ols("AVAL ~ BASE + active", scans).fit()
    low, high = fit.conf_int().loc["active"]
    placebo = fit.params["Intercept"] + fit.params["BASE"] * scans["BASE"].mean()
    printed = [f"{value:.{d}f}" for value, d in zip((fit.params["active"], low, high), digits, strict=True)]
    assert printed == [estimate, lower, upper], what
    assert f"{fit.pvalues['active']:.3f}" == p
    assert f"{100 * fit.params['active'] / placebo:.1f}" == percent


def test_the_change_score_and_raw_follow_up_disagree_as_the_imbalance_makes_them() -> None:
    scans = second_scans("TBRIDX")
    change = smf.ols("CHG ~ active", scans).fit().params["active"]
    raw = smf.ols("AVAL ~ active", scans).fit().params["active"]
    assert -0.115 < change < -0.10
    assert -0.245 < raw < -0.225


@pytest.mark.parametrize("modifier", ["np.log(HSCRPBL)", "BASE"])
def test_the_effect_grows_with_baseline_inflammation(modifier: str) -> None:
    scans = second_scans("TBRIDX").merge(reconstruct()["adsl"].frame[["USUBJID", "HSCRPBL"]], on="USUBJID")
    fit = smf.ols(f"AVAL ~ BASE + active + {modifier} + active:{modifier}", scans).fit()
    assert fit.params[f"active:{modifier}"] < -0.1


def test_recurrent_infarctions_are_as_published() -> None:
    adtte = reconstruct()["adtte"].frame
    infarction = adtte[adtte["PARAMCD"] == "TTMI"]
    events = (infarction["CNSR"] == 0).groupby(infarction["TRTP"])
    assert events.sum().to_dict() == {"Placebo": 3, "Aldesleukin": 0}
    assert events.size().to_dict() == {"Placebo": 27, "Aldesleukin": 28}


def test_adverse_events_are_mostly_mild_injection_site_reactions() -> None:
    adae = reconstruct()["adae"].frame
    site = adae[(adae["AEDECOD"] == "Injection site reaction") & (adae["TRTEMFL"] == "Y")]
    assert len(site) > 0.5 * len(adae)
    assert (site["AESEV"] == "MILD").mean() > 0.9
    assert site.groupby("TRTA")["USUBJID"].nunique().to_dict() == {"Aldesleukin": 26, "Placebo": 5}
