"""A trial that names its licensee's dictionary: events coded in every analysis, mismatches listed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets

from calor.datasets.dataset import write
from calor.trial import open_trial

TERMS = ("Injection site reaction", "Fever")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trial whose adverse events have no terms yet, and an invented dictionary that knows two of them."""
    for name in ("adsl", "adae"):
        held = datasets()[name]
        frame = held.frame
        if name == "adae":
            frame = frame.assign(AEDECOD="", AEBODSYS="").astype({"AEDECOD": "str", "AEBODSYS": "str"})
        (tmp_path / "adam").mkdir(exist_ok=True)
        write(type(held)(held.name, frame, held.labels, held.label), tmp_path / "adam" / f"{name}.csv")
    (tmp_path / "dictionary").mkdir()
    lines = {"llt.asc": [], "pt.asc": [], "mdhier.asc": []}
    for at, term in enumerate(TERMS, start=1):
        lines["llt.asc"].append(f"{at}0${term}${at}$$$$$$$Y$$")
        lines["pt.asc"].append(f"{at}${term} (invented)$$9$$$$$$$$")
        lines["mdhier.asc"].append(f"{at}$2$3$9${term} (invented)$H$G$Invented class$Inv$$9$Y$")
    for name, rows in lines.items():
        (tmp_path / "dictionary" / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    text = IVORY.replace('adam = "adam"\n', 'adam = "adam"\nmeddra = { folder = "dictionary", version = "0.1" }\n')
    (tmp_path / "protocol.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_terms_reach_the_analyses_and_the_rest_is_listed(folder: Path) -> None:
    trial = open_trial(folder)
    assert "coding" in trial.analyses
    incidence = trial.analyze("adverse_events").finding.tables["incidence"]
    terms = set(incidence.loc[incidence["level"] == "term", "term"])
    assert terms == {f"{term} (invented)" for term in TERMS} | {"not coded"}
    coding = trial.analyze("coding")
    listing = coding.to_frame()
    reported = datasets()["adae"].frame["AETERM"]
    assert len(listing) == (~reported.isin(TERMS)).sum()
    assert set(listing["why"]) == {"not in the dictionary"}
    assert str(coding).startswith("MedDRA 0.1, ")


def test_another_dictionary_makes_what_reads_events_stale(folder: Path) -> None:
    before = {name: open_trial(folder).provenance(name).fingerprint for name in ("adverse_events", "primary")}
    path = folder / "dictionary" / "pt.asc"
    path.write_text(path.read_text(encoding="utf-8").replace("invented", "renamed"), encoding="utf-8")
    after = open_trial(folder)
    assert before["adverse_events"] != after.provenance("adverse_events").fingerprint
    assert before["primary"] == after.provenance("primary").fingerprint


def test_reported_text_is_kept(folder: Path) -> None:
    adae = open_trial(folder)._coded[0]["adae"].frame
    pd.testing.assert_series_equal(
        adae["AETERM"].astype("str"), datasets()["adae"].frame["AETERM"].astype("str"), check_names=False
    )
