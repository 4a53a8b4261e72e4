"""What is true of candidates and participants, as numbers, and room for one trial's participants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.visits import Visits

EVENT, COMPETING, CENSORED = 1, 2, 0


class Cohort(NamedTuple):
    """What is true of candidates and participants, as numbers. Times are months.

    `arrival`: calendar time by which each multiple of `arrival_step` candidates is expected. `site_shares`: cumulative
    shares of the sites in who arrives then. `site_risk`: relative hazard of each site. `most`: participants.
    `shares`: cumulative shares of the parts, or empty where the marker decides. `center`, `between`, `error`: mean and
    SDs of the log marker: of persons, and of one test of a person. `cuts`: on the log marker, rising; a candidate's
    part is the number of cuts that every one of `tests` tests reaches; a test above `aside` does not count. `admitted`:
    the gate lets a part in.
    `presents`, `needs`, `window`: days after infarction: latest first test, days from first to last test, end of the
    window. `grid`: log marker of the first entry of `risk`, and step. `risk`: hazard over the reference hazard, for
    control and active arm, by marker or by part. `starts`: of the pieces of time from randomization. `hazard`: of the
    event, by piece. `late`: the treatment acts in the piece. `competing`, `dropout`: hazards by arm and piece.
    `follow_up`: longest. `ratio`, `sizes`: of the blocks. `duration`: latest look.
    """

    arrival: np.ndarray
    arrival_step: float
    site_shares: np.ndarray
    site_risk: np.ndarray
    most: int
    shares: np.ndarray
    center: float
    between: float
    error: float
    cuts: np.ndarray
    aside: float
    tests: int
    admitted: np.ndarray
    presents: float
    needs: float
    window: float
    grid: np.ndarray
    risk: np.ndarray
    starts: np.ndarray
    hazard: np.ndarray
    late: np.ndarray
    competing: np.ndarray
    dropout: np.ndarray
    follow_up: float
    ratio: np.ndarray
    sizes: np.ndarray
    duration: float


class Room(NamedTuple):
    """Room for one trial's participants, in order of entry.

    `draws`: by stream. `entry`: calendar time. `marker`, `measured`: true and lowest tested, logarithms. `candidate`:
    number of candidates before. `time`, `cause`: of the end of follow-up. `responses`: baseline and each visit.
    """

    draws: np.ndarray
    entry: np.ndarray
    marker: np.ndarray
    measured: np.ndarray
    part: np.ndarray
    site: np.ndarray
    candidate: np.ndarray
    time: np.ndarray
    cause: np.ndarray
    arm: np.ndarray
    responses: np.ndarray


@njit(cache=True)
def make_room(most: int, visits: Visits | None) -> Room:
    """Return room for a trial's participants, and for their visits where there are any."""
    whole = (np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64))
    arm, site = np.empty(most, dtype=np.int64), np.zeros(most, dtype=np.int64)
    real = (np.empty(most), np.empty(most), np.empty(most), np.empty(most))
    responses = np.empty((0, 1)) if visits is None else np.empty((most, visits.control.size))
    return Room(
        np.empty((8, most)), real[0], real[1], real[2], whole[0], site, whole[1], real[3], whole[2], arm, responses
    )
