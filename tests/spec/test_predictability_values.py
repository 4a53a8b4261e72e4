"""Exact expectations of guessing, computed independently with fractions (closed forms of Blackwell and Hodges)."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from calor.enroll.blocks import PermutedBlocks
from calor.enroll.efron import EfronCoin
from calor.enroll.predictability import expected_guesses, guesses_in_block

BLOCKS = [
    (2, "3/2", "1"),
    (4, "17/6", "4/3"),
    (6, "41/10", "3/2"),
    (8, "373/70", "8/5"),
    (10, "823/126", "5/3"),
    (12, "3565/462", "12/7"),
]

RANDOM_SIZES = [((2, 4), "13/18"), ((4, 6), "52/75"), ((2, 4, 6), "253/360"), ((4, 6, 8), "515/756")]

# Coin: probability, E correct, E D^2 and P(D = 0) at n = 100.
COIN = [
    ("1/2", 50.0, 100.0, 0.0796),
    ("2/3", 62.3333, 4.4434, 0.5),
    ("3/4", 66.5417, 1.8750, 0.6667),
    ("4/5", 68.6500, 1.2089, 0.75),
    ("17/20", 70.5132, 0.7754, 0.8235),
    ("9/10", 72.1722, 0.4612, 0.8889),
]


@pytest.mark.parametrize(("size", "correct", "certain"), BLOCKS)
def test_a_block_is_guessed_exactly_as_often_as_theory_says(size: int, correct: str, certain: str) -> None:
    assert guesses_in_block((1, 1), size) == (Fraction(correct), Fraction(certain))
    half = size // 2
    assert guesses_in_block((1, 1), size)[0] == half + (Fraction(4**half, comb(size, half)) - 1) / 2


@pytest.mark.parametrize(("sizes", "share"), RANDOM_SIZES)
def test_random_sizes_are_guessed_exactly_as_often_as_theory_says(sizes: tuple[int, ...], share: str) -> None:
    assert expected_guesses(PermutedBlocks((1, 1), sizes)).correct == Fraction(share)


@pytest.mark.parametrize(("probability", "correct", "squared", "even"), COIN)
def test_efrons_coin_has_its_exact_expectations(probability: str, correct: float, squared: float, even: float) -> None:
    expected = EfronCoin(Fraction(probability)).expected(100)
    assert round(float(expected.correct_guesses), 4) == correct
    assert round(float(expected.squared_difference), 4) == squared
    assert round(float(expected.even), 4) == even
