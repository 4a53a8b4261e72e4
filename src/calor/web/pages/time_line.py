"""A participant's time line as a drawing, by the report's own figures; without withheld values for the blinded."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pandas as pd
from django.http import Http404, HttpResponse
from django.utils import timezone

from calor.report.figures.time_line import time_line as drawn
from calor.web import served
from calor.web.calendar import latest
from calor.web.capture.models import AdverseEvent, VisitRecord
from calor.web.models import Allocation
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services.alerts import values_of
from calor.web.study_day import study_day

Rows = tuple[tuple[Any, ...], ...]


@page(Action.VIEW)
def time_line(request: Any, identifier: str) -> Any:
    """Draw the time line."""
    participant = request.visitor.participant(identifier)
    allocation = Allocation.objects.filter(participant=participant).first()
    if allocation is None:
        raise Http404
    may_see = request.visitor.may(Action.VIEW_WITHHELD, participant.site)
    course = tuple(
        (f"{v.biomarker.label} ({v.biomarker.unit})", v.day, v.row.value, v.row.below)
        for v in sorted(values_of(participant, withheld=may_see), key=lambda v: (v.biomarker.paramcd, v.day))
    )
    if not course:
        raise Http404
    svg = _svg(participant.identifier, course, _spans(participant, allocation.at), _days(allocation.at))
    return HttpResponse(svg, content_type="image/svg+xml; charset=utf-8")


def has_time_line(participant: Any) -> bool:
    """Say whether a blinded person's time line would hold anything."""
    return bool(values_of(participant, withheld=False))


def _days(randomized: Any) -> tuple[int, int]:
    """Return the axis: from the first window on, to the last planned day or today, whichever is later."""
    visits = served.protocol().visits
    first, last = min(v.window[0] for v in visits), max(v.window[1] for v in visits)
    return first - 1, max(last, study_day(timezone.now(), randomized)) + 1


def _spans(participant: Any, randomized: Any) -> Rows:
    protocol, today = served.protocol(), study_day(timezone.now(), randomized)
    scans = {endpoint.id for endpoint in protocol.endpoints if getattr(endpoint, "dataset", "") == "adpet"}
    records = latest(VisitRecord.objects.filter(participant=participant))
    rows: list[tuple[Any, ...]] = []
    for visit in protocol.visits:
        record = records.get(visit.id)
        if record is not None and record.on is not None:
            day = study_day(record.on, randomized)
            rows.append(("Visits", "", day, day))
            if scans & set(visit.measures):
                rows.append(("PET/CT", "", day, day))
    for event in sorted(latest(AdverseEvent.objects.filter(participant=participant)).values(), key=lambda e: e.onset):
        last = study_day(event.ended, randomized) if event.ended else today
        words = f"{event.term}, grade {event.grade}{', serious' if event.criteria else ''}"
        rows.append(
            ("Events", words if len(words) < 60 else f"{words[:58]}…", study_day(event.onset, randomized), last)
        )
    return tuple(sorted(rows, key=lambda row: ("Visits", "PET/CT", "Events").index(row[0])))


@lru_cache(maxsize=64)
def _svg(identifier: str, course: Rows, spans: Rows, days: tuple[int, int]) -> str:
    figure = drawn(
        pd.DataFrame(course, columns=["label", "day", "value", "below"]),
        pd.DataFrame(spans, columns=["row", "label", "first", "last"]),
        days=days,
        name="time-line",
        title=f"Time line of {identifier}.",
        caption="Hollow: below the limit of detection. The upright line is the day of randomization.",
    )
    return figure.to_svg()
