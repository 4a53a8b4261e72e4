"""A licensee's MedDRA files, here an invented dictionary: text to preferred term and primary class, nothing guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calor.datasets.meddra import read_meddra
from calor.errors import DatasetError

LLT = [
    "101$Sore elbow patch$10$$$$$$$Y$$",
    "102$Elbow patch, sore$10$$$$$$$N$$",
    "103$Elbow soreness$10$$$$$$$Y$$",
    "111$Humming ear$11$$$$$$$Y$$",
]
PT = ["10$Elbow soreness$$900$$$$$$$$", "11$Humming ear$$901$$$$$$$$"]
HIERARCHY = [
    "10$20$30$900$Elbow soreness$Elbows$Limbs$Invented limb disorders$Limb$$900$Y$",
    "10$21$31$901$Elbow soreness$Soreness$Senses$Invented sense disorders$Sens$$900$N$",
    "11$22$31$901$Humming ear$Ears$Senses$Invented sense disorders$Sens$$901$Y$",
]


def _folder(at: Path, llt: list[str] = LLT, pt: list[str] = PT, hierarchy: list[str] = HIERARCHY) -> Path:
    for name, lines in (("llt.asc", llt), ("pt.asc", pt), ("mdhier.asc", hierarchy)):
        (at / name).write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    return at


def test_reported_text_leads_to_preferred_term_and_primary_class(tmp_path: Path) -> None:
    coded = read_meddra(_folder(tmp_path), version="0.1").code(["sore  ELBOW patch", "Humming ear"])
    assert coded.table["pt"].tolist() == ["Elbow soreness", "Humming ear"]
    assert coded.table["soc"].tolist() == ["Invented limb disorders", "Invented sense disorders"]
    assert coded.table["verbatim"].tolist() == ["sore  ELBOW patch", "Humming ear"]
    assert coded.version == "0.1"
    assert str(coded) == "MedDRA 0.1: 2 of 2 reported texts coded; 0 different texts left to a coder"


def test_text_that_is_no_term_stays_uncoded_and_is_named_once(tmp_path: Path) -> None:
    coded = read_meddra(_folder(tmp_path), version="0.1").code(["Elbows sore", "Elbow soreness", "Elbows sore", None])
    assert coded.table["pt"].isna().tolist() == [True, False, True, True]
    assert coded.uncoded[0] == "Elbows sore"
    assert len(coded.uncoded) == 2


def test_term_no_longer_current_is_coded_and_counted(tmp_path: Path) -> None:
    coded = read_meddra(_folder(tmp_path), version="0.1").code(["Elbow patch, sore"])
    assert coded.table["current"].tolist() == ["N"]
    assert "1 of them to terms no longer current" in str(coded)


def test_dictionary_prints_its_version_and_size(tmp_path: Path) -> None:
    dictionary = read_meddra(_folder(tmp_path), version=" 0.1 ")
    assert str(dictionary) == "MedDRA 0.1: 4 lowest level terms, 2 preferred terms"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"hierarchy": HIERARCHY[1:]}, "one primary class, got another number for code 10"),
        ({"hierarchy": [*HIERARCHY, HIERARCHY[1].replace("$N$", "$Y$")]}, "another number for code 10"),
        ({"llt": [*LLT, "121$Stray$12$$$$$$$Y$$"]}, "none for code 121"),
        ({"pt": ["10"]}, "`pt.asc` must have 4 fields in each line, got 1 at line 1"),
        ({"llt": []}, "`llt.asc` must hold terms"),
        ({"pt": [PT[0].replace("$900$", "$901$"), PT[1]]}, "same primary class as pt.asc, got another one for code 10"),
    ],
)
def test_files_that_do_not_fit_together_are_refused(tmp_path: Path, changed: dict[str, list[str]], words: str) -> None:
    with pytest.raises(DatasetError, match=words.replace("(", r"\(")):
        read_meddra(_folder(tmp_path, **changed), version="0.1")


def test_missing_file_other_encoding_and_missing_version_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"must hold llt\.asc"):
        read_meddra(tmp_path, version="0.1")
    (_folder(tmp_path) / "pt.asc").write_bytes(b"10$Elbow \xe9$$900$$$$$$$$\n")
    with pytest.raises(DatasetError, match="hold UTF-8 text"):
        read_meddra(tmp_path, version="0.1")
    with pytest.raises(DatasetError, match="name the MedDRA version"):
        read_meddra(tmp_path, version=" ")
