"""Imaging references that are not lists of cases: every entry of every file in the reference folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from calor.errors import ImageError
from calor.image.background import pooled, variation
from calor.image.bland_altman import bland_altman
from calor.image.index_vessel import change, index_vessel
from calor.image.intraclass_correlation import FORMS, intraclass_correlation, mean_squares
from calor.image.most_diseased_segment import most_diseased_segment
from calor.image.pet_header import PetHeader, pet_header
from calor.image.phantom import TORSO, blurred, make_phantom
from calor.image.phantom_recovery import recovery
from calor.image.repeatability import repeatability
from calor.image.slice_uptake import SliceUptake
from calor.image.suv_factor import suv_factor
from calor.image.tbr import VesselTbr, tbr, vessel_tbr
from calor.protocol.imaging import Background, Imaging, Segment
from tests.reference.registry import FOLDER, close

Check = Callable[[Any], None]
TIGHT = 1e-8


def _content(name: str) -> Any:
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _entries(name: str) -> list[Any]:
    content = _content(name)
    skip = {"source", "note", "licence", "builder"}
    found = []
    for key, entry in content.items():
        if key in skip or key == "cases":
            continue
        parts = list(enumerate(entry)) if isinstance(entry, list) else [("", entry)]
        found += [pytest.param(key, part, id=f"{name}:{key}{at}") for at, part in parts]
    return found


def _vessel(suv_max: list[float], background: float, **definition: Any) -> VesselTbr:
    n = len(suv_max)
    uptake = SliceUptake(
        "aorta", np.arange(n), 3.0 * np.arange(n), np.ones(n, int), np.array(suv_max), np.array(suv_max)
    )
    return vessel_tbr(uptake, background, Imaging(vessels=("aorta",), **definition))


def _slices(entry: Any) -> None:
    suv_max, background, expected = entry["slice_SUVmax"], _background(entry), entry["expected"]
    whole = _vessel(suv_max, background)
    for got, want in zip(whole.tbr_max, expected.get("TBRmax", whole.tbr_max), strict=True):
        close(float(got), want, TIGHT, "TBRmax")
    for key, want in expected.items():
        _slice_measure(key, want, suv_max, background)


def _slice_measure(key: str, want: Any, suv_max: list[float], background: float) -> None:
    whole, ratio = _vessel(suv_max, background), tbr(np.array(suv_max), background)
    if key == "mean_TBRmax":
        close(whole.mean_tbr_max, want, TIGHT, key)
    elif key == "max_TBRmax":
        close(float(ratio.max()), want, TIGHT, key)
    elif key == "peak_index":
        assert int(ratio.argmax()) == want
    elif key in ("MDS_peak_pm1", "MDS_truncated_mean"):
        close(most_diseased_segment(ratio, Segment()).mean, want, TIGHT, key)
    elif key.startswith("MDS_best"):
        found = most_diseased_segment(ratio, Segment(rule="best", slices=int(key[8:])))
        close(found.mean, want["mean"] if isinstance(want, dict) else want, TIGHT, key)
        if isinstance(want, dict):
            assert (found.start, found.slices) == (want["start"], want["window"])
    elif key.startswith(("active_ge_", "pct_active_")):
        measures = _vessel(suv_max, background, active_threshold=_threshold(key)).measures()
        close(measures["active_percent" if key.startswith("pct") else "active_slices"], want, TIGHT, key)
    else:
        assert key == "TBRmax", f"no check for {key}"


def _threshold(key: str) -> float:
    return float(".".join(key.split("_")[-2:]))


def _background(entry: Any) -> float:
    return float(entry.get("background_SUVmean", entry.get("background")))


def _threshold_edge(entry: Any) -> None:
    for key, want in entry.items():
        if key.startswith("expected_active"):
            found = _vessel(entry["slice_SUVmax"], _background(entry), active_threshold=_threshold(key))
            assert found.active.tolist() == want, key


def _index_vessel(entry: Any) -> None:
    baseline = entry.get("baseline_mean_TBRmax", entry.get("baseline"))
    vessel, tied = index_vessel(baseline, tuple(sorted(baseline, reverse=True)))
    if "expected_index" not in entry:  # a tie: the protocol's order decides, and the tie is reported
        assert len(tied) > 1
        assert vessel == tied[0]
        assert index_vessel(baseline, tuple(sorted(baseline)))[0] != vessel
        return
    assert vessel == entry["expected_index"]
    assert tied == (vessel,)
    absolute, percent = change(baseline[vessel], entry["follow_up"][vessel])
    close(absolute, entry["expected_change_index"], TIGHT, "change")
    close(percent, entry["expected_pct"], TIGHT, "percent")


def _pool(entry: Any) -> None:
    means = np.array(entry["region_means"])
    close(pooled(means, Background()), entry["expected_mean_of_slice_means"], TIGHT, "background")
    assert Background().cv_percent == entry["warn_if_cv_pct_over"]
    assert variation(means) == pytest.approx(100 * means.std(ddof=1) / means.mean())


TBR: dict[str, Check] = {
    "vessel_slices": _slices,
    "peak_at_end": _slices,
    "threshold_edge": _threshold_edge,
    "index_vessel": _index_vessel,
    "background": _pool,
}


@pytest.mark.parametrize(("key", "entry"), _entries("imaging_tbr"))
def test_tbr_agrees(key: str, entry: Any) -> None:
    check = next((c for prefix, c in TBR.items() if key.startswith(prefix)), None)
    assert check is not None, f"no check for {key}"
    check(entry)


def _icc_table(entry: Any) -> None:
    ratings = np.array(entry["ratings"])
    for form in FORMS:
        got = intraclass_correlation(ratings, form).estimate
        assert got is not None
        close(got, entry["exact"][form], TIGHT, form)
        assert round(got, 2) == entry["published_2dp"][form]
    squares = mean_squares(ratings)
    for name, got in (
        ("MSR", squares.targets),
        ("MSC", squares.raters),
        ("MSE", squares.error),
        ("MSW", squares.within),
    ):
        close(got, entry["mean_squares"][name], TIGHT, name)


def _paired(entry: Any) -> None:
    one, two, want = np.array(entry["reader1"]), np.array(entry["reader2"]), entry["bland_altman"]
    agreement, repeated = bland_altman(one, two), repeatability(np.column_stack([one, two]))
    close(agreement.bias, want["bias"], TIGHT, "bias")
    close(agreement.sd, want["sd"], TIGHT, "sd")
    for got, expected in zip((agreement.lower_limit, agreement.upper_limit), want["loa"], strict=True):
        close(got, expected, TIGHT, "limit")
    for got, expected in zip(agreement.bias_ci, want["bias_ci95"], strict=True):
        close(got, expected, TIGHT, "bias interval")
    close(agreement.limit_se, want["loa_se"], TIGHT, "limit SE")
    close(repeated.within_sd, want["within_subject_sd"], TIGHT, "within SD")
    close(repeated.coefficient, want["repeatability_coefficient"], TIGHT, "coefficient")
    close(repeated.within_cv, want["wCV"], TIGHT, "within CV")
    for form in FORMS:
        if form in entry:
            _same_icc(np.column_stack([one, two]), form, entry[form])


def _edge(entry: Any) -> None:
    reads, expected = np.array(entry["reads"], float), entry["expected"]
    if isinstance(expected, str):
        for form in FORMS:
            found = intraclass_correlation(reads, form)
            assert found.estimate is None
            assert found.reason
        assert repeatability(reads).coefficient == 0
        return
    for form in FORMS:
        if form in expected:
            _same_icc(reads, form, expected[form])
    agreement = bland_altman(reads[:, 0], reads[:, 1])
    close(agreement.bias, expected["bias"], TIGHT, "bias")
    close(agreement.sd, expected["sd"], TIGHT, "sd")


def _same_icc(ratings: np.ndarray, form: Any, want: float) -> None:
    got = intraclass_correlation(ratings, form).estimate
    assert got is not None
    close(got, want, TIGHT, form)


RELIABILITY: dict[str, Check] = {"shrout": _icc_table, "paired": _paired, "edge": _edge}


@pytest.mark.parametrize(("key", "entry"), _entries("imaging_reliability"))
def test_reliability_agrees(key: str, entry: Any) -> None:
    check = next((c for prefix, c in RELIABILITY.items() if key.startswith(prefix)), None)
    assert check is not None, f"no check for {key}"
    check(entry)


NOON = datetime(2025, 1, 1, 11)  # noqa: DTZ001  (DICOM times have no zone)
GOOD = PetHeader(
    "BQML", "START", ("DECY", "ATTN"), NOON, NOON, half_life_s=6586.2, dose=3.5e8, injected_time=time(10),
    weight_kg=70.0, series_uid="1.2.3", patient_id="P1",
)  # fmt: skip


def _changed(**fields: Any) -> Callable[[], object]:
    return lambda: suv_factor([replace(GOOD, **fields), replace(GOOD, **fields)])


def _two_injections() -> object:
    dataset = Dataset()
    dataset.RadiopharmaceuticalInformationSequence = [Dataset(), Dataset()]
    return pet_header(dataset)


def _bulk_reference() -> object:
    dataset = Dataset()
    dataset.add_new((0x7053, 0x0010), "LO", "Philips PET Private Group")
    dataset.add_new((0x7053, 0x1000), "UN", b"BulkDataURI http://archive/bulk/1")
    dataset.Units, dataset.DecayCorrection, dataset.CorrectedImage = "CNTS", "START", ["DECY", "ATTN"]
    return suv_factor([pet_header(dataset)])


REFUSED: dict[str, list[Callable[[], object]]] = {
    "PROPC": [_changed(units="PROPCPS"), _changed(units="PROPCNTS")],
    "CNTS without": [_changed(units="CNTS")],
    "PatientWeight": [_changed(weight_kg=None), _changed(weight_kg=0.0)],
    "DECY or ATTN": [_changed(corrected=("ATTN",)), _changed(corrected=("DECY",)), _changed(corrected=())],
    "RescaleIntercept": [_changed(intercept=1.0)],
    "injection after": [
        _changed(injected_time=time(11, 30)),
        _changed(injected_time=None, injected_at=NOON.replace(hour=12)),
    ],
    "two Radiopharm": [_two_injections],
    "private factor": [_bulk_reference],
    "mixed Series": [
        lambda: suv_factor([GOOD, replace(GOOD, series_uid="9.9")]),
        lambda: suv_factor([GOOD, replace(GOOD, patient_id="P2")]),
    ],
}  # fmt: skip


@pytest.mark.parametrize("condition", [e["condition"] for e in _content("imaging_suv_scalar").get("must_refuse", [])])
def test_what_must_be_refused_is_refused(condition: str) -> None:
    found = [calls for words, calls in REFUSED.items() if words in condition]
    assert found, f"no check for {condition}"
    assert suv_factor([GOOD, GOOD]).per_slice[0] > 0
    for call in found[0]:
        with pytest.raises(ImageError):
            call()


@pytest.mark.skipif(not _content("imaging_phantom"), reason="the folder has no phantom")
def test_the_phantom_loses_what_partial_volume_takes() -> None:
    reference = _content("imaging_phantom")
    want = reference["measured_noise_free"]
    definition = Imaging(vessels=("ascending_aorta", "carotid_left", "carotid_right"))
    found = recovery(blurred(make_phantom(TORSO), reference["truth"]["fwhm"]), definition)
    aorta = found.vessels["ascending_aorta"]
    assert float(aorta.uptake.suv_max.max()) == pytest.approx(want["ascending_aorta"]["SUVmax"], rel=0.01)
    assert aorta.active.size == want["ascending_aorta"]["n"]
    assert found.pools["svc"] == pytest.approx(want["bg_svc_whole"], rel=0.02)
    # The reference drew thin vessels on whole voxels, where Calor draws the share of each: hence 4 and 10 %. Unit tests
    # hold Calor to the closed form within 1.5 %; the reference is farther from it.
    assert found.pools["jugular_left"] == pytest.approx(want["bg_jugular"], rel=0.04)
    carotid, theirs = float(found.vessels["carotid_left"].uptake.suv_max.max()), want["carotid_left"]["SUVmax"]
    exact = found.to_frame().set_index("vessel").loc["carotid_left", "expected_suv_max"]
    assert carotid == pytest.approx(theirs, rel=0.10)
    assert abs(carotid / exact - 1) < abs(theirs / exact - 1)
