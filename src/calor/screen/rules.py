"""What a screen asks, from the protocol: the criteria in order, the gate, the day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from calor.errors import ScreenError
from calor.protocol.biomarkers import Gate
from calor.protocol.protocol import Protocol
from calor.protocol.screening import GateCriterion, Screening

EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Rules:
    """The rules of one screen.

    Attributes:
        as_of: Day of screening; rows dated later are not seen.
        screening: Criteria and where the records lie.
        gate: The biomarker gate, if a criterion asks for it.
        gate_unit: Unit of its cut-off, in UCUM.
        also: Laboratory sets that are staged beside those of the criteria, for a what-if on another analyte, each with
            the unit, in UCUM, in which it is compared.
    """

    as_of: date
    screening: Screening
    gate: Gate | None = None
    gate_unit: str = ""
    also: Mapping[str, str] = field(default_factory=dict)

    @property
    def today(self) -> int:
        """Day of screening as days since 1970-01-01."""
        return self.as_of.toordinal() - EPOCH

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the criteria, in the order in which they are asked."""
        return tuple(rule.id for rule in self.screening.criteria)

    @property
    def sets(self) -> tuple[str, ...]:
        """Concept sets that the rules name, those that the gate sets tests aside for among them."""
        near = (kind.within_days_of for kind in (self.gate.set_aside if self.gate and self.gate_rule else ()))
        return tuple(dict.fromkeys((*self.screening.sets(), *(name for name in near if name), *self.also)))

    @property
    def gate_rule(self) -> GateCriterion | None:
        """The criterion that asks for the gate, if there is one."""
        return next((rule for rule in self.screening.criteria if rule.kind == "biomarker_gate"), None)


def rules_of(protocol: Protocol, as_of: date | None = None) -> Rules:
    """Return what the protocol asks of health records.

    Args:
        protocol: The trial as written.
        as_of: Day of screening, where the protocol names none.

    Raises:
        ScreenError: The protocol has no [screening], or no day is given.

    >>> from calor.protocol import read_protocol
    >>> protocol = read_protocol("examples/outcome/protocol.toml")
    >>> rules_of(protocol, date(2026, 6, 30)).ids[:3]
    ('infarction', 'adult', 'alive')
    """
    screening = protocol.screening
    if screening is None:
        fix = "Declare its criteria; examples/outcome/protocol.toml shows how."
        raise ScreenError.must("protocol", "have a [screening] table to screen records by", "none", fix=fix)
    day = screening.as_of or as_of
    if day is None:
        raise ScreenError.must("as_of", "be a day", "none", fix="Give it here or in [screening] as_of.")
    unit = protocol.biomarker(protocol.gate.biomarker).unit if protocol.gate else ""
    return Rules(day, screening, protocol.gate, unit)
