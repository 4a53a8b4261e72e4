"""A trial's list of allocations, drawn from the operating system; and lists for trying things out."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
from jaxtyping import Float

from calor.enroll.blocks import PermutedBlocks
from calor.errors import EnrollError


@dataclass(frozen=True)
class AllocationList:
    """Arms in order of entry, for every stratum; printing it shows none of them.

    Attributes:
        blocks: The method that drew it.
        purpose: `production`, drawn from the operating system without a seed, or `development`.
        arms: Arm indices of each stratum.
        nonce: Random bytes that keep the digest from being matched against all possible lists.
    """

    blocks: PermutedBlocks
    purpose: Literal["production", "development"]
    arms: Mapping[str, tuple[int, ...]] = field(repr=False)
    nonce: bytes = field(repr=False)

    def __str__(self) -> str:
        places = sum(len(arms) for arms in self.arms.values())
        return f"{self.purpose} list, {self.blocks}, {len(self.arms)} strata, {places} places"

    @property
    def digest(self) -> str:
        """SHA-256 over purpose, method, nonce and all arms."""
        content = [self.purpose, str(self.blocks), self.nonce.hex(), sorted((s, list(a)) for s, a in self.arms.items())]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def draw_production_list(blocks: PermutedBlocks, strata: tuple[str, ...], length: int) -> AllocationList:
    """Draw the list that a trial will use; no seed goes in and none can be recovered.

    Args:
        blocks: The method.
        strata: Names of the strata.
        length: Places in each stratum.

    Raises:
        EnrollError: Strata repeat, or there is no place.

    Example:
        >>> print(draw_production_list(PermutedBlocks((1, 1), (4,)), ("anterior", "other"), length=40))
        production list, permuted blocks of 4, 1:1, 2 strata, 80 places
    """
    _check(strata, length)
    draws = {stratum: operating_system_draws(length) for stratum in strata}
    return _list(blocks, "production", draws, secrets.token_bytes(32))


def draw_development_list(
    blocks: PermutedBlocks, strata: tuple[str, ...], length: int, rng: np.random.Generator
) -> AllocationList:
    """Draw a reproducible list for trying a trial out; `check_production` refuses it for ever.

    Raises:
        EnrollError: Strata repeat, or there is no place.

    Example:
        >>> drawn = draw_development_list(PermutedBlocks((1, 1), (2,)), ("all",), 4, np.random.default_rng(1))
        >>> print(drawn)
        development list, permuted blocks of 2, 1:1, 1 strata, 4 places
    """
    _check(strata, length)
    draws = {stratum: rng.random((length, 2)) for stratum in strata}
    return _list(blocks, "development", draws, rng.bytes(32))


def check_production(drawn: AllocationList) -> None:
    """Refuse a list that did not come from the operating system.

    Raises:
        EnrollError: The list was drawn for development.

    Example:
        >>> check_production(draw_production_list(PermutedBlocks((1, 1), (2,)), ("all",), 4))
    """
    if drawn.purpose != "production":
        fix = "Draw the trial's own list with draw_production_list."
        raise EnrollError.must("drawn", "be a production list", f"a {drawn.purpose} list", fix=fix)


def operating_system_draws(participants: int) -> Float[np.ndarray, "participant 2"]:
    """Return uniform draws in [0, 1) with 53 bits each from the operating system's generator.

    Example:
        >>> operating_system_draws(3).shape
        (3, 2)
    """
    bits = np.frombuffer(secrets.token_bytes(16 * participants), dtype=np.uint64) >> np.uint64(11)
    return (bits * 2.0**-53).reshape(participants, 2)


def _check(strata: tuple[str, ...], length: int) -> None:
    if not strata or len(set(strata)) != len(strata) or not all(strata):
        raise EnrollError.must("strata", "name each stratum once", strata, fix='Give ("all",) where there is one.')
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise EnrollError.must(
            "length", "be a positive whole number", length, fix="Give more places than participants planned."
        )


def _list(
    blocks: PermutedBlocks, purpose: Literal["production", "development"], draws: Mapping[str, np.ndarray], nonce: bytes
) -> AllocationList:
    arms = {
        stratum: tuple(int(arm) for arm in blocks.allocate(np.zeros(len(uniform), dtype=np.int64), uniform))
        for stratum, uniform in draws.items()
    }
    return AllocationList(blocks, purpose, MappingProxyType(arms), nonce)
