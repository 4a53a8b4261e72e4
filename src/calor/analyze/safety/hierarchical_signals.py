"""Berry and Berry: adverse-event signals that borrow strength across the terms of a system organ class.

Events in the control arm are binomial with logit gamma, in the active arm with logit gamma + theta. Within class b,
gamma is normal and theta is exactly 0 with probability pi_b, otherwise normal. Class means share a common mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.counts.event_count import EventCount
from calor.analyze.drawable import Drawable
from calor.analyze.safety.mcmc_convergence import effective_sample_size, r_hat
from calor.errors import AnalysisError
from calor.kernels.hierarchical_mixture import sample_chain

_LARGEST_R_HAT = 1.05


@dataclass(frozen=True)
class Sampling:
    """Say how long to sample.

    Attributes:
        chains: Independent chains, at least 2.
        warm_up: Draws thrown away in each chain.
        draws: Draws kept in each chain.
    """

    chains: int = 4
    warm_up: int = 1000
    draws: int = 10_000


@dataclass(frozen=True, eq=False)
class HierarchicalSignals(Drawable):
    """Hold the posterior of each term.

    Attributes:
        table: One row per term: soc, term, counts, `p_more` (posterior probability of more events in the active arm),
            `p_no_effect` (of exactly no effect), `odds_ratio` (posterior median) with `lower` and `upper` (95 %),
            `r_hat` and `effective_draws` of theta.
        draws: Draws kept in all chains.
    """

    table: pd.DataFrame
    draws: int

    def __str__(self) -> str:
        top = self.table.sort_values("p_more", ascending=False).iloc[0]
        return (
            f"Strongest of {len(self.table)} terms: {top['term']}, odds ratio {top['odds_ratio']:.2f} "
            f"(95 % interval {top['lower']:.2f} to {top['upper']:.2f}), probability of more events "
            f"{top['p_more']:.3f}; largest R-hat {self.table['r_hat'].max():.3f}, fewest effective draws "
            f"{self.table['effective_draws'].min():.0f} of {self.draws}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


def hierarchical_signals(
    soc: Sequence[str],
    term: Sequence[str],
    active: Sequence[EventCount],
    control: Sequence[EventCount],
    *,
    rng: np.random.Generator,
    sampling: Sampling | None = None,
) -> HierarchicalSignals:
    """Estimate each term's odds ratio with partial pooling within and between system organ classes.

    Priors are Berry and Berry's: variances inverse gamma (3, 1), means normal (0, 10), the mixing probability beta with
    parameters exponential (1) above 1.

    Args:
        soc: System organ class of each term.
        term: Terms, each once.
        active: Participants with the term and participants, active arm.
        control: The same for the control arm.
        rng: Random generator.
        sampling: Length of the chains.

    Raises:
        AnalysisError: The lists differ in length, a term is repeated, `sampling` is too short to judge convergence, or
            the chains did not converge (R-hat above 1.05).

    Example:
        >>> counts = [EventCount(9, 32), EventCount(1, 32)], [EventCount(1, 31), EventCount(1, 31)]
        >>> result = hierarchical_signals(["Skin"] * 2, ["Rash", "Itch"], *counts, rng=np.random.default_rng(1))
        >>> list(result.table["p_more"].round(1))
        [0.9, 0.2]

    Reference:
        Berry SM, Berry DA. Biometrics 2004;60:418-426.
    """
    plan = sampling or Sampling()
    _check(soc, term, active, control, plan)
    classes, of_class = np.unique(list(soc), return_inverse=True)
    counts = np.array(
        [(a.events, a.participants, c.events, c.participants) for a, c in zip(active, control, strict=True)]
    )
    theta = np.empty((plan.chains, plan.draws, len(term)))
    for chain, generator in enumerate(rng.spawn(plan.chains)):
        sample_chain(counts.astype(float), of_class, classes.size, plan.warm_up, theta[chain], generator)
    table = pd.DataFrame(
        {
            "soc": list(soc),
            "term": list(term),
            "active": [str(count) for count in active],
            "control": [str(count) for count in control],
        }
    )
    return HierarchicalSignals(pd.concat([table, _posterior(theta, term)], axis=1), plan.chains * plan.draws)


def _check(
    soc: Sequence[str],
    term: Sequence[str],
    active: Sequence[EventCount],
    control: Sequence[EventCount],
    plan: Sampling,
) -> None:
    """Refuse chains too short to judge, and lists that do not describe terms."""
    if plan.chains < 2 or plan.warm_up < 100 or plan.draws < 200:
        raise AnalysisError.must(
            "sampling", "have 2 chains, 100 warm-up and 200 draws at least", plan, fix="Take the default."
        )
    if not len(soc) == len(term) == len(active) == len(control) > 0 or len(set(term)) != len(term):
        raise AnalysisError.must(
            "soc, term, active and control",
            "have one entry for each term, each term once",
            [len(soc), len(term), len(active), len(control)],
            fix="Give one row per term.",
        )


def _posterior(theta: Float[np.ndarray, "chains draws terms"], term: Sequence[str]) -> pd.DataFrame:
    """Summarize the draws of each term, refusing chains that did not converge."""
    r_hats = np.array([r_hat(theta[:, :, at]) for at in range(len(term))])
    if r_hats.max() > _LARGEST_R_HAT:
        raise AnalysisError.must(
            "sampling",
            f"be long enough for R-hat up to {_LARGEST_R_HAT}",
            f"{r_hats.max():.2f}",
            where=str(term[int(r_hats.argmax())]),
            fix="Double warm_up and draws.",
        )
    flat = theta.reshape(-1, len(term))
    lower, middle, upper = np.exp(np.quantile(flat, [0.025, 0.5, 0.975], axis=0))
    return pd.DataFrame(
        {
            "p_more": (flat > 0).mean(axis=0),
            "p_no_effect": (flat == 0).mean(axis=0),
            "odds_ratio": middle,
            "lower": lower,
            "upper": upper,
            "r_hat": r_hats,
            "effective_draws": [effective_sample_size(theta[:, :, at]) for at in range(len(term))],
        }
    )
