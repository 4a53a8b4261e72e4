"""How the trial's list calls the protocol's strata."""

from __future__ import annotations

from calor.protocol.protocol import Protocol


def stratum_name(*levels: str) -> str:
    """Return how the list calls the stratum of these levels.

    >>> stratum_name("STEMI", "30 to 59"), stratum_name()
    ('STEMI, 30 to 59', 'all')
    """
    return ", ".join(levels) or "all"


def strata(protocol: Protocol) -> tuple[str, ...]:
    """Return the names of all strata of a protocol's factors."""
    names: list[tuple[str, ...]] = [()]
    for factor in protocol.randomization.strata:
        names = [(*name, level) for name in names for level in factor.levels]
    return tuple(stratum_name(*name) for name in names)
