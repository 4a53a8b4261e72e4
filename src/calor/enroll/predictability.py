"""How many allocations a guesser gets right, exactly; to be shown before a trial's list is activated."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from calor.enroll.blocks import PermutedBlocks
from calor.enroll.minimization import check_probability
from calor.enroll.ratio import check_ratio


@dataclass(frozen=True)
class Guesses:
    """What the best guesser achieves in permuted blocks in the long run.

    The guesser knows the allocations so far and names an arm with most places left in the block (for 1:1 the arm that
    is behind, for which no block size need be known).

    Attributes:
        blocks: The design.
        correct: Expected share of correct guesses.
        certain: Expected share of allocations known before they are made, to a guesser who knows the block's size.
    """

    blocks: PermutedBlocks
    correct: Fraction
    certain: Fraction

    def __str__(self) -> str:
        return (
            f"{self.blocks}: {float(self.correct) * 100:.2f} % guessed correctly, "
            f"{float(self.certain) * 100:.1f} % certain to whoever knows the block's size"
        )


def expected_guesses(blocks: PermutedBlocks) -> Guesses:
    """Return the exact expected share of correct and of certain guesses.

    Random sizes are averaged by their places: a participant sits more often in a large block.

    Example:
        >>> print(expected_guesses(PermutedBlocks((1, 1), (4,))))
        permuted blocks of 4, 1:1: 70.83 % guessed correctly, 33.3 % certain to whoever knows the block's size
        >>> expected_guesses(PermutedBlocks((1, 1), (4, 6))).correct
        Fraction(52, 75)

    Reference:
        Blackwell D, Hodges JL. Design for the control of selection bias. Annals of Mathematical Statistics 1957.
    """
    correct = certain = Fraction(0)
    for size in blocks.sizes:
        right, known = guesses_in_block(blocks.ratio, size)
        correct, certain = correct + right, certain + known
    places = sum(blocks.sizes)
    return Guesses(blocks, correct / places, certain / places)


def most_guessed(ratio: tuple[int, ...], probability: float) -> float:
    """Return the largest share of guesses that can be right against minimization or Hu-Hu, by whoever knows all so far.

    The guesser names the arm of the favored share; of an arm with several shares, the unfavored ones count too. Ties
    can only lower it.

    Args:
        ratio: Allocation ratio of the arms.
        probability: Of the favored share.

    Raises:
        EnrollError: `ratio` or `probability` does not describe a rule.

    Example:
        >>> round(most_guessed((1, 1), 0.8), 4), round(most_guessed((2, 1), 0.8), 4)
        (0.8, 0.9)
    """
    check_ratio(ratio)
    check_probability(probability, sum(ratio))
    return probability + (max(ratio) - 1) * (1 - probability) / (sum(ratio) - 1)


def guesses_in_block(ratio: tuple[int, ...], size: int) -> tuple[Fraction, Fraction]:
    """Return how many of one block's allocations are guessed correctly, and how many are certain, on average.

    Raises:
        EnrollError: The block cannot hold the ratio.

    Example:
        >>> guesses_in_block((1, 1), 4)
        (Fraction(17, 6), Fraction(4, 3))
    """
    PermutedBlocks(ratio, (size,))
    return _guesses_left(tuple(sorted(part * (size // sum(ratio)) for part in ratio)))


@cache
def _guesses_left(left: tuple[int, ...]) -> tuple[Fraction, Fraction]:
    """Return the two expectations over the places left in a block, by recursion on the next arm drawn."""
    places = sum(left)
    if places == 0:
        return Fraction(0), Fraction(0)
    correct = Fraction(max(left), places)
    certain = Fraction(int(max(left) == places))
    for arm, count in enumerate(left):
        if count:
            rest = tuple(sorted((*left[:arm], count - 1, *left[arm + 1 :])))
            right, known = _guesses_left(rest)
            correct += Fraction(count, places) * right
            certain += Fraction(count, places) * known
    return correct, certain
