"""Permuted blocks, of one size or of sizes drawn at random, within strata."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from calor.enroll.draws import checked_draws
from calor.enroll.ratio import check_ratio
from calor.errors import EnrollError
from calor.kernels import permuted_blocks as kernel


@dataclass(frozen=True)
class PermutedBlocks:
    """Blocks in which every arm holds its exact share of the places, in random order.

    The probability of an arm equals its share at every position, for any ratio and any sizes.

    Attributes:
        ratio: Allocation ratio of the arms, as (1, 1) or (2, 1).
        sizes: Block sizes; each new block draws one of them with equal probability.

    Raises:
        EnrollError: `ratio` is no ratio of at least two arms, or a size is not a multiple of its sum.

    Example:
        >>> print(PermutedBlocks(ratio=(2, 1), sizes=(3, 6)))
        permuted blocks of 3 or 6, 2:1

    Reference:
        Matts JP, Lachin JM. Properties of permuted-block randomization in clinical trials. Controlled Clinical Trials
        1988.
    """

    ratio: tuple[int, ...]
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        check_ratio(self.ratio)
        unit = sum(self.ratio)
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            raise EnrollError.must("sizes", "name each block size once", self.sizes, fix=f"Give for example ({unit},).")
        for size in self.sizes:
            if isinstance(size, bool) or not isinstance(size, int) or size <= 0 or size % unit:
                rule = f"be positive multiples of {unit}, the sum of the ratio"
                raise EnrollError.must("sizes", rule, size, fix=f"Take {unit}, {2 * unit} or {3 * unit}.")

    def __str__(self) -> str:
        sizes = " or ".join(str(size) for size in sorted(self.sizes))
        return f"permuted blocks of {sizes}, {':'.join(str(part) for part in self.ratio)}"

    def allocate(
        self, stratum: Int[np.ndarray, " participant"], draws: Float[np.ndarray, "participant 2"]
    ) -> Int[np.ndarray, " participant"]:
        """Allocate a stream of participants, each stratum with its own blocks.

        Args:
            stratum: Integer code of each participant's stratum from 0, in order of entry.
            draws: Uniform draws in [0, 1): `rng.random((n, 2))`, or `operating_system_draws(n)` in a trial.

        Returns:
            Index of each participant's arm.

        Raises:
            EnrollError: `stratum` is not an array of codes from 0, or `draws` does not fit it.

        Example:
            >>> blocks = PermutedBlocks(ratio=(1, 1), sizes=(4,))
            >>> arms = blocks.allocate(np.zeros(8, dtype=int), np.random.default_rng(1).random((8, 2)))
            >>> arms[:4].sum(), arms[4:].sum()
            (np.int64(2), np.int64(2))
        """
        stratum = np.asarray(stratum)
        if stratum.ndim != 1 or not np.issubdtype(stratum.dtype, np.integer) or (stratum < 0).any():
            raise EnrollError.must("stratum", "be one array of codes from 0", stratum, fix="Number the strata 0, 1, 2.")
        draws = checked_draws(draws, stratum.size)
        strata = int(stratum.max(initial=-1)) + 1
        return kernel.permuted_blocks(
            stratum.astype(np.int64),
            strata,
            np.array(self.ratio, dtype=np.int64),
            np.array(self.sizes, dtype=np.int64),
            draws,
        )
