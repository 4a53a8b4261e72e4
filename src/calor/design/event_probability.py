"""Event probability: the chance that a participant is seen to have the event by a calendar time."""

from __future__ import annotations

from dataclasses import dataclass

from calor.design.expected_events import Stratum, expected_events


@dataclass(frozen=True)
class EventProbability:
    """Chance that a participant of the whole trial, enrolled yet or not, has been seen with the event.

    Attributes:
        control: Under control.
        treatment: Under treatment.
        overall: In both arms together.
    """

    control: float
    treatment: float
    overall: float


def event_probability(stratum: Stratum, calendar_time: float, allocation_ratio: float = 1.0) -> EventProbability:
    """Return the probability of an event seen by a calendar time.

    Raises:
        DesignError: A time that is not positive, an impossible ratio.

    Reference:
        Lachin JM, Foulkes MA. Biometrics 1986; Kim K, Tsiatis AA. Study duration for clinical trials with survival
        response and early stopping rule. Biometrics 1990.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> hazard = PiecewiseHazard((0, 6), (0.04, 0.08))
    >>> trial = Stratum(Accrual.uniform(12), hazard, HazardRatio.constant(0.7), Dropout.by(12, 0.05, 0.05))
    >>> round(event_probability(trial, 12).overall, 4)
    0.208
    """
    control, treatment = expected_events([stratum], calendar_time, allocation_ratio)
    share = allocation_ratio / (1 + allocation_ratio)
    n = stratum.n
    return EventProbability(
        control=float(control / (n * (1 - share))),
        treatment=float(treatment / (n * share)),
        overall=float((control + treatment) / n),
    )
