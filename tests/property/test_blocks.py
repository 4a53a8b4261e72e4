"""Laws of permuted blocks and of guessing them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calor.enroll.blocks import PermutedBlocks
from calor.enroll.predictability import expected_guesses, guesses_in_block
from calor.enroll.ratio import shares

RATIOS = st.lists(st.integers(1, 3), min_size=2, max_size=4).map(tuple)
FACTORS = st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True)


@given(RATIOS, FACTORS, st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_no_arm_is_ever_farther_ahead_than_a_block_holds(
    ratio: tuple[int, ...], factors: list[int], seed: int, strata: int
) -> None:
    rng = np.random.default_rng(seed)
    unit = sum(ratio)
    blocks = PermutedBlocks(ratio, tuple(unit * factor for factor in factors))
    stratum = rng.integers(0, strata, 60)
    arms = blocks.allocate(stratum, rng.random((60, 2)))
    for code in range(strata):
        own = arms[stratum == code]
        for arm, share in enumerate(shares(ratio)):
            given_so_far = np.cumsum(own == arm)
            ahead = np.abs(given_so_far - float(share) * np.arange(1, own.size + 1))
            assert (ahead <= ratio[arm] * max(factors) + 1e-9).all()


@given(RATIOS, st.integers(0, 2**32 - 1))
def test_a_stratum_does_not_depend_on_the_others(ratio: tuple[int, ...], seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = PermutedBlocks(ratio, (sum(ratio), 2 * sum(ratio)))
    stratum, draws = rng.integers(0, 3, 50), rng.random((50, 2))
    together = blocks.allocate(stratum, draws)
    for code in range(3):
        alone = blocks.allocate(np.zeros((stratum == code).sum(), dtype=int), draws[stratum == code])
        assert (together[stratum == code] == alone).all()


@given(RATIOS, st.integers(1, 3))
def test_a_guesser_does_at_least_as_well_as_by_naming_the_commonest_arm(ratio: tuple[int, ...], factor: int) -> None:
    size = factor * sum(ratio)
    correct, certain = guesses_in_block(ratio, size)
    assert Fraction(max(ratio), sum(ratio)) * size <= correct <= size
    assert 1 <= certain <= correct
    assert expected_guesses(PermutedBlocks(ratio, (size,))).correct == correct / size
