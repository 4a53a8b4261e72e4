"""Terms attached to adverse events: by code, else by text; what was reported and what the data hold stay."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.unit.datasets.test_meddra import HIERARCHY, LLT, PT

from calor.datasets.meddra import MedDRA, read_meddra
from calor.datasets.meddra_coding import attach_terms
from calor.errors import DatasetError


@pytest.fixture
def dictionary(tmp_path: Path) -> MedDRA:
    for name, lines in (("llt.asc", LLT), ("pt.asc", PT), ("mdhier.asc", HIERARCHY)):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return read_meddra(tmp_path, version="0.1")


def _events(**columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"USUBJID": [f"S{i}" for i in range(len(columns["AETERM"]))], **columns})


def test_reported_text_brings_term_class_and_codes_and_stays(dictionary: MedDRA) -> None:
    coded = attach_terms(_events(AETERM=["SORE elbow  patch", "Humming ear"]), dictionary)
    assert coded.events["AETERM"].tolist() == ["SORE elbow  patch", "Humming ear"]
    assert coded.events["AEDECOD"].tolist() == ["Elbow soreness", "Humming ear"]
    assert coded.events["AEBODSYS"].tolist() == ["Invented limb disorders", "Invented sense disorders"]
    assert coded.events["AEPTCD"].tolist() == [10, 11]
    assert coded.listing.empty
    assert str(coded) == "MedDRA 0.1, 2 events: every one agrees with it"


def test_code_decides_before_text(dictionary: MedDRA) -> None:
    coded = attach_terms(_events(AETERM=["Humming ear", "odd words"], AELLTCD=[103.0, 111.0]), dictionary)
    assert coded.events["AEDECOD"].tolist() == ["Elbow soreness", "Humming ear"]


def test_what_the_data_hold_stays_and_a_difference_is_listed(dictionary: MedDRA) -> None:
    events = _events(AETERM=["Humming ear", "Humming ear"], AEDECOD=["HUMMING EAR", "Ringing"], AEBODSYS=["", None])
    coded = attach_terms(events, dictionary)
    assert coded.events["AEDECOD"].tolist() == ["HUMMING EAR", "Ringing"]
    assert coded.events["AEBODSYS"].tolist() == ["Invented sense disorders"] * 2
    row = coded.listing.iloc[0]
    assert len(coded.listing) == 1
    assert (row["participant"], row["data"], row["dictionary"]) == ("S1", "Ringing", "Humming ear")
    assert row["why"] == "AEDECOD differs from the dictionary"


def test_text_that_is_no_term_stays_blank_and_is_listed(dictionary: MedDRA) -> None:
    coded = attach_terms(_events(AETERM=["Elbows sore", None]), dictionary)
    assert coded.events["AEDECOD"].isna().all()
    assert coded.listing["why"].tolist() == ["not in the dictionary"] * 2
    assert str(coded) == "MedDRA 0.1, 2 events: 2 not in the dictionary"


def test_unknown_code_is_not_replaced_by_the_text(dictionary: MedDRA) -> None:
    coded = attach_terms(_events(AETERM=["Humming ear"], AELLTCD=[999]), dictionary)
    assert coded.events["AEDECOD"].isna().all()
    assert coded.listing["why"].tolist() == ["not in the dictionary"]


def test_term_no_longer_current_is_attached_and_listed(dictionary: MedDRA) -> None:
    coded = attach_terms(_events(AETERM=["Elbow patch, sore"]), dictionary)
    assert coded.events["AEDECOD"].tolist() == ["Elbow soreness"]
    assert coded.listing["why"].tolist() == ["coded to a term no longer current"]


def test_events_without_the_reported_text_are_refused(dictionary: MedDRA) -> None:
    with pytest.raises(DatasetError, match="`adae` must have the column AETERM"):
        attach_terms(pd.DataFrame({"USUBJID": ["S1"]}), dictionary)
