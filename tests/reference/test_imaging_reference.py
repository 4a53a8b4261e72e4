"""Imaging references that are not lists of cases: every entry of every file in the reference folder."""

from __future__ import annotations

import json
import re
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
    assert entry["expected"]
    for key, want in entry["expected"].items():
        _slice_measure(key, want, entry["slice_SUVmax"], _background(entry))


def _slice_measure(key: str, want: Any, suv_max: list[float], background: float) -> None:
    whole, ratio = _vessel(suv_max, background), tbr(np.array(suv_max), background)
    if key == "TBRmax":
        for got, one in zip(ratio.tolist(), want, strict=True):
            close(got, one, TIGHT, key)
    elif key == "mean_TBRmax":
        close(whole.mean_tbr_max, want, TIGHT, key)
    elif key == "max_TBRmax":
        close(float(ratio.max()), want, TIGHT, key)
    elif key == "peak_index":
        assert int(ratio.argmax()) == want
    elif key.startswith("MDS_"):
        found = most_diseased_segment(ratio, _window(key))
        close(found.mean, want["mean"] if isinstance(want, dict) else want, TIGHT, key)
        if isinstance(want, dict):
            assert (found.start, found.slices) == (want["start"], want["window"])
    elif "active_" in key:
        measures = _vessel(suv_max, background, **_active(key)).measures()
        close(measures["active_percent" if key.startswith("pct") else "active_slices"], want, TIGHT, key)
    else:
        pytest.fail(f"no check for {key}")


def _window(key: str) -> Segment:
    """Read `MDS_peak_pm1`, `MDS_best5`, `MDS_truncated_mean` or `MDS_shifted_mean`."""
    number = re.search(r"\d+$", key)
    if number:
        around = "_pm" in key
        return Segment(rule="peak" if around else "best", slices=2 * int(number[0]) + 1 if around else int(number[0]))
    return Segment(at_end="truncate" if "truncated" in key else "shift")


def _active(key: str) -> dict[str, Any]:
    """Read `active_ge_1_6` or `active_gt_2_0`: how the threshold is compared, and which it is."""
    return {"active_threshold": float(".".join(key.split("_")[-2:])), "active_comparator": ">" if "gt" in key else ">="}


def _background(entry: Any) -> float:
    return float(entry.get("background_SUVmean", entry.get("background")))


def _threshold_edge(entry: Any) -> None:
    asked = [key for key in entry if key.startswith("expected_active")]
    assert asked
    for key in asked:
        found = _vessel(entry["slice_SUVmax"], _background(entry), **_active(key))
        assert found.active.tolist() == entry[key], key


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
    asked = [key for key in entry if key.startswith("expected_mean_of_")]
    assert asked
    for key in asked:
        rule = Background(rule=key.removeprefix("expected_"), cv_percent=entry.get("warn_if_cv_pct_over", 10.0))
        voxels = np.array(entry["voxels"], float) if "voxels" in entry else None
        close(pooled(means, rule, voxels), entry[key], TIGHT, key)
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
    exact, published = entry.get("exact", {}), entry.get("published_2dp", {})
    assert exact or published
    for name, want in exact.items():
        _same_icc(ratings, name, want)
    for name, want in published.items():
        _same_icc(ratings, name, want, 0.005 + 1e-9)
    squares = mean_squares(ratings)
    known = {"MSR": squares.targets, "MSC": squares.raters, "MSE": squares.error, "MSW": squares.within}
    for name, want in entry.get("mean_squares", {}).items():
        close(known[name], want, TIGHT, name)


def _paired(entry: Any) -> None:
    one, two = np.array(entry["reader1"]), np.array(entry["reader2"])
    agreement, repeated = bland_altman(one, two), repeatability(np.column_stack([one, two]))
    known: dict[str, list[float]] = {
        "bias": [agreement.bias], "sd": [agreement.sd], "loa": [agreement.lower_limit, agreement.upper_limit],
        "bias_ci95": list(agreement.bias_ci), "loa_se": [agreement.limit_se],
        "within_subject_sd": [repeated.within_sd], "repeatability_coefficient": [repeated.coefficient],
        "wCV": [repeated.within_cv],
    }  # fmt: skip
    assert entry["bland_altman"]
    for name, want in entry["bland_altman"].items():
        for got, expected in zip(known[name], want if isinstance(want, list) else [want], strict=True):
            close(got, expected, TIGHT, name)
    for name, want in entry.items():
        if name.startswith("ICC"):
            _same_icc(np.column_stack([one, two]), name, want)


def _edge(entry: Any) -> None:
    reads, expected = np.array(entry["reads"], float), entry["expected"]
    if isinstance(expected, str):
        for form in FORMS:
            found = intraclass_correlation(reads, form)
            assert found.estimate is None
            assert found.reason
        assert repeatability(reads).coefficient == 0
        return
    agreement = bland_altman(reads[:, 0], reads[:, 1])
    assert expected
    for name, want in expected.items():
        if name.startswith("ICC"):
            _same_icc(reads, name, want)
        else:
            close(getattr(agreement, name), want, TIGHT, name)


def _same_icc(ratings: np.ndarray, name: str, want: float, tolerance: float = TIGHT) -> None:
    got = intraclass_correlation(ratings, _form(name)).estimate
    assert got is not None
    close(got, want, tolerance, name)


def _form(name: str) -> Any:
    """Return Shrout and Fleiss' form of a name: ICC2_1, ICC(2,k), or McGraw and Wong's ICC(A,1) and ICC(C,k)."""
    model, raters = re.sub(r"[^0-9ACk]", "", name.removeprefix("ICC").replace("A", "2"))[:2].ljust(2, "1")
    return f"ICC{model.replace('C', '3')}_{raters}"


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
    dataset.RescaleSlope = 1
    return suv_factor([pet_header(dataset)])


REFUSED: dict[str, tuple[str, list[Callable[[], object]]]] = {
    "PROPC": ("Units", [_changed(units="PROPCPS"), _changed(units="PROPCNTS")]),
    "CNTS without": ("Philips", [_changed(units="CNTS")]),
    "PatientWeight": ("Weight", [_changed(weight_kg=None), _changed(weight_kg=0.0)]),
    "DECY or ATTN": (
        "Corrected Image",
        [_changed(corrected=("ATTN",)), _changed(corrected=("DECY",)), _changed(corrected=())],
    ),
    "RescaleIntercept": ("Rescale Intercept", [_changed(intercept=1.0)]),
    "injection after": (
        "injection time",
        [_changed(injected_time=time(11, 30)), _changed(injected_time=None, injected_at=NOON.replace(hour=12))],
    ),
    "two Radiopharm": ("hold one item", [_two_injections]),
    "private factor": ("7053,1000", [_bulk_reference]),
    "mixed Series": (
        "be one",
        [
            lambda: suv_factor([GOOD, replace(GOOD, series_uid="9.9")]),
            lambda: suv_factor([GOOD, replace(GOOD, patient_id="P2")]),
        ],
    ),
}
"""What the refusal must name, and calls that must be refused, by words of the condition."""


@pytest.mark.parametrize("condition", [e["condition"] for e in _content("imaging_suv_scalar").get("must_refuse", [])])
def test_what_must_be_refused_is_refused(condition: str) -> None:
    found = [calls for words, calls in REFUSED.items() if words in condition]
    assert found, f"no check for {condition}"
    assert suv_factor([GOOD, GOOD]).per_slice[0] > 0
    words, calls = found[0]
    for call in calls:
        with pytest.raises(ImageError, match=words):
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
