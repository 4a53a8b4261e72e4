"""Events of special interest."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from calor.analyze.safety.events_of_interest import events_of_interest
from calor.errors import AnalysisError

_GROUPS = {"Injection-site reaction": ["Site pain", "Site swelling"], "Immune activation": ["Fever", "Eosinophilia"]}


def _adsl() -> pd.DataFrame:
    return pd.DataFrame(
        {"USUBJID": ["01", "02", "03"], "TRT01A": ["Active", "Active", "Placebo"], "TRTDURD": [100, 50, 90]}
    )


def _adae() -> pd.DataFrame:
    rows = [
        ("01", "Active", "General", "SITE PAIN", "MILD", "RELATED", "N", "Y", 10),
        ("01", "Active", "General", "Site swelling", "MILD", "RELATED", "N", "Y", 4),
        ("01", "Active", "General", "Site pain", "MILD", "RELATED", "N", "", -2),
        ("02", "Active", "General", "Headache", "MILD", "RELATED", "N", "Y", 5),
        ("03", "Placebo", "General", "Fever", "SEVERE", "NONE", "Y", "Y", 40),
    ]
    names = ["USUBJID", "TRTA", "AEBODSYS", "AEDECOD", "AESEV", "AEREL", "AESER", "TRTEMFL", "ASTDY"]
    return pd.DataFrame(rows, columns=names)


def test_terms_of_a_group_count_together_and_whatever_their_case() -> None:
    table = events_of_interest(_adae(), _adsl(), _GROUPS).table
    rows = table[(table["term"] == "Injection-site reaction") & (table["by"] == "all")].set_index("arm")
    assert rows["participants"].to_dict() == {"Active": 1, "Placebo": 0}
    assert rows["events"].to_dict() == {"Active": 2, "Placebo": 0}


def test_the_first_event_is_ready_for_a_survival_curve() -> None:
    first = events_of_interest(_adae(), _adsl(), _GROUPS).first_events
    site = first[first["group"] == "Injection-site reaction"].set_index("participant")
    assert site["days"].to_dict() == {"01": 4, "02": 50, "03": 90}
    assert site["event"].to_dict() == {"01": True, "02": False, "03": False}


def test_terms_that_nobody_reported_are_named() -> None:
    assert events_of_interest(_adae(), _adsl(), _GROUPS).unmatched["Immune activation"] == ("Eosinophilia",)


def test_a_group_nobody_had_is_a_row_of_zeros() -> None:
    table = events_of_interest(_adae(), _adsl(), {"Anaphylaxis": ["Anaphylaxis"]}).table
    assert list(table[table["by"] == "all"]["participants"]) == [0, 0]


def test_groups_without_terms_are_refused() -> None:
    for groups in ({}, {"Immune activation": []}):
        with pytest.raises(AnalysisError, match="`groups` must each name at least one term"):
            events_of_interest(_adae(), _adsl(), groups)


def test_dermatologic_events_of_a_real_trial_agree_with_its_own_query(calor_data: Path) -> None:
    adae, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adae.xpt")
    adsl, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adsl.xpt")
    adtte, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adtte.xpt")
    terms = sorted(adae.loc[adae["CQ01NAM"] == "DERMATOLOGIC EVENTS", "AEDECOD"].unique())
    result = events_of_interest(adae, adsl, {"Dermatologic": terms})
    theirs = adtte[adtte["CNSR"] == 0].set_index("USUBJID")["AVAL"]
    ours = result.first_events[result.first_events["event"]].set_index("participant")["days"]
    assert ours.sort_index().to_dict() == theirs.sort_index().to_dict()
