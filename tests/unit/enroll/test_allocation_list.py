"""Lists of allocations."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from calor.enroll.allocation_list import (
    check_production,
    draw_development_list,
    draw_production_list,
    operating_system_draws,
)
from calor.enroll.blocks import PermutedBlocks
from calor.errors import EnrollError

BLOCKS = PermutedBlocks((1, 1), (4, 6))


def test_a_development_list_never_becomes_the_production_list() -> None:
    development = draw_development_list(BLOCKS, ("a", "b"), 40, np.random.default_rng(1))
    with pytest.raises(EnrollError, match="production"):
        check_production(development)
    relabeled = dataclasses.replace(development, purpose="production")
    assert relabeled.digest != development.digest


def test_a_development_list_can_be_drawn_again_and_a_production_list_cannot() -> None:
    again = [draw_development_list(BLOCKS, ("a",), 40, np.random.default_rng(1)).digest for _ in range(2)]
    assert again[0] == again[1]
    drawn = [draw_production_list(BLOCKS, ("a",), 200) for _ in range(2)]
    assert drawn[0].arms != drawn[1].arms


def test_equal_lists_have_digests_that_cannot_be_matched() -> None:
    drawn = draw_production_list(BLOCKS, ("a",), 4)
    assert dataclasses.replace(drawn, nonce=bytes(32)).digest != drawn.digest


def test_printing_a_list_shows_no_arm() -> None:
    drawn = draw_production_list(PermutedBlocks((1, 1), (2,)), ("a",), 30)
    assert "arms" not in repr(drawn)
    assert "0, 1" not in repr(drawn).replace("ratio=(1, 1)", "")


def test_strata_do_not_share_draws() -> None:
    drawn = draw_production_list(BLOCKS, ("a", "b"), 200)
    assert drawn.arms["a"] != drawn.arms["b"]


def test_draws_lie_in_the_unit_interval_evenly() -> None:
    draws = operating_system_draws(20_000)
    assert draws.min() >= 0
    assert draws.max() < 1
    assert abs(draws.mean() - 0.5) < 5 * (1 / 12 / draws.size) ** 0.5


@pytest.mark.parametrize(("strata", "length"), [((), 4), (("a", "a"), 4), (("",), 4), (("a",), 0), (("a",), 2.5)])
def test_lists_without_places_or_with_strata_twice_are_refused(strata: tuple[str, ...], length: Any) -> None:
    with pytest.raises(EnrollError):
        draw_production_list(BLOCKS, strata, length)
