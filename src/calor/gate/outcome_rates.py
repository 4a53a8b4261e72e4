"""Control event rates of published outcome trials, and the rate they imply at a given marker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from calor.design.hazard import PiecewiseHazard
from calor.errors import DesignError
from calor.gate.gates import CandidateGate
from calor.gate.population import admitted
from calor.protocol.gate_beliefs import MarkerWindow


@dataclass(frozen=True)
class OutcomeTrial:
    """One arm of a published trial.

    Attributes:
        label: Its name.
        per_year: First events per participant-year under control.
        cutoff: Its own gate, one test at least this [mg/L]; None where it had none.
        infarction: Time since infarction at entry.
        source: Where the rate is printed.
    """

    label: str
    per_year: float
    cutoff: float | None
    infarction: str
    source: str


def _yearly(share: float, years: float) -> float:
    return PiecewiseHazard.from_probability(share, years).rates[0]


PUBLISHED: Mapping[str, OutcomeTrial] = MappingProxyType(
    {
        "cantos": OutcomeTrial(
            "CANTOS", 0.0450, 2.0, "30 days or more", "New England Journal of Medicine 2017;377:1119"
        ),
        "colcot": OutcomeTrial(
            "COLCOT", _yearly(0.071, 22.6 / 12), None, "within 30 days",
            "doi 10.1056/NEJMoa1912388: 7.1 % in a median of 22.6 months",
        ),
        "lodoco2": OutcomeTrial("LoDoCo2", 0.036, None, "chronic", "New England Journal of Medicine 2020;383:1838"),
        "clear_synergy": OutcomeTrial(
            "CLEAR SYNERGY", _yearly(0.093, 3.0), None, "within 72 hours of PCI",
            "doi 10.1056/NEJMoa2405922: 9.3 % in a median of 3 years",
        ),
    }
)  # fmt: skip
"""The defaults; endpoints differ between trials, so that a rate carries over with uncertainty."""


def rate_at_median(window: MarkerWindow, hazard: Float[np.ndarray, "world node"]) -> Float[np.ndarray, " world"]:
    """Return control's yearly event rate of a candidate whose long-term marker is at its median.

    A published rate is an average over those whom that trial let in; it is taken back to the median by the gradient,
    and the window's trials are averaged geometrically.

    Args:
        window: Window with the names of its trials.
        hazard: Control's hazard at each long-term marker of `population.NODES`, over that at the median.

    Raises:
        DesignError: A trial that is not known.

    >>> from calor.gate.population import NODES
    >>> month = MarkerWindow(
    ...     id="month", days=(30, 90), median=1.43, log_sd=1.134, icc=0.62, outcome_trials=("cantos",)
    ... )
    >>> rate_at_median(month, np.exp(np.array([[0.0], [0.2]]) * NODES)).round(4)
    array([0.045, 0.038])
    """
    logs = [np.log(_taken_back(_trial(name), window, hazard)) for name in window.outcome_trials]
    return np.asarray(np.exp(np.mean(logs, axis=0)))


def published(names: Sequence[str]) -> tuple[OutcomeTrial, ...]:
    """Return the trials of these names.

    >>> [trial.label for trial in published(["cantos"])]
    ['CANTOS']
    """
    return tuple(_trial(name) for name in names)


def _trial(name: str) -> OutcomeTrial:
    if name not in PUBLISHED:
        raise DesignError.must("outcome_trials", f"be among {', '.join(PUBLISHED)}", name, fix="Check the name.")
    return PUBLISHED[name]


def _taken_back(
    trial: OutcomeTrial, window: MarkerWindow, hazard: Float[np.ndarray, "world node"]
) -> Float[np.ndarray, " world"]:
    gate = CandidateGate(window.id) if trial.cutoff is None else CandidateGate(window.id, trial.cutoff, 1)
    return np.asarray(trial.per_year / np.einsum("wn,n->w", hazard, admitted(gate, window).weights))
