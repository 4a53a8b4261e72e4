"""One trial's participants by part of the full population, and the times of its looks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.cohort import EVENT, Room

_BUCKETS = 512


class Strata(NamedTuple):
    """Participants by part, in order of entry within it; `size` of each part, `leavers` among them, sorted.

    `end`: calendar time at which follow-up ends. `flags`: 1 for the active arm, plus 2 where the follow-up ends with
    what the trial waits for: the event, or the last visit. `row`: place among all participants.
    """

    size: np.ndarray
    row: np.ndarray
    entry: np.ndarray
    time: np.ndarray
    end: np.ndarray
    flags: np.ndarray
    leavers: np.ndarray
    leaver: np.ndarray
    left: np.ndarray
    before: np.ndarray


@njit(cache=True)
def make_strata(parts: int, most: int) -> Strata:
    """Return room for `most` participants in each part."""
    shape = (parts, most)
    row, flags = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
    sizes = (np.zeros(parts, dtype=np.int64), np.zeros(parts, dtype=np.int64))
    real = (np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape))
    before = np.empty(most + 1, dtype=np.uint64)
    return Strata(sizes[0], row, real[0], real[1], real[2], flags, sizes[1], real[3], real[4], before)


@njit(cache=True)
def divide(room: Room, n: int, last_visit: float, strata: Strata) -> None:
    """Put the first `n` participants into their parts; follow-up ends at the last visit where there is one."""
    strata.size[:] = 0
    visits = last_visit < math.inf
    for i in range(n):
        part = room.part[i]
        place = strata.size[part]
        time = min(room.time[i], last_visit)
        strata.row[part, place] = i
        strata.entry[part, place] = room.entry[i]
        strata.time[part, place] = time
        strata.end[part, place] = room.entry[i] + time
        awaited = room.time[i] >= last_visit if visits else room.cause[i] == EVENT
        strata.flags[part, place] = room.arm[i] + 2 * awaited
        strata.size[part] = place + 1


@njit(cache=True)
def look_times(strata: Strata, counts: np.ndarray, targets: np.ndarray, since: float, cuts: np.ndarray) -> int:
    """Get the calendar times at which the parts that count reach each target, and how many targets are reached.

    Args:
        strata: The participants.
        counts: Whether a part's events (or last visits) count.
        targets: Further events after `since`, ascending.
        since: Calendar time after which events count.
        cuts: Latest look, in every entry; the times of the targets reached are written here.
    """
    duration = cuts[cuts.size - 1]
    scale = _BUCKETS / duration
    histogram = np.zeros(_BUCKETS + 1, dtype=np.int64)
    _count(strata, counts, since, duration, scale, histogram)
    reached = bucket = passed = 0
    wanted = np.empty(targets.size, dtype=np.int64)
    within = np.full(_BUCKETS + 1, -1, dtype=np.int64)
    for k in range(targets.size):
        while bucket <= _BUCKETS and passed + histogram[bucket] < targets[k]:
            passed += histogram[bucket]
            bucket += 1
        if bucket > _BUCKETS:
            break
        wanted[k] = int(math.ceil(targets[k]))  # noqa: RUF046 - a float in numba
        wanted[k] -= passed + 1
        within[bucket] = reached if within[bucket] < 0 else within[bucket]
        reached += 1
    near, found = np.empty((targets.size, histogram.max())), np.zeros(targets.size, dtype=np.int64)
    _collect(strata, counts, since, duration, scale, within, near, found)
    row = 0
    for k in range(reached):
        row = k if found[k] > 0 else row  # looks within one bucket share the first one's row
        if row == k:
            _sort(near[k, : found[k]])
        cuts[k] = near[row, wanted[k]]
    return reached


@njit(cache=True)
def _sort(times: np.ndarray) -> None:
    """Sort the few times of a bucket in place, by insertion."""
    for i in range(1, times.size):
        own, j = times[i], i
        while j > 0 and times[j - 1] > own:
            times[j] = times[j - 1]
            j -= 1
        times[j] = own


@njit(cache=True, inline="always")
def _count(
    strata: Strata, counts: np.ndarray, since: float, duration: float, scale: float, histogram: np.ndarray
) -> None:
    """Count what the trial waits for, by bucket of calendar time."""
    for part in range(counts.size):
        if counts[part]:
            for i in range(strata.size[part]):
                end = strata.end[part, i]
                if strata.flags[part, i] >= 2 and since < end <= duration:
                    histogram[int(end * scale)] += 1


@njit(cache=True, inline="always")
def _collect(
    strata: Strata,
    counts: np.ndarray,
    since: float,
    duration: float,
    scale: float,
    within: np.ndarray,
    near: np.ndarray,
    found: np.ndarray,
) -> None:
    """Gather the times that lie in a bucket with a target."""
    for part in range(counts.size):
        if counts[part]:
            for i in range(strata.size[part]):
                end = strata.end[part, i]
                if strata.flags[part, i] >= 2 and since < end <= duration:
                    row = within[int(end * scale)]
                    if row >= 0:
                        near[row, found[row]] = end
                        found[row] += 1
