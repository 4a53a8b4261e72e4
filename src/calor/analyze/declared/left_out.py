"""Say in words how many participants an analysis leaves out, and why."""

from __future__ import annotations

from collections.abc import Sequence

from calor.analyze.estimate import Exclusion

_COLUMNS = {
    "AVAL": "the value",
    "BASE": "the baseline value",
    "MODIFIER": "the baseline biomarker",
    "MEDIATOR": "the mediator",
    "MEDIATOR_BASE": "the mediator at baseline",
}
"""Columns as a reader says them."""


def counted(participants: int) -> str:
    """Say a number of participants.

    >>> counted(1), counted(3)
    ('1 participant', '3 participants')
    """
    return f"{participants} participant{'' if participants == 1 else 's'}"


def not_analyzed(participants: int, reason: str) -> tuple[str, ...]:
    """Return the note on participants left out for a reason; no note where nobody is.

    >>> not_analyzed(1, "no record of death"), not_analyzed(0, "no record of death")
    (('1 participant not analyzed: no record of death.',), ())
    """
    return (f"{counted(participants)} not analyzed: {_said(reason)}.",) if participants else ()


def _said(reason: str) -> str:
    """Put a reason such as "missing BASE or AGE" in a reader's words."""
    if not reason.startswith("missing "):
        return reason
    columns = reason.removeprefix("missing ").split(" or ")
    return f"{' or '.join(_COLUMNS.get(column, column) for column in columns)} is missing"


def left_out(excluded: Sequence[Exclusion]) -> tuple[str, ...]:
    """Return one note per reason why participants are left out.

    >>> left_out([Exclusion("missing AVAL", 3)])
    ('3 participants not analyzed: the value is missing.',)
    """
    return tuple(note for e in excluded for note in not_analyzed(e.participants, e.reason))
