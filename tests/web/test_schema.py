"""The JSON interface answers as its own description says, whatever is sent and whoever sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.web.routes import signed_in
from tests.web.running_trial import Running

from calor.web.audit_check import verify
from calor.web.permissions import Role

TOKEN = "a" * 32  # against forged requests: the cookie's and the header's need only agree
# What exists, so that not all is absent.
KNOWN = {"trial": "IVORY", "identifier": "01-001", "site": "01", "kind": "csv", "visit": "V8", "number": 1}


@pytest.fixture
def running(captured: Running) -> Iterator[Running]:
    with override_settings(SESSION_COOKIE_SECURE=False, CSRF_COOKIE_SECURE=False):
        yield captured


def _description(running: Running) -> dict[str, Any]:
    described: dict[str, Any] = json.loads(signed_in(running.people[Role.MONITOR]).get("/api/openapi.json").content)
    return described


def _try_everything(running: Running, examples: int) -> set[tuple[str, int]]:
    """Send each address what the description allows, and what it forbids, as people of every role and as nobody.

    Return which roles got which status.
    """
    schema = schemathesis.openapi.from_dict(_description(running))
    schema.app = get_wsgi_application()
    sessions = {role: signed_in(running.people[role]).cookies["sessionid"].value for role in Role} | {"nobody": ""}
    named = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
    checks = schemathesis.checks.CHECKS.get_by_names(named)
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

        @seed(1)
        @settings(
            max_examples=examples, deadline=None, database=None, phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=cases, role=st.sampled_from(list(sessions)), known=st.sampled_from((True, True, False)))
        def send(case: Any, role: str, known: bool) -> None:
            if known:
                case.path_parameters = {name: KNOWN[name] for name in case.path_parameters}
            cookies = {"sessionid": sessions[role], "csrftoken": TOKEN}
            answer = case.call(cookies=cookies, headers={"X-CSRFToken": TOKEN, "Host": "localhost"})
            case.validate_response(answer, checks=checks)
            seen.add((role, answer.status_code))

        send()
    return seen


def test_every_answer_is_one_that_the_description_names(running: Running) -> None:
    seen = _try_everything(running, 4)
    assert {role for role, _ in seen} == {*Role, "nobody"}
    assert {200, 401, 404, 409, 422} <= {status for _, status in seen}
    assert {status for role, status in seen if role == "nobody"} == {401}
    assert verify().problem is None


@pytest.mark.slow
def test_every_answer_is_one_that_the_description_names_however_often_asked(running: Running) -> None:
    _try_everything(running, 100)
    assert verify().problem is None
