"""Expected events: how many are seen by a calendar time, and when a number of them has been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.accrual import Accrual
from calor.design.hazard import Dropout, Hazard, HazardRatio
from calor.errors import DesignError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_STEEPEST = 4.0  # cumulative hazard that one span of nodes integrates to machine precision
_FLATTEN = 6  # u = x**6 takes the pole of a falling Weibull hazard at 0 out of the first span


@dataclass(frozen=True)
class Stratum:
    """What is assumed of one stratum; a trial without strata is one of them.

    Attributes:
        accrual: Randomization in this stratum, both arms together.
        control: Hazard of the event under control.
        hazard_ratio: Treatment over control.
        dropout: Hazards of being lost.

    >>> from calor.design.hazard import PiecewiseHazard
    >>> hazard = PiecewiseHazard.constant(0.06)
    >>> Stratum(Accrual.uniform(12, 480), hazard, HazardRatio.constant(0.7), Dropout.none()).n
    480.0
    """

    accrual: Accrual
    control: Hazard
    hazard_ratio: HazardRatio
    dropout: Dropout

    @property
    def n(self) -> float:
        """Participants once accrual is complete."""
        return self.accrual.total


@dataclass(frozen=True)
class FollowUp:
    """A stratum seen at one calendar time, on a grid of time since randomization fit for integration.

    Attributes:
        time: Nodes.
        width: Integration weights of the nodes.
        enrolled: Participants randomized long enough ago to be observable at each node.
        hazard: Hazard of the event, control first.
        cumulative: Hazard of the event summed up to each node, control first.
        retained: Probability of no dropout by each node, control first.
        ratio: Hazard ratio.
    """

    time: Float[np.ndarray, " node"]
    width: Float[np.ndarray, " node"]
    enrolled: Float[np.ndarray, " node"]
    hazard: Float[np.ndarray, "arm node"]
    cumulative: Float[np.ndarray, "arm node"]
    retained: Float[np.ndarray, "arm node"]
    ratio: Float[np.ndarray, " node"]

    @property
    def survival(self) -> Float[np.ndarray, "arm node"]:
        """Probability of no event by each node, control first."""
        return np.asarray(np.exp(-self.cumulative))

    def at_risk(self, shares: Float[np.ndarray, " arm"]) -> Float[np.ndarray, "arm node"]:
        """Return the participants expected to be at risk at each node, given each arm's share of participants."""
        return np.asarray(shares[:, None] * self.enrolled * self.survival * self.retained)

    def events(self, shares: Float[np.ndarray, " arm"]) -> Float[np.ndarray, "arm node"]:
        """Return the events expected at each node, given each arm's share of participants."""
        return np.asarray(self.width * self.hazard * self.at_risk(shares))


def follow_up(stratum: Stratum, calendar_time: float, until: float | None = None) -> FollowUp:
    """Lay the integration grid for one stratum at one calendar time, `until` a time since randomization."""
    end = calendar_time if until is None else until
    treated = stratum.hazard_ratio.treated(stratum.control)
    lost = (stratum.dropout.control, stratum.dropout.treatment)
    since_rate_changed = calendar_time - stratum.accrual.ends
    breaks = {*treated.breaks, *lost[0].breaks, *lost[1].breaks, *since_rate_changed.tolist()}
    most = max(float(h.cumulative(np.asarray(end))) for h in (stratum.control, treated, *lost))
    halvings = range(1, 1 + int(np.ceil(np.log2(max(most / _STEEPEST, 1)))))  # keep exp(-hazard) tame in every span
    breaks |= {end / 2**i for i in halvings}
    edges = np.array([0.0, *sorted(b for b in breaks if 0 < b < end), end])
    time, width = grid(edges)
    cumulative = np.array([stratum.control.cumulative(time), treated.cumulative(time)])
    dropped = np.array([h.cumulative(time) for h in lost])
    return FollowUp(
        time=time,
        width=width,
        enrolled=stratum.accrual.enrolled(calendar_time - time),
        hazard=np.array([stratum.control.at(time), treated.at(time)]),
        cumulative=cumulative,
        retained=np.exp(-dropped),
        ratio=stratum.hazard_ratio.at(time),
    )


def grid(edges: Float[np.ndarray, " edge"]) -> tuple[Float[np.ndarray, " node"], Float[np.ndarray, " node"]]:
    """Return Gauss-Legendre nodes and weights on the spans between edges, denser near the first."""
    x = (_NODES + 1) / 2
    start, span = edges[:-1, None], np.diff(edges)[:, None]
    nodes, weights = start + span * x, span * _WEIGHTS / 2
    nodes[0], weights[0] = span[0] * x**_FLATTEN + edges[0], weights[0] * _FLATTEN * x ** (_FLATTEN - 1)
    return nodes.ravel(), weights.ravel()


def allocation_shares(allocation_ratio: float) -> Float[np.ndarray, " arm"]:
    """Return the shares of control and treatment of an allocation ratio (treatment to control).

    >>> allocation_shares(2.0).round(3)
    array([0.333, 0.667])
    """
    if not 0 < allocation_ratio < inf:
        rule = "be positive and finite"
        raise DesignError.must("allocation_ratio", rule, allocation_ratio, fix="2 gives two treated to one control.")
    return np.array([1.0, allocation_ratio]) / (1 + allocation_ratio)


def expected_events(
    strata: Sequence[Stratum], calendar_time: float, allocation_ratio: float = 1.0
) -> Float[np.ndarray, " arm"]:
    """Return the events expected by a calendar time under control and under treatment.

    Args:
        strata: Assumptions, one per stratum.
        calendar_time: Time since the first randomization.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: No stratum, a time that is not positive, an impossible ratio.

    Reference:
        Lachin JM, Foulkes MA. Evaluation of sample size and power for analyses of survival with allowance for
        nonuniform patient entry, losses to follow-up, noncompliance, and stratification. Biometrics 1986.

    >>> from calor.design.hazard import PiecewiseHazard
    >>> trial = Stratum(
    ...     Accrual.uniform(12, 480), PiecewiseHazard((0, 6), (0.04, 0.08)), HazardRatio.constant(0.7),
    ...     Dropout.by(12, treatment=0.05, control=0.05),
    ... )
    >>> (expected_events([trial], 36) / 240).round(4)  # control, treatment
    array([0.8381, 0.7341])
    """
    if not strata:
        raise DesignError.must("strata", "hold at least one stratum", 0, fix="Give one for an unstratified trial.")
    if not 0 < calendar_time < inf:
        raise DesignError.must("calendar_time", "be positive and finite", calendar_time, fix="Say when to look.")
    shares = allocation_shares(allocation_ratio)
    return np.asarray(sum(follow_up(s, calendar_time).events(shares).sum(axis=1) for s in strata))


def time_of_events(strata: Sequence[Stratum], events: float, allocation_ratio: float = 1.0) -> float:
    """Return the calendar time by which a number of events is expected.

    Raises:
        DesignError: Hazards, dropout and accrual never yield so many events.

    >>> from calor.design.hazard import PiecewiseHazard
    >>> hazard, ratio = PiecewiseHazard.from_median(12), HazardRatio.constant(0.7)
    >>> trial = Stratum(Accrual.uniform(12, 490.77565), hazard, ratio, Dropout.none())
    >>> round(time_of_events([trial], 222.862537), 4)
    18.7445
    """
    participants = sum(s.n for s in strata)
    if not 0 < events < inf:
        raise DesignError.must("events", "be positive and finite", events, fix="Give the number to wait for.")
    end = max(s.accrual.duration for s in strata)

    def missing(time: float) -> float:
        return float(expected_events(strata, time, allocation_ratio).sum() - events)

    late = end
    for _ in range(40):  # 2**40 accrual times: by then whoever could have the event has had it
        if missing(late) >= 0:
            break
        late *= 2
    else:
        got = f"{events:.1f} where at most {missing(late) + events:.1f} of {participants:.0f} are ever expected"
        fix = "Randomize more, follow longer, or expect less."
        raise DesignError.must("events", "be reachable", got, fix=fix)
    return float(brentq(missing, late * 1e-9, late, xtol=1e-10, rtol=1e-13))
