"""Hold participants until the transaction ends, so that nobody else writes of them in the meantime."""

from __future__ import annotations

from calor.web.models import Participant


def hold(**whom: object) -> None:
    """Lock the rows of participants, always in one order, so that no two transactions wait for each other.

    Args:
        whom: A filter of `Participant`, such as `pk` or `trial`.
    """
    list(Participant.objects.select_for_update(no_key=True).filter(**whom).order_by("pk"))
