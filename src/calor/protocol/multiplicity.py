"""How the type I error is shared among hypotheses."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from calor.protocol.value import Identifier, Probability, Value


class Multiplicity(Value):
    """The testing procedure over the named analyses.

    Attributes:
        method: `none` when there is one primary hypothesis; `graph` for a weighted graph (Bretz et al. 2009).
        hypotheses: Ids of analyses, in testing order for `fixed_sequence`.
        weights: Initial share of `alpha` of each hypothesis, for `graph`.
        transitions: Row i says where the weight of hypothesis i goes when it is rejected, for `graph`.
    """

    method: Literal["none", "bonferroni", "holm", "hochberg", "fixed_sequence", "graph"]
    alpha: Probability = 0.05
    hypotheses: tuple[Identifier, ...] = ()
    weights: tuple[float, ...] = ()
    transitions: tuple[tuple[float, ...], ...] = Field(default=())
