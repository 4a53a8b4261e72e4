"""Funnel, worklist, what-if and retest derive from the answers and agree with each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.spec.ehr_cases import rules, write_records

from calor.errors import ScreenError
from calor.records.open import in_memory, open_records
from calor.screen.facts import Facts, stage
from calor.screen.funnel import COUNTS, funnel
from calor.screen.near_misses import near_misses
from calor.screen.refresh import refresh
from calor.screen.retest import retest
from calor.screen.rules import rules_of
from calor.screen.screened import Screened, screen
from calor.screen.what_if import MONTH_DAYS, Setting, under, what_if
from calor.screen.worklist import worklist

N = 400


@pytest.fixture(scope="module")
def folder_of_cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_records(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def facts(folder_of_cases: Path) -> Facts:
    return stage(open_records(folder_of_cases), rules())


@pytest.fixture(scope="module")
def found(facts: Facts) -> Screened:
    return screen(facts, rules())


def test_the_funnel_ends_with_the_eligible_and_never_widens(found: Screened) -> None:
    table = funnel(found).table
    assert table["left"].iloc[-1] == found.count("eligible")
    assert table["left"].is_monotonic_decreasing
    steps = table.iloc[2:]
    before = table["left"].shift(1).iloc[2:]
    assert (steps[["met", "not_met", "undetermined"]].sum(axis=1) == before).all()


def test_what_criteria_cost_alone_adds_up_to_those_one_short(found: Screened) -> None:
    assert funnel(found).table["alone"].sum() == found.one_short


def test_a_shared_funnel_shows_no_small_cell_and_no_exact_count(found: Screened) -> None:
    shown = funnel(found).shareable(5)
    values = {value for name in COUNTS for value in shown[name]}
    assert all(value == "<5" or int(value) % 5 == 0 for value in values)


def test_predicted_benefit_leads_the_ranking(found: Screened) -> None:
    plain = worklist(found)
    last = plain.loc[plain["status"] == "eligible", "person_id"].iloc[-1]
    led = worklist(found, benefit=pd.Series({last: 2.0, plain["person_id"].iloc[0]: 1.0}))
    assert led["person_id"].iloc[0] == last
    assert led["benefit_points"].iloc[0] == 50
    assert led.set_index("person_id")["benefit_points"][plain["person_id"].iloc[0]] == 25


def test_a_benefit_that_is_no_number_is_refused(found: Screened) -> None:
    with pytest.raises(ScreenError, match="finite"):
        worklist(found, benefit=pd.Series({1: np.nan}))


def test_near_misses_are_one_answer_short(found: Screened) -> None:
    short = near_misses(found).set_index("person_id")
    unmet = pd.Series((found.met != 1).sum(axis=1), index=found.answers["person_id"])
    assert (unmet[short.index] == 1).all()
    assert short["criterion"].isin(found.rules.ids).all()


def test_what_cannot_change_has_no_day_on_which_it_does(found: Screened) -> None:
    for name in found.rules.ids:
        for part in ("day", "changes"):
            assert all(day is None or isinstance(day, date) for day in found.answers[f"{name}__{part}"])


def test_what_if_nothing_moves_gives_the_screen_itself(facts: Facts, found: Screened) -> None:
    same = what_if(facts, found, [Setting()]).iloc[0]
    assert same["eligible"] == found.count("eligible")
    assert same["undetermined"] == found.count("undetermined")


SETTINGS = [
    Setting(cutoff=2.6),
    Setting(tests=1, days=(0, 100)),
    Setting(comparator="<", cutoff=2.0, tests=1),
    Setting(window=(60, 200), least_interval_days=7),
    Setting(lab="crp", tests=1, cutoff=3.0),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_what_if_gives_what_a_screen_under_the_other_rules_gives(folder_of_cases: Path, setting: Setting) -> None:
    asked = replace(rules(), also={"crp": "mg/L"})
    staged = stage(open_records(folder_of_cases), asked)
    moved = under(asked, setting)
    window = asked.screening.criteria[0].model_copy(update={"days": moved.days})
    screening = moved.rules.screening.model_copy(update={"criteria": (window, *moved.rules.screening.criteria[1:])})
    other = screen(staged, replace(moved.rules, screening=screening))
    row = what_if(staged, screen(staged, asked), [Setting(), setting]).iloc[1]
    assert row["eligible"] == other.count("eligible")
    assert row["undetermined"] == other.count("undetermined")
    others = [j for j, name in enumerate(other.rules.ids) if name != "crp_persistent"]
    assert row["candidates"] == (other.met[:, others] == 1).all(axis=1).sum()
    assert row["eligible_per_month"] == row["eligible"] / ((moved.days[1] - moved.days[0] + 1) / MONTH_DAYS)


def test_an_analyte_that_was_not_staged_is_refused(facts: Facts, found: Screened) -> None:
    with pytest.raises(ScreenError, match="Rules"):
        what_if(facts, found, [Setting(lab="il6")])


def test_no_setting_is_refused(facts: Facts, found: Screened) -> None:
    with pytest.raises(ScreenError, match="hold a setting"):
        what_if(facts, found, [])


def test_a_lower_bar_never_loses_an_eligible_candidate(facts: Facts, found: Screened) -> None:
    settings = [Setting(cutoff=c, tests=1) for c in (3.0, 2.5, 2.0, 1.0)]
    assert what_if(facts, found, settings)["eligible"].is_monotonic_increasing


def repeated(rng: np.random.Generator, icc: float) -> Facts:
    """Make records whose true intraclass correlation of the logarithm is known."""
    ids, day = np.arange(1, N + 1), pd.to_datetime("2026-01-01")
    usual = rng.normal(0.8, np.sqrt(icc), N)
    values = np.exp(usual[:, None] + rng.normal(0, np.sqrt(1 - icc), (N, 2)))
    both = np.repeat(ids, 2)
    test_days = [day + pd.Timedelta(days=30 + 30 * (i % 2)) for i in range(2 * N)]
    tables = {
        "person": pd.DataFrame({"person_id": ids, "year_of_birth": 1960}),
        "condition_occurrence": pd.DataFrame(
            {
                "condition_occurrence_id": ids,
                "person_id": ids,
                "condition_concept_id": 4329847,
                "condition_start_date": day,
            }
        ),
        "drug_exposure": pd.DataFrame(
            {"drug_exposure_id": ids, "person_id": ids, "drug_concept_id": 1545958, "drug_exposure_start_date": day}
        ),
        "measurement": pd.DataFrame(
            {
                "measurement_id": np.arange(2 * N),
                "person_id": both,
                "measurement_concept_id": 3010156,
                "measurement_date": test_days,
                "value_as_number": values.ravel(),
                "unit_concept_id": 8751,
            }
        ),
        "death": pd.DataFrame({"person_id": ids[:0], "death_date": pd.to_datetime([])}),
    }
    asked = rules()
    wide = asked.gate.model_copy(update={"set_aside": ()}) if asked.gate else None
    return stage(in_memory(tables), type(asked)(asked.as_of, asked.screening, wide, "mg/L"))


@pytest.mark.parametrize("icc", [0.3, 0.7])
def test_retest_finds_the_correlation_that_the_records_were_made_with(icc: float) -> None:
    asked = rules()
    assert asked.gate is not None
    wide = type(asked)(asked.as_of, asked.screening, asked.gate.model_copy(update={"set_aside": ()}), "mg/L")
    result = retest(repeated(np.random.default_rng(7), icc), wide)
    assert result.candidates == N
    assert result.interval[0] < icc < result.interval[1]
    assert result.observed_fall == pytest.approx(result.expected_fall, abs=0.12)  # three standard errors


def test_too_few_repeated_tests_are_refused(tmp_path: Path) -> None:
    write_records(tmp_path)
    path = tmp_path / "measurement.csv"
    pd.read_csv(path, dtype=str).head(3).to_csv(path, index=False)
    with pytest.raises(ScreenError, match="repeated tests"):
        retest(stage(open_records(tmp_path), rules()), rules())


def test_an_infarction_recorded_as_an_observation_makes_a_candidate_too(tmp_path: Path) -> None:
    write_records(tmp_path)
    path = tmp_path / "condition_occurrence.csv"
    told = pd.read_csv(path, dtype=str)
    mine = told["condition_concept_id"] == "4329847"
    names = {
        "condition_occurrence_id": "observation_id",
        "condition_concept_id": "observation_concept_id",
        "condition_start_date": "observation_date",
    }
    told[mine].rename(columns=names).to_csv(tmp_path / "observation.csv", index=False)
    told[~mine].to_csv(path, index=False)
    moved = screen(stage(open_records(tmp_path), rules()), rules())
    (tmp_path / "whole").mkdir()
    whole = screen(stage(open_records(write_records(tmp_path / "whole")), rules()), rules())
    assert moved.answers["status"].to_list() == whole.answers["status"].to_list()


def test_a_refresh_by_other_rules_is_refused(facts: Facts, found: Screened, tmp_path: Path) -> None:
    asked = rules()
    assert asked.gate is not None
    other = type(asked)(asked.as_of, asked.screening, asked.gate.model_copy(update={"cutoff": 3}), "mg/L")
    with pytest.raises(ScreenError, match="from scratch"):
        refresh(facts, found, open_records(write_records(tmp_path)), other, [1])


def test_a_protocol_without_screening_is_refused() -> None:
    from calor.protocol import read_protocol  # noqa: PLC0415

    pilot = Path(__file__).parents[3] / "examples/cdisc-pilot/protocol.toml"
    with pytest.raises(ScreenError, match="screening"):
        rules_of(read_protocol(pilot))
