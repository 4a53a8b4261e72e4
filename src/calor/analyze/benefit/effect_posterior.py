"""The treatment effect as a function of baseline biomarkers, with its posterior to draw from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.benefit.interaction import BiomarkerScale, transform
from calor.analyze.drawable import Drawable
from calor.errors import AnalysisError


@dataclass(frozen=True)
class EffectPosterior(Drawable):
    """Posterior draws of effect(m) = d + sum_j g_j (m_j - center_j) / spread_j.

    The design of a biomarker gate draws whole effect curves from it: one draw is one world, the same for every
    participant.

    Example:
        >>> draws = np.array([[-0.2, -0.1], [-0.1, -0.2]])
        >>> posterior = EffectPosterior({"crp": "log"}, np.array([2.0]), np.array([1.0]), draws, n=60)
        >>> posterior.effects(pd.DataFrame({"crp": np.exp([2.0, 3.0])})).round(3).tolist()
        [[-0.2, -0.3], [-0.1, -0.3]]

    Attributes:
        biomarkers: Scale of each biomarker, by column.
        centers: Mean of each biomarker on its scale.
        spreads: Standard deviation of each biomarker on its scale.
        draws: One row per draw: d, then the g of each biomarker.
        n: Participants behind it.
    """

    biomarkers: dict[str, BiomarkerScale]
    centers: Float[np.ndarray, " k"]
    spreads: Float[np.ndarray, " k"]
    draws: Float[np.ndarray, "draws 1+k"]
    n: int

    def __str__(self) -> str:
        mean = self.draws.mean(axis=0)
        slopes = ", ".join(
            f"{slope:+.3f} per SD of {name}" for slope, name in zip(mean[1:], self.biomarkers, strict=True)
        )
        return f"Effect {mean[0]:.3f} at mean biomarkers, {slopes}; {len(self.draws)} posterior draws, n = {self.n}"

    def to_frame(self) -> pd.DataFrame:
        """Return the draws, one row each: the effect at mean biomarkers, then its change per SD of each."""
        return pd.DataFrame(self.draws, columns=["effect", *self.biomarkers])

    def effects(self, table: pd.DataFrame) -> Float[np.ndarray, "draws rows"]:
        """Return the effect for each row of biomarkers under each draw.

        Args:
            table: One column per biomarker, complete.

        Raises:
            AnalysisError: A column is absent, not finite, or not positive on the log scale.
        """
        columns = []
        for j, (name, scale) in enumerate(self.biomarkers.items()):
            if name not in table.columns:
                raise AnalysisError.must("table", "have every biomarker", f"none named {name}", fix="Add the column.")
            values = table[name].to_numpy(dtype=float)
            if not np.isfinite(values).all():
                raise AnalysisError.must(name, "be finite", "missing or infinite values", fix="Drop these rows.")
            columns.append((transform(values, name, scale) - self.centers[j]) / self.spreads[j])
        return np.asarray(self.draws[:, [0]] + self.draws[:, 1:] @ np.array(columns))

    def curve(self, biomarker: str, values: Float[np.ndarray, " m"], level: float = 0.95) -> pd.DataFrame:
        """Return biomarker, effect, lower and upper along one biomarker, the others at their means."""
        scales = list(self.biomarkers)
        if biomarker not in scales:
            raise AnalysisError.must("biomarker", f"be one of {', '.join(scales)}", biomarker, fix="Check the name.")
        j = scales.index(biomarker)
        z = (transform(values, biomarker, self.biomarkers[biomarker]) - self.centers[j]) / self.spreads[j]
        effects = self.draws[:, [0]] + self.draws[:, [1 + j]] * z
        lower, upper = np.quantile(effects, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        return pd.DataFrame({"biomarker": values, "effect": effects.mean(axis=0), "lower": lower, "upper": upper})

    def probability_below(self, table: pd.DataFrame, bound: float = 0.0) -> Float[np.ndarray, " rows"]:
        """Return, for each row of biomarkers, the posterior probability that the effect is below `bound`."""
        return np.asarray((self.effects(table) < bound).mean(axis=0))
