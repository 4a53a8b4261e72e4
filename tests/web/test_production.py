"""A production server that is not safe refuses to start and says why."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from calor.errors import ConductError
from calor.web.production import refuse_unsafe

SAFE = {
    "CALOR_DATABASE": "postgresql://calor@localhost:5432/trial",
    "CALOR_KEY_FILE": "/etc/calor/master.key",
    "CALOR_HOSTS": "trial.example.org",
    "CALOR_TRIAL_FOLDER": "/srv/trial",
}


def _settings(**changes: object) -> SimpleNamespace:
    safe = {"DEBUG": False, "ALLOWED_HOSTS": ["trial.example.org"], "TRIAL_FOLDER": "/srv/trial"}
    return SimpleNamespace(**(safe | changes))


def test_a_safe_server_starts() -> None:
    refuse_unsafe(_settings(), SAFE)


@pytest.mark.parametrize(
    ("settings", "environment", "named"),
    [
        ({"DEBUG": True}, {}, "DEBUG"),
        ({}, {"CALOR_KEY_FILE": ""}, "CALOR_KEY_FILE"),
        ({}, {"CALOR_DATABASE": "sqlite:///trial.sqlite3"}, "CALOR_DATABASE"),
        ({}, {"CALOR_DATABASE": ""}, "CALOR_DATABASE"),
        ({}, {"CALOR_HOSTS": ""}, "CALOR_HOSTS"),
        ({"ALLOWED_HOSTS": ["*"]}, {}, "CALOR_HOSTS"),
        ({}, {"CALOR_PLAIN_HTTP": "1"}, "CALOR_PLAIN_HTTP"),
        ({"TRIAL_FOLDER": ""}, {}, "CALOR_TRIAL_FOLDER"),
    ],
)
def test_an_unsafe_server_is_refused(settings: dict[str, object], environment: dict[str, str], named: str) -> None:
    with pytest.raises(ConductError, match=f"`{named}` must"):
        refuse_unsafe(_settings(**settings), SAFE | environment)
