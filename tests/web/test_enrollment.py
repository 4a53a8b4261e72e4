"""From worklist to kit: consent, eligibility judged again at the click, one allocation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from tests.web.running_trial import Running, open_running_trial
from tests.web.test_pages import PROTOCOL, signed_in

from calor.simulate.candidates import candidate_records
from calor.trial.screening import screen
from calor.web.audit_check import verify
from calor.web.capture.models import Consent, EligibilityCheck, Enrollment
from calor.web.models import Allocation, Participant
from calor.web.permissions import Role

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A trial folder with screened records."""
    folder = tmp_path_factory.mktemp("screened")
    (folder / "protocol.toml").write_text(PROTOCOL.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "records").mkdir()
    for name, table in candidate_records(np.random.default_rng(3), TODAY, persons=40).items():
        table.to_parquet(folder / "records" / f"{name}.parquet", index=False)
    screen(folder)
    with override_settings(TRIAL_FOLDER=str(folder)):
        yield folder


@pytest.fixture
def running(database: str, screened: Path) -> Running:
    return open_running_trial(code="IVORY", strata=("all",))


@pytest.fixture
def eligible(screened: Path) -> int:
    table = pd.read_parquet(screened / "results/screening/worklist.parquet")
    return int(table[table["status"] == "eligible"]["person_id"].iloc[0])


def _consent(client: Client, person: int, **changes: str) -> Any:
    given = {"version": "2.1", "signed_on": TODAY.isoformat()} | changes
    return client.post(f"/screening/{person}/consent/", given)


def _form(client: Client, person: int) -> dict[str, str]:
    """Return the fields of the randomization form as the page shows it, with every criterion confirmed."""
    form = client.get(f"/screening/{person}/").context["randomize_form"]
    return {"seen": form["seen"].value(), "key": form["key"].value()} | {field.name: "on" for field in form.rules}


def test_the_most_urgent_candidate_stands_first_with_the_parts_of_the_rank(running: Running) -> None:
    answer = signed_in(running.people[Role.COORDINATOR]).get("/screening/")
    rows = answer.context["rows"]
    assert [row["rank"] for row in rows] == sorted(row["rank"] for row in rows)
    for row in rows:
        assert sum(points for _, points in row["parts"]) == pytest.approx(row["score"])
    assert "urgency" in answer.content.decode()


def test_the_worklist_says_what_to_do_when_nobody_has_screened(running: Running, tmp_path: Path) -> None:
    (tmp_path / "protocol.toml").write_text(PROTOCOL.read_text(encoding="utf-8"), encoding="utf-8")
    with override_settings(TRIAL_FOLDER=str(tmp_path)):
        answer = signed_in(running.people[Role.COORDINATOR]).get("/screening/")
    assert f"calor screen {tmp_path.name}" in answer.content.decode()


def test_a_candidate_who_consented_is_randomized_and_the_kit_is_shown(running: Running, eligible: int) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    assert _consent(client, eligible).status_code == 302
    form = _form(client, eligible)
    assert client.post(f"/screening/{eligible}/randomize/", form).status_code == 302
    participant = Participant.objects.get()
    page = client.get(f"/screening/{eligible}/").content.decode()
    assert participant.identifier == "01-001"
    assert participant.allocation.kit.number in page
    assert participant.consent_version == "2.1"
    assert EligibilityCheck.objects.get().status == "eligible"
    again = client.post(f"/screening/{eligible}/randomize/", form)
    assert again.status_code == 302
    assert Allocation.objects.count() == Enrollment.objects.count() == 1
    assert verify().problem is None


def test_whoever_randomizes_takes_the_audit_trail_last(running: Running, eligible: int) -> None:
    """A17: whoever allocates holds the site and waits for the trail; the other way round two wait in a circle."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    client = signed_in(running.people[Role.COORDINATOR])
    _consent(client, eligible)
    form = _form(client, eligible)
    with CaptureQueriesContext(connection) as captured:
        client.post(f"/screening/{eligible}/randomize/", form)
    assert Allocation.objects.count() == 1
    transactions: list[list[str]] = [[]]
    for query in captured.captured_queries:
        if query["sql"].startswith(("BEGIN", "COMMIT")):
            transactions.append([])
        elif found := re.search(r'FROM "(\w+)".* FOR (NO KEY )?UPDATE', query["sql"]):
            transactions[-1].append(found[1])
    held = [locks for locks in transactions if "calor_web_site" in locks]
    assert len(held) == 2  # the check with the registration, then the allocation
    for locks in held:
        trail = locks.index("calor_web_audithead")
        assert "calor_web_site" in locks[:trail]
        assert set(locks[trail:]) == {"calor_web_audithead"}


def test_nobody_is_randomized_before_consent_or_without_every_criterion_confirmed(
    running: Running, eligible: int
) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    assert client.post(f"/screening/{eligible}/randomize/", {}).status_code == 404
    _consent(client, eligible)
    form = _form(client, eligible)
    form.pop("rule_acs")
    answer = client.post(f"/screening/{eligible}/randomize/", form)
    assert answer.status_code == 422
    assert "Confirm it, or do not randomize" in answer.content.decode()
    assert Allocation.objects.count() == 0


def test_records_that_changed_since_the_page_was_opened_are_shown_and_nobody_is_randomized(
    running: Running, eligible: int, screened: Path
) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    _consent(client, eligible)
    form = _form(client, eligible)
    path = screened / "records/measurement.parquet"
    before = path.read_bytes()
    table = pd.read_parquet(path)
    crp = table["measurement_concept_id"] == 3010156
    newest = table[crp & (table["person_id"] == eligible)].iloc[-1].copy()
    newest[["measurement_id", "measurement_date", "value_as_number"]] = [10**6, TODAY, 3.3]
    newest["value_source_value"] = "3.3"
    pd.concat([table, newest.to_frame().T.astype(table.dtypes)]).to_parquet(path, index=False)
    try:
        answer = client.post(f"/screening/{eligible}/randomize/", form)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert "The records changed since you opened this page" in text
        assert "3.3" in text
        assert Allocation.objects.count() == 0
        form["seen"] = answer.context["randomize_form"]["seen"].value()
        assert client.post(f"/screening/{eligible}/randomize/", form).status_code == 302
        assert Allocation.objects.count() == 1
    finally:
        path.write_bytes(before)


def test_who_is_no_longer_eligible_at_the_click_is_refused_and_the_check_is_kept(
    running: Running, eligible: int, screened: Path
) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    _consent(client, eligible)
    form = _form(client, eligible)
    path = screened / "records/death.parquet"
    before = path.read_bytes()
    pd.DataFrame({"person_id": [eligible], "death_date": [TODAY]}).to_parquet(path, index=False)
    try:
        first = client.post(f"/screening/{eligible}/randomize/", form)
        assert "Not every criterion is met now" in first.content.decode()
        form["seen"] = first.context["randomize_form"]["seen"].value()
        assert client.post(f"/screening/{eligible}/randomize/", form).status_code == 422
    finally:
        path.write_bytes(before)
    assert EligibilityCheck.objects.get().status == "ineligible"
    assert Participant.objects.count() == 0


def test_what_the_page_held_cannot_be_made_up(running: Running, eligible: int) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    _consent(client, eligible)
    answer = client.post(f"/screening/{eligible}/randomize/", _form(client, eligible) | {"seen": "made up"})
    assert answer.status_code == 409
    assert Allocation.objects.count() == 0


def test_more_fields_in_a_form_than_it_has_change_nothing(running: Running, eligible: int) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    _consent(client, eligible)
    extra = {"arm": "1", "slot": "7", "at": "2020-01-01", "site": "99", "stratum": "other", "kit": "00000000"}
    client.post(f"/screening/{eligible}/randomize/", _form(client, eligible) | extra)
    allocation = Allocation.objects.get()
    assert (allocation.stratum, allocation.position, allocation.participant.site) == ("all", 0, running.site)
    assert allocation.at.date() == TODAY


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"version": ""}, "required"),
        ({"signed_on": (TODAY + timedelta(days=2)).isoformat()}, "lies in the future"),
        ({"signed_on": "yesterday"}, "valid date"),
    ],
)
def test_a_consent_that_cannot_be_keeps_what_was_typed_and_says_why(
    running: Running, eligible: int, wrong: dict[str, str], said: str
) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    answer = _consent(client, eligible, **wrong)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert said in text
    assert 'aria-invalid="true"' in text
    assert Consent.objects.count() == 0


def test_people_of_other_sites_and_roles_see_no_candidate(running: Running, eligible: int) -> None:
    for role in set(Role) - {Role.COORDINATOR, Role.INVESTIGATOR}:
        client = signed_in(running.people[role])
        assert client.get("/screening/").status_code == 404
        assert client.get(f"/screening/{eligible}/").status_code == 404
