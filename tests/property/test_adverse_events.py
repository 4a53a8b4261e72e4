"""Laws of the adverse-event table against a slow count, participant by participant."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.analyze.safety.adverse_events import adverse_events

_ADSL = pd.DataFrame({"USUBJID": list("abcdef"), "TRT01A": list("AAAPPP"), "TRTDURD": [10, 20, 30, 40, 50, 60]})
_ARM = dict(zip(_ADSL["USUBJID"], _ADSL["TRT01A"], strict=True))
_SEVERITY = ("MILD", "MODERATE", "SEVERE")
_events = st.lists(
    st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from([("Skin", "Rash"), ("Skin", "Itch"), ("Heart", "Palpitations")]),
        st.sampled_from(_SEVERITY),
        st.sampled_from(["N", "Y"]),
        st.integers(1, 60),
    ),
    max_size=15,
)


def _adae(events: list[tuple[str, tuple[str, str], str, str, int]]) -> pd.DataFrame:
    rows = [
        (who, _ARM[who], *kind, severity, "NONE", serious, "Y", day) for who, kind, severity, serious, day in events
    ]
    names = ["USUBJID", "TRTA", "AEBODSYS", "AEDECOD", "AESEV", "AEREL", "AESER", "TRTEMFL", "ASTDY"]
    return pd.DataFrame(rows, columns=names)


@settings(max_examples=15)
@given(_events)
def test_every_cell_equals_the_count_by_hand(events: list[tuple[str, tuple[str, str], str, str, int]]) -> None:
    table = adverse_events(_adae(events), _ADSL).table
    for row in table.itertuples():
        mine = [e for e in events if _ARM[e[0]] == row.arm and row.soc in ("", e[1][0]) and row.term in ("", e[1][1])]
        if row.by == "serious":
            mine = [e for e in mine if e[3] == "Y"]
        if row.by == "severity":
            people = {e[0] for e in mine}
            worst = {who: max(_SEVERITY.index(e[2]) for e in mine if e[0] == who) for who in people}
            assert row.participants == sum(_SEVERITY[rank] == row.category for rank in worst.values())
            assert row.events == sum(e[2] == row.category for e in mine)
        else:
            assert row.participants == len({e[0] for e in mine})
            assert row.events == len(mine)
        assert row.years_at_risk > 0
        assert row.percent_lower <= row.percent <= row.percent_upper
        assert row.rate_lower <= row.rate <= row.rate_upper
