"""Dose and moment of injection, as recorded and as believed."""

from __future__ import annotations

from datetime import datetime, timedelta

from calor.errors import ImageError
from calor.image.header_values import name_of
from calor.image.pet_header import PetHeader

DOSE_BQ = (1e6, 1e10)
DOSE_MBQ = (25.0, 2000.0)
LONGEST_WITHOUT_DATE_S = 12 * 3600.0
LONGEST_HALF_LIVES = 10.0
SAME_TIME_S = 60.0


def injected_dose_bq(header: PetHeader) -> tuple[float, str]:
    """Return the dose [Bq] and a note where the recorded number was taken as MBq.

    A number from 25 to 2000 can only be MBq, which the note says; anything else outside 1 MBq to 10 GBq is refused,
    below 25 because it might be millicurie.

    >>> injected_dose_bq(PetHeader("BQML", "START", (), dose=368.08))
    (368080000.0, 'dose recorded as 368.08: taken as MBq')

    Raises:
        ImageError: The dose is missing, not positive or in no known unit.
    """
    dose = header.dose
    if dose is not None and DOSE_BQ[0] <= dose <= DOSE_BQ[1]:
        return dose, ""
    if dose is not None and DOSE_MBQ[0] <= dose <= DOSE_MBQ[1]:
        return dose * 1e6, f"dose recorded as {dose:g}: taken as MBq"
    raise ImageError.must(
        name_of("RadionuclideTotalDose"),
        "be an injected activity in Bq",
        dose,
        fix="Enter the dose from the injection record.",
    )


def injection_time(header: PetHeader, reference: datetime, half_life_s: float) -> tuple[datetime, str]:
    """Return the moment of injection and the rule that dated it.

    A time of day without a date is put before the reference, across midnight where it must.

    >>> from datetime import time
    >>> h = PetHeader("BQML", "START", (), injected_time=time(23, 30))
    >>> injection_time(h, datetime(2025, 1, 2, 0, 30), 6586.2)[0]
    datetime.datetime(2025, 1, 1, 23, 30)

    Raises:
        ImageError: No time is recorded, it lies after the reference or too long before it, or date-time and time of
            day contradict each other.
    """
    if header.injected_at is not None:
        at, rule = header.injected_at, "date and time recorded"
        _same_time(header, at)
        longest = LONGEST_HALF_LIVES * half_life_s
    elif header.injected_time is not None:
        at, rule = datetime.combine(reference.date(), header.injected_time), "time recorded, date of the scan"
        if at > reference:
            at, rule = at - timedelta(days=1), "time recorded, date before the scan's (across midnight)"
        longest = min(LONGEST_WITHOUT_DATE_S, LONGEST_HALF_LIVES * half_life_s)
    else:
        raise _refused("be recorded", "neither date-time nor time")
    elapsed = (reference - at).total_seconds()
    if elapsed < 0:
        raise _refused("lie before the reference time", f"{-elapsed:.0f} s after it")
    if elapsed > longest:
        within = f"{longest / 3600:.1f} h (at most {LONGEST_HALF_LIVES:g} half-lives of {half_life_s:g} s)"
        raise _refused(f"lie at most {within} before the reference time", f"{elapsed / 3600:.1f} h")
    return at, rule


def _same_time(header: PetHeader, at: datetime) -> None:
    if header.injected_time is None:
        return
    apart = abs((datetime.combine(at.date(), header.injected_time) - at).total_seconds())
    if min(apart, 86400 - apart) > SAME_TIME_S:
        raise _refused("be the same in date-time and time of day", f"{at.time()} and {header.injected_time}")


def _refused(rule: str, got: str) -> ImageError:
    names = " or ".join(name_of(f"RadiopharmaceuticalStart{kind}Time") for kind in ("Date", ""))
    return ImageError.must(
        f"injection time, {names},", rule, got, fix="Correct it from the injection record, or ask the site."
    )
