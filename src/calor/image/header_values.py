"""Values out of a DICOM header: dates, times, numbers and private elements, read strictly or refused."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.dataset import Dataset

from calor.errors import ImageError

_DATE = re.compile(r"^(\d{4})[.:]?(\d{2})[.:]?(\d{2})$")
_TIME = re.compile(r"^(\d{2}):?(\d{2})?:?(\d{2})?(\.\d{1,6})?$")


def name_of(keyword: str) -> str:
    """Return an element's name and tag, as messages say it.

    >>> name_of("PatientWeight")
    "Patient's Weight (0010,1030)"
    """
    tag = tag_for_keyword(keyword) or 0
    return f"{dictionary_description(tag)} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def moment(day: object, at: object, of: str = "") -> datetime | None:
    """Join a DICOM date and time; None when either is absent.

    >>> moment("20250102", "003000.5")
    datetime.datetime(2025, 1, 2, 0, 30, 0, 500000)

    Args:
        day: Date.
        at: Time of day.
        of: What they date, such as Series or Acquisition; names the elements in a message.

    Raises:
        ImageError: One of them is no date or time.
    """
    on = _day(day, name_of(f"{of}Date") if of else "date")
    when = clock(at, name_of(f"{of}Time") if of else "time")
    return None if on is None or when is None else datetime.combine(on, when)


def instant(value: object, zone: object = None) -> datetime | None:
    """Read a DICOM date-time as the header's other times count; None when absent.

    >>> instant("20250101100000.000000 ")
    datetime.datetime(2025, 1, 1, 10, 0)
    >>> instant("20250101100000+0000", "+0100")
    datetime.datetime(2025, 1, 1, 11, 0)

    Args:
        value: Date-time; an offset from UTC at its end counts where the header's zone is known, and else is the zone
            that the other times are in.
        zone: Timezone Offset From UTC (0008,0201) of the header; none when absent.

    Raises:
        ImageError: It is no date-time, or the zone is none.
    """
    text = _text(value)
    offset = re.search(r"[+-]\d{4}$", text)
    at = moment(text[:8], text[8 : offset.start() if offset else None]) if text else None
    if at is None or offset is None or not _text(zone):
        return at
    return at + _offset(_text(zone)) - _offset(offset[0])


def _offset(zone: str) -> timedelta:
    if not re.fullmatch(r"[+-]\d{4}", zone):
        raise ImageError.must(name_of("TimezoneOffsetFromUTC"), "be +HHMM or -HHMM", repr(zone), fix="Ask the site.")
    minutes = int(zone[1:3]) * 60 + int(zone[3:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)


def clock(value: object, name: str = "time") -> time | None:
    """Read a DICOM time of day; None when absent.

    >>> clock("104830.351370")
    datetime.time(10, 48, 30, 351370)

    Raises:
        ImageError: It is no time.
    """
    text = _text(value)
    if not text:
        return None
    found = _TIME.match(text)
    if not found:
        raise ImageError.must(name, "be HHMMSS.FFFFFF", repr(text), fix="Ask the site for the original images.")
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    fraction = round(float(found[4] or 0) * 1_000_000)
    try:
        return (datetime(2000, 1, 1, hour, minute, min(second, 59)) + timedelta(microseconds=fraction)).time()  # noqa: DTZ001
    except ValueError as error:
        raise ImageError.must(name, "exist", repr(text), fix="Ask the site for the original images.") from error


def number(source: Dataset, keyword: str) -> float | None:
    """Read a number of a data set; None when absent or empty.

    Raises:
        ImageError: It is there and is no finite number.
    """
    return _number(source.get(keyword), name_of(keyword))


def private_number(dataset: Dataset, group: int, element: int, creator: str) -> float | None:
    """Read a private number, whether its representation was kept or not; None when absent, empty or zero.

    Raises:
        ImageError: It is there and is no number, such as an unresolved reference to bulk data.
    """
    return _number(private(dataset, group, element, creator), f"({group:04X},10{element:02X})") or None


def private(dataset: Dataset, group: int, element: int, creator: str) -> Any:
    """Find a private value under its creator's block; without any creator, where block 10 puts it."""
    blocks = [tag.element for tag in dataset.keys() if tag.group == group and 0x10 <= tag.element <= 0xFF]  # noqa: SIM118  (iterating a data set reads every value)
    named = [block for block in blocks if str(dataset[group, block].value).strip() == creator]
    if blocks and not named:
        return None
    at = ((named or [0x10])[0] << 8) + element
    found = dataset.get((group, at))
    return None if found is None else found.value


def _number(value: object, name: str) -> float | None:
    text = _text(value)
    if not text:
        return None
    try:
        read = float(text)
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise ImageError.must(name, "be a number", repr(text)[:60], fix="Fetch the value itself from the archive.")
    return read


def seconds(milliseconds: float | None) -> float | None:
    """Turn milliseconds into seconds; None stays None."""
    return None if milliseconds is None else milliseconds / 1000


def _day(value: object, name: str) -> date | None:
    text = _text(value)
    if not text:
        return None
    found = _DATE.match(text)
    try:
        if found:
            return date(*(int(part) for part in found.groups()))
    except ValueError:
        pass  # such as 30 February
    raise ImageError.must(name, "be YYYYMMDD", repr(text), fix="Ask the site for the original images.")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, Mapping):
        return str(dict(value))
    return str(value).strip().strip("\0").strip()
