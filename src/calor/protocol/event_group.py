"""A group of adverse-event terms that the protocol watches as one."""

from __future__ import annotations

from pydantic import Field

from calor.protocol.value import Text, Value


class EventGroup(Value):
    """Terms that count as one event of special interest.

    Attributes:
        label: How the report calls the group.
        terms: Preferred terms as the data write them, in any case; with MedDRA, those of the licensee's version.
    """

    label: Text
    terms: tuple[Text, ...] = Field(min_length=1)
