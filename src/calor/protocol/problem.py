"""What a cross-check of a protocol finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

Key = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a protocol: where, and what to do."""

    key: Key
    message: str


def unknown(key: Key, kind: str, name: str, known: Iterable[str]) -> Iterator[Problem]:
    """Yield a problem if a reference leads nowhere, with the nearest known name as the fix.

    >>> [problem.message for problem in unknown(("set",), "analysis set", "everyon", ["everyone"])]
    ['must name a declared analysis set, got "everyon". Did you mean "everyone"?']
    """
    names = list(known)
    if name in names:
        return
    near = get_close_matches(name, names, n=1)
    hint = f'Did you mean "{near[0]}"?' if near else f"Declared: {', '.join(names) or 'none'}."
    yield Problem(key, f'must name a declared {kind}, got "{name}". {hint}')
