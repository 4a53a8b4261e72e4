"""The declared sensitivity to missing data: strategies, the shift that changes the conclusion, what is imputed."""

from __future__ import annotations

from functools import cache

import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, find, section

from calor.analyze.declared.missing_data import STRATEGIES
from calor.analyze.finding import Finding
from calor.analyze.missing.strategies import STRATEGIES as KNOWN
from calor.protocol.analyses import MissingDataAnalysis
from calor.protocol.analysis_checks import IMPUTED_FOR

DELTAS = "deltas = [0, 0.5, 1, 1.5, 2, 2.5, 3]"


@cache
def _found(deltas: str = "deltas = [0, 0.5, 1]") -> Finding:
    assert DELTAS in IVORY
    return find("missing_scans", IVORY.replace(DELTAS, deltas))


def test_every_strategy_a_protocol_may_name_is_known_and_serves_an_estimand() -> None:
    item = MissingDataAnalysis.model_fields["strategies"].annotation.__args__[0]  # type: ignore[union-attr]
    assert set(STRATEGIES) == set(IMPUTED_FOR) == set(item.__args__)
    assert set(STRATEGIES.values()) == set(KNOWN)
    for name, served in IMPUTED_FOR.items():
        assert KNOWN[STRATEGIES[name]].estimand.startswith(served.replace("_", " "))


def test_missing_at_random_at_one_visit_is_the_analysis_of_those_seen() -> None:
    table = _found().tables["strategies"].set_index("strategy")
    primary = find("primary").to_frame()["estimate"].iloc[0]
    assert table.loc["missing at random", "estimate"] == pytest.approx(primary, abs=1e-9)
    assert abs(table.loc["jump to reference", "estimate"]) < abs(primary)


def test_smallest_shift_that_changes_the_conclusion_is_told() -> None:
    finding = _found()
    deltas = finding.tables["deltas"].set_index("active")
    assert deltas.loc[0.5, "upper"] < 0 < deltas.loc[1.0, "upper"]
    assert "The conclusion changes by adding 1 to the 1 imputed value of the Aldesleukin arm" in str(finding)


def test_shift_that_changes_nothing_is_told_too() -> None:
    assert "Even adding 0.25 to the 1 imputed value" in str(_found("deltas = [0, 0.25]"))


def test_without_deltas_there_is_no_tipping_point_table() -> None:
    finding = _found("")
    assert finding.tables["deltas"].empty
    assert [table.name for table in section(finding).tables] == ["missing-scans-strategies", "missing-scans-imputed"]


def test_imputed_values_are_counted_by_arm() -> None:
    imputed = _found().tables["imputed"].set_index("arm")
    assert imputed["imputed"].to_dict() == {"Placebo": 2, "Aldesleukin": 1}
    assert imputed["participants"].sum() == 63


def test_report_shows_estimates_and_shifts_and_the_event() -> None:
    shown = section(_found())
    assert shown.figures[0].to_svg().count("Jump to reference")
    assert "not every shift" in shown.figures[0].title
    assert any("Stopping study treatment: treatment policy" in note for note in shown.notes)


def test_multiple_imputation_agrees_with_conditional_means_and_says_how_it_pooled() -> None:
    drawn = find("missing_scans_drawn")
    strategies = drawn.tables["strategies"].set_index("strategy")
    jackknifed = find("missing_scans").tables["strategies"].set_index("strategy")
    at_random = "missing at random"
    assert strategies.loc[at_random, "estimate"] == pytest.approx(jackknifed.loc[at_random, "estimate"], abs=0.01)
    assert strategies.loc[at_random, "df"] < 59
    assert "Rubin's rules over 50 data sets" in drawn.method
    assert any("Rubin's variance is too large" in note for note in drawn.notes)
