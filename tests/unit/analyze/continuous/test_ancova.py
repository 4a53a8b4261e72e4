"""The primary analysis: numbers by hand, its sentence, and what it refuses."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from calor.analyze.continuous.ancova import Clustered, ancova
from calor.errors import AnalysisError


@pytest.fixture
def trial() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    n = 60
    table = pd.DataFrame(
        {
            "USUBJID": [f"IV-{i:03d}" for i in range(n)],
            "arm": np.repeat(["placebo", "aldesleukin"], n // 2),
            "site": np.tile(["Cambridge", "Papworth", "Papworth"], n // 3),
            "base": rng.normal(2.3, 0.28, n),
        }
    )
    table["tbr"] = 1.1 + 0.5 * table.base - 0.17 * (table.arm == "aldesleukin") + rng.normal(0, 0.25, n)
    return table


ARMS = ("placebo", "aldesleukin")


def test_without_covariates_it_is_the_two_sample_t_test(trial: pd.DataFrame) -> None:
    found = ancova(trial, response="tbr", arm="arm", arms=ARMS).differences[0]
    active, control = (trial.tbr[trial.arm == a] for a in ("aldesleukin", "placebo"))
    pooled = math.sqrt((active.var() + control.var()) / 2 * (1 / 30 + 1 / 30))
    assert found.estimate == pytest.approx(active.mean() - control.mean(), rel=1e-12)
    assert found.se == pytest.approx(pooled, rel=1e-12)
    assert found.df == 58


def test_ls_means_differ_by_the_difference_and_average_factor_levels_equally(trial: pd.DataFrame) -> None:
    found = ancova(trial, response="tbr", arm="arm", arms=ARMS, covariates=["base"], factors=["site"])
    control, active = found.ls_means
    assert active.estimate - control.estimate == pytest.approx(found.differences[0].estimate, rel=1e-12)
    centered = trial.assign(base=trial.base - trial.base.mean())
    cambridge = ancova(centered[centered.site == "Cambridge"], response="tbr", arm="arm", arms=ARMS)
    assert control.estimate != pytest.approx(cambridge.ls_means[0].estimate)
    x = np.column_stack([np.ones(60), trial.arm == "aldesleukin", centered.base, trial.site == "Papworth"]).astype(
        float
    )
    b = np.linalg.lstsq(x, trial.tbr.to_numpy(), rcond=None)[0]
    assert control.estimate == pytest.approx(b[0] + b[3] / 2, rel=1e-10)


def test_the_sentence_reads_as_in_a_paper(trial: pd.DataFrame) -> None:
    found = ancova(trial, response="tbr", arm="arm", arms=ARMS, covariates=["base"])
    d = found.differences[0]
    share = 100 * d.estimate / found.ls_means[0].estimate
    assert str(found) == (
        f"aldesleukin v placebo: {d.estimate:.3f} ({share:.1f} %; 95 % CI {d.lower:.3f} to {d.upper:.3f}; "
        f"p = {d.p_value:.3f}; ANCOVA, n = 60)"
    )


def test_no_percentage_of_control_for_a_change_score(trial: pd.DataFrame) -> None:
    trial["chg"] = trial.tbr - trial.base
    found = ancova(trial, response="chg", arm="arm", arms=ARMS, covariates=["base"])
    assert found.percent_of_control == (None,)
    assert "(95 % CI" in str(found)


def test_those_left_out_are_counted_once_under_the_first_reason(trial: pd.DataFrame) -> None:
    trial.loc[[0, 1], "tbr"] = np.nan
    trial.loc[[1, 2], "base"] = np.nan
    trial.loc[3, "arm"] = "screen failure"
    found = ancova(trial, response="tbr", arm="arm", arms=ARMS, covariates=["base"]).differences[0]
    assert [(e.reason, e.participants) for e in found.excluded] == [
        ("in no arm compared", 1),
        ("missing tbr", 2),
        ("missing base", 1),
    ]
    assert found.n == 56


def test_clusters_of_one_are_the_plain_cr2(trial: pd.DataFrame) -> None:
    plain = ancova(trial, response="tbr", arm="arm", arms=ARMS, covariates=["base"], se="CR2").differences[0]
    clustered = ancova(
        trial, response="tbr", arm="arm", arms=ARMS, covariates=["base"], se=Clustered("USUBJID")
    ).differences[0]
    assert clustered.se == pytest.approx(plain.se, rel=1e-12)
    assert clustered.df == pytest.approx(plain.df, rel=1e-12)
    assert "by USUBJID" in clustered.method


def test_cr2_degrees_of_freedom_of_two_means_are_welch_with_equal_variances() -> None:
    """Unequal arms, no covariate: Bell-McCaffrey under equal variances has a closed form."""
    table = pd.DataFrame({"arm": ["a"] * 5 + ["b"] * 9, "y": np.arange(14.0) ** 1.3})
    found = ancova(table, response="y", arm="arm", arms=("a", "b"), se="CR2").differences[0]
    welch = (1 / 5 + 1 / 9) ** 2 / (1 / (25 * 4) + 1 / (81 * 8))
    assert found.df == pytest.approx(welch, rel=1e-10)
    variance = table.groupby("arm").y.var() / table.groupby("arm").y.count()
    assert found.se == pytest.approx(math.sqrt(variance.sum()), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(tbr=t.tbr.where(t.index > 0, np.inf)), "`tbr` must be finite, got inf at row 0"),
        (lambda t: t.assign(tbr=2.0), "all values tied"),
        (lambda t: t.assign(base=2.0), "`covariates` must be linearly independent, got base"),
        (lambda t: t.assign(base="high"), "`base` must be numeric"),
        (lambda t: t[t.arm == "placebo"], "at least two complete participants in each arm, got 0 at arm aldesleukin"),
        (lambda t: t.iloc[:31], "got 1 at arm aldesleukin"),
        (lambda t: t.drop(columns="base"), "none named base"),
        (lambda t: pd.concat([t, t.iloc[[4]]]), "one row per participant, got IV-004 more than once"),
    ],
)
def test_bad_input_is_named(trial: pd.DataFrame, change: object, message: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        ancova(change(trial), response="tbr", arm="arm", arms=ARMS, covariates=["base"])  # type: ignore[operator]
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level": 95}, "`level` must lie between 0 and 1"),
        ({"se": "HC9"}, "`se` must be one of"),
        ({"arms": ("placebo",)}, "at least two different arms"),
        ({"covariates": ["base", "base"]}, "name each column once"),
        ({"factors": ["one"]}, "`one` must have at least two levels"),
    ],
)
def test_bad_options_are_named(trial: pd.DataFrame, options: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        ancova(trial.assign(one="x"), **{"response": "tbr", "arm": "arm", "arms": ARMS, **options})
    assert message in str(refused.value)


def test_a_factor_level_with_one_participant_has_no_hc3(trial: pd.DataFrame) -> None:
    trial.loc[0, "site"] = "alone"
    with pytest.raises(AnalysisError, match="leverage 1"):
        ancova(trial, response="tbr", arm="arm", arms=ARMS, factors=["site"], se="HC3")


def test_cdisc_pilot_primary_analysis(calor_data: Path) -> None:
    """Table 14-3.01 of the CDISC pilot submission, as its statistical report prints it."""
    adqs, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adqsadas.xpt")
    week24 = adqs[(adqs.AVISIT == "Week 24") & (adqs.EFFFL == "Y") & (adqs.ANL01FL == "Y")]
    arms = ("Placebo", "Xanomeline Low Dose", "Xanomeline High Dose")
    found = ancova(week24, response="CHG", arm="TRTP", arms=arms, covariates=["BASE"], factors=["SITEGR1"])
    low, high = found.differences
    assert (round(low.estimate, 1), round(high.estimate, 1)) == (-0.5, -1.0)
    assert (round(low.se or 0, 2), round(high.se or 0, 2)) == (0.82, 0.84)
    assert (round(low.lower, 1), round(low.upper, 1)) == (-2.1, 1.1)
    assert (round(high.lower, 1), round(high.upper, 1)) == (-2.7, 0.7)
    assert (round(low.p_value or 0, 3), round(high.p_value or 0, 3)) == (0.569, 0.233)
