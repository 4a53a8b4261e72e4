"""How a participant's mean goes on after an intercurrent event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from calor.errors import AnalysisError

StrategyName = Literal[
    "missing at random",
    "jump to reference",
    "copy reference",
    "copy increments in reference",
    "last mean carried forward",
]
Means = Float[np.ndarray, "participant visit"]
Rule = Callable[[Means, Means, Int[np.ndarray, " participant"]], Means]


class Strategy(NamedTuple):
    """A rule and the estimand that it serves.

    Attributes:
        mean: Takes the means in the own arm, those in the reference arm and the first visit after the event (the
            number of visits if there was none) to the means that impute.
        estimand: What the analysis then estimates, in the words of ICH E9(R1).
    """

    mean: Rule
    estimand: str


def missing_at_random(own: Means, reference: Means, event: Int[np.ndarray, " participant"]) -> Means:
    """Go on as those in the same arm who stayed.

    >>> missing_at_random(np.array([[1.0, 2.0]]), np.array([[5.0, 6.0]]), np.array([1])).tolist()
    [[1.0, 2.0]]
    """
    return own


def jump_to_reference(own: Means, reference: Means, event: Int[np.ndarray, " participant"]) -> Means:
    """Lose the whole effect at once.

    >>> jump_to_reference(np.array([[1.0, 2.0]]), np.array([[5.0, 6.0]]), np.array([1])).tolist()
    [[1.0, 6.0]]
    """
    return np.where(after(own, event), reference, own)


def copy_reference(own: Means, reference: Means, event: Int[np.ndarray, " participant"]) -> Means:
    """Be taken as a participant of the reference arm from the start.

    >>> copy_reference(np.array([[1.0, 2.0]]), np.array([[5.0, 6.0]]), np.array([1])).tolist()
    [[5.0, 6.0]]
    """
    return np.where((event < own.shape[1])[:, None], reference, own)


def copy_increments(own: Means, reference: Means, event: Int[np.ndarray, " participant"]) -> Means:
    """Keep the effect reached, then change as the reference arm does.

    >>> copy_increments(np.array([[1.0, 2.0]]), np.array([[5.0, 6.5]]), np.array([1])).tolist()
    [[1.0, 2.5]]
    """
    gain = _last_before(own, event) - _last_before(reference, event)
    kept = np.where(event > 0, gain, 0.0)
    return np.where(after(own, event), reference + kept[:, None], own)


def last_mean(own: Means, reference: Means, event: Int[np.ndarray, " participant"]) -> Means:
    """Stay at the own arm's mean of the last visit before the event.

    Raises:
        AnalysisError: A participant has no visit before the event.

    >>> last_mean(np.array([[1.0, 2.0]]), np.array([[5.0, 6.0]]), np.array([1])).tolist()
    [[1.0, 1.0]]
    """
    if (event == 0).any():
        raise AnalysisError.must(
            "strategy",
            "have a mean to carry forward",
            f"{int((event == 0).sum())} participants without a visit before the event",
            fix="Choose another strategy, or leave out participants without any response.",
        )
    return np.where(after(own, event), _last_before(own, event)[:, None], own)


STRATEGIES: dict[StrategyName, Strategy] = {
    "missing at random": Strategy(missing_at_random, "hypothetical: as if treatment had gone on"),
    "jump to reference": Strategy(jump_to_reference, "treatment policy, the effect lost at once after stopping"),
    "copy reference": Strategy(copy_reference, "treatment policy, the effect fading after stopping"),
    "copy increments in reference": Strategy(
        copy_increments, "treatment policy, the effect reached kept after stopping"
    ),
    "last mean carried forward": Strategy(last_mean, "hypothetical: as if the mean had stayed where it was"),
}


def strategy_named(name: str) -> Strategy:
    """Look a strategy up by name.

    Raises:
        AnalysisError: There is none of that name.

    >>> strategy_named("jump to reference").estimand
    'treatment policy, the effect lost at once after stopping'

    Reference: Carpenter, Roger and Kenward, Journal of Biopharmaceutical Statistics 2013; Wolbers et al.,
        Pharmaceutical Statistics 2022.
    """
    for known, strategy in STRATEGIES.items():
        if known == name:
            return strategy
    raise AnalysisError.must("strategy", "be one of " + ", ".join(STRATEGIES), name, fix="Choose one of them.")


def after(means: Means, event: Int[np.ndarray, " participant"]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Tell the visits after the event."""
    return np.arange(means.shape[1]) >= event[:, None]


def _last_before(means: Means, event: Int[np.ndarray, " participant"]) -> Float[np.ndarray, " participant"]:
    """Take the mean at the last visit before the event (the first visit's where there is none)."""
    return np.asarray(means[np.arange(event.size), np.maximum(event - 1, 0)])
