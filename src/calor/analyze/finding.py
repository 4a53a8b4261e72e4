"""What one declared analysis found: sentences, tables, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True)
class Finding:
    """The answer to one analysis that the protocol declares, in a form that can be stored and reported.

    Attributes:
        id: The analysis as the protocol names it.
        label: What was measured, in the protocol's words.
        role: `primary`, `secondary`, ..., or `descriptive` for baseline and disposition.
        kind: The method as the protocol names it (`ancova`, `events`, ...).
        method: The method as a paper prints it.
        estimand: The estimand's label, or what is described.
        population: The analysis set's label.
        arms: Labels of the arms compared, control first.
        sentences: The result in words; the first is the answer.
        tables: Tidy tables by name; what each holds is said by the analysis that made it.
        p_values: The declared test of each comparison, in order; what a multiplicity procedure adjusts.
        notes: What a reader must know to judge the result: exclusions, disagreements, limits.
    """

    id: str
    label: str
    role: str
    kind: str
    method: str
    estimand: str
    population: str
    arms: tuple[str, ...]
    sentences: tuple[str, ...]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    p_values: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def to_frame(self) -> pd.DataFrame:
        """Return the main table: the first one."""
        return next(iter(self.tables.values())).copy()
