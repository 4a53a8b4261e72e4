"""Permuted blocks."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import chisquare

from calor.enroll.blocks import PermutedBlocks
from calor.errors import EnrollError


def test_every_block_is_exactly_balanced_in_every_stratum() -> None:
    rng = np.random.default_rng(1)
    stratum = rng.integers(0, 3, 600)
    arms = PermutedBlocks((2, 1), (6,)).allocate(stratum, rng.random((600, 2)))
    for code in range(3):
        own = arms[stratum == code]
        full = own[: own.size // 6 * 6].reshape(-1, 6)
        assert ((full == 0).sum(axis=1) == 4).all()


def test_each_sequence_of_a_block_of_4_is_equally_likely() -> None:
    rng = np.random.default_rng(2)
    blocks = PermutedBlocks((1, 1), (4,)).allocate(np.zeros(48_000, dtype=int), rng.random((48_000, 2))).reshape(-1, 4)
    sequences = sorted(set(permutations((0, 0, 1, 1))))
    counts = [int((blocks == sequence).all(axis=1).sum()) for sequence in sequences]
    assert len(counts) == 6
    assert sum(counts) == 12_000
    assert chisquare(counts).pvalue > 1e-4, counts


@pytest.mark.parametrize(("ratio", "sizes"), [((1, 1), (2, 4)), ((2, 1), (3, 6)), ((2, 2, 1), (5,)), ((3, 1), (4, 12))])
def test_an_arms_probability_equals_its_share_at_every_position(ratio: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    replicates, positions = 20_000, 15
    stratum = np.repeat(np.arange(replicates), positions)
    arms = PermutedBlocks(ratio, sizes).allocate(stratum, rng.random((stratum.size, 2))).reshape(replicates, positions)
    expected = replicates * np.array(ratio) / sum(ratio)
    for position in range(positions):
        counts = np.bincount(arms[:, position], minlength=len(ratio))
        p = chisquare(counts, expected).pvalue
        assert p > 0.001 / positions, f"position {position}: {counts}, expected {expected}, p = {p:.2g}"


def test_random_sizes_are_drawn_equally_often() -> None:
    rng = np.random.default_rng(4)
    arms = PermutedBlocks((1, 1), (2, 4)).allocate(np.zeros(60_000, dtype=int), rng.random((60_000, 2)))
    balance = np.cumsum(np.where(arms == 0, 1, -1))
    # The middle of a block of 4 ties with probability 2/3.
    assert np.abs(balance).max() == 2
    ties = (balance == 0).mean()
    # Among the 6 places of a block of 2 and one of 4, both ends tie as well.
    assert abs(ties - (2 + 2 / 3) / 6) < 0.01, ties


@pytest.mark.parametrize(
    ("ratio", "sizes"), [((1,), (2,)), ((1, 0), (2,)), ((1, 1), (3,)), ((1, 1), ()), ((1, 1), (2, 2)), ((2, 1), (0,))]
)
def test_blocks_that_cannot_hold_the_ratio_are_refused(ratio: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    with pytest.raises(EnrollError):
        PermutedBlocks(ratio, sizes)


def test_codes_and_draws_are_checked() -> None:
    blocks = PermutedBlocks((1, 1), (2,))
    with pytest.raises(EnrollError, match="codes from 0"):
        blocks.allocate(np.array([-1]), np.zeros((1, 2)))
    with pytest.raises(EnrollError, match="two draws"):
        blocks.allocate(np.array([0]), np.zeros((1, 3)))
    with pytest.raises(EnrollError, match="two draws"):
        blocks.allocate(np.array([0]), np.ones((1, 2)))
