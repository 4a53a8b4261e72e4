from __future__ import annotations

import pandas as pd
import pytest

from calor.analyze.declared.time_at_risk import time_at_risk
from calor.errors import DatasetError


def test_data_without_a_duration_of_treatment_say_how_to_derive_it() -> None:
    with pytest.raises(DatasetError, match=r"`adsl` must say how long .*no column TRTDURD.*TRTEDT - TRTSDT [+] 1"):
        time_at_risk(pd.DataFrame({"USUBJID": ["S1"]}), 30)


def test_who_left_early_is_at_risk_until_then() -> None:
    people = pd.DataFrame({"TRTDURD": [10.0], "TRTSDT": [pd.Timestamp("2021-03-01")]})
    assert time_at_risk(people, 30).tolist() == [40.0]
    assert time_at_risk(people.assign(RFENDT=pd.Timestamp("2021-03-20")), 30).tolist() == [20.0]
