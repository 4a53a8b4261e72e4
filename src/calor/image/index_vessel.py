"""Index vessel and active slices, chosen on the baseline scan and frozen: no follow-up value can change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from calor.errors import ImageError
from calor.image.tbr import VesselTbr

TIE = 1e-9


@dataclass(frozen=True)
class BaselineChoice:
    """What the baseline scan decided.

    Attributes:
        vessel: The index vessel: the highest mean TBRmax.
        mean_tbr_max: Its mean TBRmax at baseline.
        tied: All vessels of that value; one unless there was a tie.
        active: For each vessel, positions along it of slices active at baseline, as a share of its length, 0 to 1.
    """

    vessel: str
    mean_tbr_max: float
    tied: tuple[str, ...]
    active: Mapping[str, tuple[float, ...]]

    def __str__(self) -> str:
        tie = f"; tie of {', '.join(self.tied)}, decided by the protocol's order" if len(self.tied) > 1 else ""
        return f"index vessel {self.vessel} (mean TBRmax {self.mean_tbr_max:.3f} at baseline{tie})"


def index_vessel(baseline: Mapping[str, float], order: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the vessel of highest mean TBRmax at baseline, and all vessels tied for it.

    >>> index_vessel({"carotid_left": 2.1, "carotid_right": 2.1}, ("carotid_right", "carotid_left"))
    ('carotid_right', ('carotid_right', 'carotid_left'))

    Args:
        baseline: Mean TBRmax of each vessel at baseline.
        order: The protocol's vessels; the first of equals is taken.

    Raises:
        ImageError: A vessel is missing, unknown or without a value.
    """
    if set(baseline) - set(order) or not baseline:
        raise ImageError.must(
            "vessels", f"be among {', '.join(order)}", sorted(baseline), fix="Name them as the protocol does."
        )
    if not all(np.isfinite(v) for v in baseline.values()):
        raise ImageError.must("mean TBRmax", "be finite", dict(baseline), fix="Measure the vessel again.")
    highest = max(baseline.values())
    tied = tuple(v for v in order if v in baseline and baseline[v] >= highest - TIE)
    return tied[0], tied


def freeze(baseline: Sequence[Mapping[str, VesselTbr]], order: tuple[str, ...]) -> BaselineChoice:
    """Freeze index vessel and active slices on the baseline scan.

    Args:
        baseline: The measured vessels, of one read or of each read that counts; slices are then those that all have.
        order: The protocol's vessels.

    Raises:
        ImageError: A vessel is missing or unknown, or two reads share no slice of one.
    """
    for read in baseline:
        missing = set(order) - set(read)
        if missing:
            raise ImageError.must("baseline scan", "have every vessel of the protocol",
                                  f"no {', '.join(sorted(missing))}",
                                  fix="Segment it, or take it out of the protocol.")  # fmt: skip
    means = {name: float(np.mean([read[name].mean_tbr_max for read in baseline])) for name in baseline[0]}
    vessel, tied = index_vessel(means, order)
    active = {name: _active_places([read[name] for read in baseline]) for name in means}
    return BaselineChoice(vessel, means[vessel], tied, active)


def _active_places(reads: Sequence[VesselTbr]) -> tuple[float, ...]:
    """Return where along a vessel the mean of the reads is active, as shares of its length."""
    shared = sorted(set.intersection(*(set(read.uptake.index.tolist()) for read in reads)))
    if not shared:
        raise ImageError.must(
            "reads", "share slices", "none", where=reads[0].uptake.vessel, fix="Have the third reader read it."
        )
    in_body_order = [at for at in reads[0].uptake.index.tolist() if at in set(shared)]
    mean = np.mean([[read.tbr_max[read.uptake.index.tolist().index(at)] for at in in_body_order] for read in reads], 0)
    active = np.array([reads[0].definition.is_active(value) for value in mean.tolist()])
    return tuple(((np.flatnonzero(active) + 0.5) / active.size).tolist())


def index_of(scan: Mapping[str, VesselTbr], choice: BaselineChoice) -> VesselTbr:
    """Return a scan's vessel that was chosen at baseline.

    Raises:
        ImageError: The scan lacks that vessel.
    """
    if choice.vessel not in scan:
        raise ImageError.must(
            "scan", "have the index vessel", f"no {choice.vessel}", fix="Segment it; another is never taken."
        )
    return scan[choice.vessel]


def active_tbr(scan: Mapping[str, VesselTbr], choice: BaselineChoice) -> float | None:
    """Return a scan's mean TBRmax over the slices that were active at baseline; None when none was.

    Slices are matched by their position along the vessel, since couch and slice thickness may differ between scans.

    Raises:
        ImageError: The scan lacks a vessel with active slices.
    """
    values: list[float] = []
    for name, places in choice.active.items():
        if not places:
            continue
        if name not in scan:
            raise ImageError.must("scan", "have every vessel active at baseline", f"no {name}", fix="Segment it.")
        values += scan[name].tbr_max[active_at(scan[name], places)].tolist()
    return float(np.mean(values)) if values else None


def active_at(vessel: VesselTbr, places: Sequence[float]) -> Int[np.ndarray, " active"]:
    """Return which of a vessel's slices lie at places along it, given as shares of its length."""
    count = vessel.tbr_max.size
    return np.asarray(np.minimum((np.asarray(places, float) * count).astype(int), count - 1))


def change(baseline: float, follow_up: float) -> tuple[float, float]:
    """Return the change from baseline, and as a percentage of it.

    >>> tuple(round(v, 4) for v in change(2.21, 1.90))
    (-0.31, -14.0271)

    Raises:
        ImageError: The baseline is not positive.
    """
    if not np.isfinite([baseline, follow_up]).all() or baseline <= 0:
        raise ImageError.must("baseline", "be positive", baseline, fix="Measure the scan again.")
    return follow_up - baseline, 100 * (follow_up - baseline) / baseline
