"""Elements of FHIR resources: read where they are what R4 has there, else as missing; no error quotes one."""

from __future__ import annotations

import re
from datetime import date, datetime, tzinfo
from typing import Any

_IN_UTC = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z")
_NOT_SO = {"entered-in-error", "refuted", "not-taken", "cancelled", "draft", "not-done", "proposal", "plan", "option"}
"""Values of `status`, `verificationStatus` and `intent` that say that nothing of the kind was found or done."""


def in_zone(element: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    """Return an element with times that are told in UTC told in a zone; one that tells its own offset keeps its day.

    >>> from zoneinfo import ZoneInfo
    >>> in_zone({"effectiveDateTime": "2026-03-01T23:30:00Z"}, ZoneInfo("Europe/Berlin"))
    {'effectiveDateTime': '2026-03-02T00:30:00+01:00'}
    """
    return {name: _local(value, zone) for name, value in element.items()}


def _local(value: object, zone: tzinfo) -> object:
    if not isinstance(value, str) or not _IN_UTC.fullmatch(value):
        return value
    try:
        return datetime.fromisoformat(value).astimezone(zone).isoformat()
    except (ValueError, OverflowError):  # such as 30 February: read as missing where a day is asked for
        return value


def not_so(resource: dict[str, Any]) -> bool:
    """Tell whether a resource says that nothing of the kind was found, prescribed or done.

    >>> not_so({"status": "active"}), not_so({"status": "active", "doNotPerform": True})
    (False, True)
    """
    said = {resource.get("status"), resource.get("intent"), code_of(resource.get("verificationStatus"))}
    return bool(said & _NOT_SO) or resource.get("doNotPerform") is True


def element_of(value: object) -> dict[str, Any]:
    """Return an element of a resource; an empty one where it is missing or not what R4 has there.

    >>> element_of({"value": 3.1}), element_of("3.1")
    ({'value': 3.1}, {})
    """
    return value if isinstance(value, dict) else {}


def codings_of(concept: object) -> list[dict[str, Any]]:
    """Return the codings of a concept.

    >>> codings_of({"coding": [{"code": "I21.4"}]}), codings_of("I21.4")
    ([{'code': 'I21.4'}], [])
    """
    codings = element_of(concept).get("coding")
    return [coding for coding in codings if isinstance(coding, dict)] if isinstance(codings, list) else []


def code_of(concept: object) -> str:
    """Return the first code of a concept.

    >>> code_of({"coding": [{"code": "refuted"}]})
    'refuted'
    """
    return next((str(coding.get("code", "")) for coding in codings_of(concept)), "")


def reference_of(subject: object) -> str:
    """Return whom a reference points to, wherever the server lies.

    >>> reference_of({"reference": "https://hospital.example/fhir/Patient/7"})
    'Patient/7'
    """
    return "/".join(str(element_of(subject).get("reference", "")).split("/")[-2:])


def start_of(period: object) -> object:
    """Return the start of a period.

    >>> start_of({"start": "2026-03-01"})
    '2026-03-01'
    """
    return element_of(period).get("start")


def end_of(period: object) -> object:
    """Return the end of a period.

    >>> end_of({"start": "2026-03-01"}) is None
    True
    """
    return element_of(period).get("end")


def number_of(value: object) -> float | None:
    """Return a number; none where a text stands in its place.

    >>> number_of(3.1), number_of("3,1")
    (3.1, None)
    """
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def day_of(text: object) -> str | None:
    """Return the local day of a FHIR date or time; a bare year or month is no day.

    >>> day_of("2026-03-01T23:30:00+01:00"), day_of("2026-02-30"), day_of("2026")
    ('2026-03-01', None, None)
    """
    found = re.match(r"\d{4}-\d{2}-\d{2}", str(text))
    try:
        return date.fromisoformat(found.group()).isoformat() if found else None
    except ValueError:  # such as 30 February
        return None
