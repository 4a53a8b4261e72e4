"""Limits for harm as declared: counts in the order of the first dose, each look against its limit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from calor.datasets.dataset import Dataset
from calor.errors import MonitorError
from calor.monitor.declared_harm import declared_harm_limits, declared_limits, harm_needs, harm_rules
from calor.monitor.harm_limits import beta_binomial_limits, binomial_limits, stopping_probabilities
from calor.protocol import parse_protocol
from calor.report.sections import KINDS
from calor.simulate.ivory import reconstruct

IVORY = (Path(__file__).parents[3] / "examples/ivory/protocol.toml").read_text(encoding="utf-8")
BETA = 'kind = "beta_binomial", threshold = 0.95, prior = [0.5, 1.5]'
TERMS = {"eosinophil count increased", "fever", "influenza-like illness"}


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return reconstruct()


def _first(datasets: dict[str, Dataset], n: int) -> int:
    """Count by another way: the first n of the arm by date, and who of them is in ADAE with one of the terms."""
    adsl, adae = datasets["adsl"].frame, datasets["adae"].frame
    arm = adsl[adsl["TRT01A"] == "Aldesleukin"].sort_values(["TRTSDT", "USUBJID"])["USUBJID"].head(n)
    emergent = adae[(adae["TRTEMFL"] == "Y") & adae["AEDECOD"].str.lower().isin(TERMS)]
    return len(set(arm) & set(emergent["USUBJID"]))


def test_each_look_counts_the_first_participants_of_the_arm(datasets: dict[str, Dataset]) -> None:
    looks = declared_harm_limits(parse_protocol(IVORY), datasets).tables["looks"]
    assert looks["events"].tolist() == [_first(datasets, n) for n in (10, 20, 30)]
    assert looks["limit"].tolist() == list(
        beta_binomial_limits([10, 20, 30], acceptable=0.25, threshold=0.95, prior=(0.5, 1.5)).limits
    )
    assert looks["verdict"].tolist() == ["go on"] * 3


def test_operating_characteristics_are_the_exact_ones(datasets: dict[str, Dataset]) -> None:
    protocol = parse_protocol(IVORY)
    chances = declared_harm_limits(protocol, datasets).tables["chances"].set_index("probability")["stop"]
    limits = declared_limits(harm_rules(protocol)[0][1])
    assert list(chances.index) == [0.25, 0.4, 0.5, 0.6]
    for share, stop in chances.items():
        assert stop == pytest.approx(stopping_probabilities(limits, float(str(share))).sum())


def test_exact_boundary_spends_what_the_protocol_says() -> None:
    protocol = parse_protocol(IVORY.replace(BETA, 'kind = "exact_binomial", alpha_spent = [0.01, 0.03, 0.05]'))
    limits = declared_limits(harm_rules(protocol)[0][1])
    assert limits == binomial_limits([10, 20, 30], acceptable=0.25, alpha_spent=[0.01, 0.03, 0.05])
    assert stopping_probabilities(limits, 0.25).sum() <= 0.05


def test_limit_that_is_reached_is_the_sentence(datasets: dict[str, Dataset]) -> None:
    protocol = parse_protocol(IVORY.replace("acceptable = 0.25", "acceptable = 0.05"))
    found = declared_harm_limits(protocol, datasets)
    assert "limit reached at look 1, " in found.sentences[0]
    assert found.tables["looks"]["verdict"].iloc[0] == "stop"


def test_look_that_has_not_come_is_not_reached(datasets: dict[str, Dataset]) -> None:
    protocol = parse_protocol(IVORY.replace("looks = [10, 20, 30]", "looks = [10, 20, 300]"))
    found = declared_harm_limits(protocol, datasets)
    assert found.tables["looks"]["verdict"].tolist() == ["go on", "go on", "not reached"]
    page = KINDS["harm_limits"].section(found)
    assert "not reached" in page.tables[0].to_html()


def test_section_prints_each_limit_with_its_chances(datasets: dict[str, Dataset]) -> None:
    section = KINDS["harm_limits"].section(declared_harm_limits(parse_protocol(IVORY), datasets))
    assert [table.name for table in section.tables] == [
        "harm-limits-immune-activation-looks",
        "harm-limits-immune-activation-chances",
    ]
    assert section.tables[1].rows[0][:2] == (25.0, pytest.approx(7.5, abs=0.05))


def test_protocol_without_a_harm_rule_has_nothing_to_judge(datasets: dict[str, Dataset]) -> None:
    protocol = parse_protocol(IVORY[: IVORY.index("# Not published: a limit for the whole trial")])
    assert harm_rules(protocol) == ()
    with pytest.raises(MonitorError, match="hold one with a harm rule"):
        declared_harm_limits(protocol, datasets)


def test_first_doses_must_be_known(datasets: dict[str, Dataset]) -> None:
    adsl = datasets["adsl"].frame.assign(TRTSDT=pd.NaT)
    with pytest.raises(MonitorError, match="first dose"):
        declared_harm_limits(parse_protocol(IVORY), {**datasets, "adsl": replace(datasets["adsl"], frame=adsl)})


def test_limits_read_participants_and_adverse_events() -> None:
    assert harm_needs(parse_protocol(IVORY)) == ("adsl", "adae")
