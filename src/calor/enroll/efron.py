"""Efron's biased coin: two arms, the one that is behind is favored."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int

from calor.enroll.draws import checked_draws
from calor.enroll.minimization import check_probability
from calor.errors import EnrollError
from calor.kernels import minimization as kernel


@dataclass(frozen=True)
class EfronCoin:
    """Give the arm with fewer participants with a fixed probability; toss a fair coin when they are even.

    Attributes:
        probability: Of the arm that is behind, from 1/2 to 1; a Fraction keeps the exact expectations exact.

    Raises:
        EnrollError: `probability` is below 1/2 or above 1.

    Example:
        >>> coin = EfronCoin(Fraction(2, 3))
        >>> round(float(coin.expected(100).correct_guesses), 4)
        62.3333

    Reference:
        Efron B. Forcing a sequential experiment to be balanced. Biometrika 1971.
    """

    probability: Fraction | float

    def __post_init__(self) -> None:
        check_probability(float(self.probability), 2)

    def __str__(self) -> str:
        return f"Efron's biased coin, probability {self.probability}"

    def allocate(self, draws: Float[np.ndarray, "participant 2"]) -> Int[np.ndarray, " participant"]:
        """Allocate participants in their order of entry.

        Args:
            draws: Uniform draws in [0, 1).

        Returns:
            0 or 1 for each participant.

        Raises:
            EnrollError: `draws` does not hold two draws for each participant.

        Example:
            >>> arms = EfronCoin(1.0).allocate(np.random.default_rng(1).random((10, 2)))
            >>> int(arms.sum())
            5
        """
        draws = checked_draws(draws, len(draws))
        cells = np.zeros((len(draws), 1), dtype=np.int64)
        return kernel.minimize(cells, 1, np.ones(1), 2, kernel.RANGE, float(self.probability), draws)

    def expected(self, participants: int) -> CoinExpectations:
        """Return the exact expectations after so many participants.

        The difference between the arms is a Markov chain; its distribution is carried forward as fractions.

        Raises:
            EnrollError: `participants` is not positive.

        Example:
            >>> print(EfronCoin(Fraction(1, 2)).expected(100))
            50.0000 of 100 guessed correctly (50.00 %); mean squared difference 100.0000; even with probability 0.0796
        """
        if isinstance(participants, bool) or not isinstance(participants, int) or participants < 1:
            raise EnrollError.must(
                "participants", "be a positive whole number", participants, fix="Give the planned sample size."
            )
        p = Fraction(self.probability)
        ahead: dict[int, Fraction] = {0: Fraction(1)}  # by the absolute difference
        correct = Fraction(0)
        for _ in range(participants):
            after: dict[int, Fraction] = {}
            for difference, mass in ahead.items():
                back = p if difference else Fraction(0)
                correct += mass * (p if difference else Fraction(1, 2))
                if back:
                    after[difference - 1] = after.get(difference - 1, Fraction(0)) + mass * back
                if back < 1:
                    after[difference + 1] = after.get(difference + 1, Fraction(0)) + mass * (1 - back)
            ahead = after
        squared = sum((mass * difference**2 for difference, mass in ahead.items()), Fraction(0))
        return CoinExpectations(participants, correct, squared, ahead.get(0, Fraction(0)))


@dataclass(frozen=True)
class CoinExpectations:
    """What a biased coin leads to, exactly.

    Attributes:
        participants: Number allocated.
        correct_guesses: Expected number that a guesser gets right who always names the arm that is behind.
        squared_difference: Expected squared difference between the arms' sizes.
        even: Probability that the arms are of equal size.
    """

    participants: int
    correct_guesses: Fraction
    squared_difference: Fraction
    even: Fraction

    def __str__(self) -> str:
        return (
            f"{float(self.correct_guesses):.4f} of {self.participants} guessed correctly "
            f"({100 * float(self.correct_guesses) / self.participants:.2f} %); mean squared difference "
            f"{float(self.squared_difference):.4f}; even with probability {float(self.even):.4f}"
        ).replace("%)", " %)")
