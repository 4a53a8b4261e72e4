"""Reading lists, adjudication, records of reads and what becomes of them in ADPET."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest

from calor.errors import ImageError
from calor.image.adjudication import adjudicate
from calor.image.adpet import adpet
from calor.image.counted_reads import Scan, counted_reads
from calor.image.qc_sheet import fused_slices, qc_sheet
from calor.image.read_record import ReadRecord, keep, load, record_of
from calor.image.reading_list import reading_list
from calor.image.study import Study, measure
from calor.protocol.imaging import Imaging
from calor.protocol.visits import Visit

SCANS = [(f"S{i:02d}", visit) for i in range(20) for visit in ("V2", "V15")]
VISITS = (
    Visit(id="V2", label="Baseline", day=0, window=(-6, 0)),
    Visit(id="V15", label="Day 61", day=61, window=(58, 68)),
)


def test_readers_see_neither_participant_nor_visit() -> None:
    made = reading_list(SCANS, ["A", "B"], seed=11)
    shown = set(made.tasks.astype(str).to_numpy().ravel())
    assert list(made.tasks.columns) == ["order", "reader", "code"]
    assert not shown & {word for scan in SCANS for word in scan}
    assert made.key["code"].is_unique


def test_codes_do_not_link_the_scans_of_a_participant() -> None:
    key = reading_list(SCANS, ["A"], seed=11).key
    first = key[~key["repeat"]].pivot_table(index="participant", columns="visit", values="code", aggfunc="first")
    assert (first["V2"].str[:4] != first["V15"].str[:4]).all()


def test_every_reader_reads_all_in_an_own_order_and_repeats_come_late() -> None:
    made = reading_list(SCANS, ["A", "B"], seed=11, repeat_share=0.2)
    orders = {reader: part.sort_values("order")["code"].tolist() for reader, part in made.tasks.groupby("reader")}
    assert sorted(orders["A"]) == sorted(orders["B"]) == sorted(made.key["code"])
    assert orders["A"] != orders["B"]
    repeats = set(made.key.loc[made.key["repeat"], "code"])
    assert len(repeats) == 8
    assert all(orders["A"].index(code) >= 20 for code in repeats)


def test_a_list_is_reproduced_by_its_seed_only() -> None:
    assert reading_list(SCANS, ["A"], seed=1).key_hash == reading_list(SCANS, ["A"], seed=1).key_hash
    assert reading_list(SCANS, ["A"], seed=1).key_hash != reading_list(SCANS, ["A"], seed=2).key_hash


def test_a_third_reader_decides_only_beyond_the_limit() -> None:
    rows = [
        ("a", "A", 2.0),
        ("a", "B", 2.2),
        ("b", "A", 2.0),
        ("b", "B", 2.3),
        ("b", "C", 2.25),
        ("c", "A", 1.0),
        ("c", "B", 2.0),
    ]
    reads = pd.DataFrame(rows, columns=["target", "reader", "value"])
    found = adjudicate(reads, 0.2, third="C")
    assert found.settled.set_index("target")["value"].to_dict() == pytest.approx({"a": 2.1, "b": 2.25})
    assert found.open == ("c",)
    with pytest.raises(ImageError, match="only where readers differ"):
        adjudicate(pd.concat([reads, pd.DataFrame([("a", "C", 2.1)], columns=reads.columns)]), 0.2, third="C")


@pytest.fixture(scope="session")
def record(phantom_study: Study) -> ReadRecord:
    definition = Imaging(vessels=("ascending_aorta", "carotid_right", "carotid_left"), active_threshold=1.6)
    return record_of(measure(phantom_study, definition), ("S01", "V2", "masks"), "abc", "0.1.0")


def test_a_record_is_kept_once_and_never_overwritten(record: ReadRecord, tmp_path: Path) -> None:
    path = keep(record, tmp_path)
    before = path.read_bytes()
    assert keep(record, tmp_path) == path
    with pytest.raises(ImageError, match="under its key"):
        keep(replace(record, background_suv=9.0), tmp_path)
    assert path.read_bytes() == before
    assert load(path) == record


def test_another_input_version_or_definition_is_another_read(record: ReadRecord) -> None:
    others = [replace(record, inputs="x"), replace(record, version="9"), replace(record, reader="B"),
              replace(record, definition={**record.definition, "active_threshold": 2.0})]  # fmt: skip
    assert len({r.key for r in [record, *others]}) == 5


def test_a_record_that_was_changed_is_refused(record: ReadRecord, tmp_path: Path) -> None:
    path = keep(record, tmp_path)
    content = asdict(record) | {"inputs": "other"}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ImageError, match="match its key"):
        load(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ImageError, match="whole record"):
        load(path)


def scaled(record: ReadRecord, visit: str, factor: float, participant: str = "S01") -> ReadRecord:
    slices = {n: {**s, "suv_max": [factor * v for v in s["suv_max"]]} for n, s in record.slices.items()}
    return replace(record, visit=visit, participant=participant, slices=slices)


def scans(reads: list[ReadRecord]) -> dict[Scan, tuple[ReadRecord, ...]]:
    return counted_reads(reads, limit=0.2).by_scan  # type: ignore[return-value]


def test_adpet_carries_baseline_change_and_the_index_vessel(record: ReadRecord, definition: Imaging) -> None:
    made = adpet(scans([record, scaled(record, "V15", 0.9)]), definition, study="T", visits=VISITS)
    index = made.frame[made.frame["PARAMCD"] == "TBRIDX"].set_index("AVISIT")
    assert index.loc["Day 61", "PCHG"] == pytest.approx(-10)
    assert index.loc["Day 61", "BASE"] == index.loc["Baseline", "AVAL"]
    assert index["VESSEL"].tolist() == ["ascending_aorta"] * 2
    assert set(made.frame["PARAMCD"]) >= {"TBRIDX", "TBRACT", "TBRASC", "TBRLCAR", "TBRRCAR"}


def test_a_follow_up_without_baseline_or_with_another_uptake_is_left_out(
    record: ReadRecord, definition: Imaging
) -> None:
    late = replace(scaled(record, "V15", 0.9), uptake_s=record.uptake_s + 3600)
    coarse = replace(scaled(record, "V15", 0.9, "S02"), voxel_mm=(5.0, 4.0, 4.0))
    alone = scaled(record, "V15", 0.9, "S03")
    made = adpet(
        scans([record, late, replace(record, participant="S02"), coarse, alone]), definition, study="T", visits=VISITS
    )
    assert set(made.frame["AVISIT"]) == {"Baseline"}
    words = {p: why for p, _, why in made.problems}
    assert "uptake time" in words["S01"]
    assert "voxel size" in words["S02"]
    assert "no baseline" in words["S03"]


def test_a_quality_sheet_carries_its_code_and_no_identifier(
    phantom_study: Study, definition: Imaging, tmp_path: Path
) -> None:
    path, found = tmp_path / "qc.png", measure(phantom_study, definition)
    qc_sheet(found, fused_slices(phantom_study, found), path, code="AB1234")
    raw = path.read_bytes()
    assert raw.startswith(b"\x89PNG")
    assert len(raw) > 20_000
    assert b"P1" not in raw[:200]
