"""What must be so before real people are served; a server that does not keep it refuses to start."""

from __future__ import annotations

from typing import Any

from calor.errors import ConductError
from calor.web.database import database


def refuse_unsafe(settings: Any, environment: Any) -> None:
    """Refuse to serve with debugging on, a default secret, no TLS, an embedded database or demo users' trial.

    Args:
        settings: Django's settings.
        environment: Variables by name, as `os.environ`.

    Raises:
        ConductError: Something is not kept; the message names the setting.
    """
    url = environment.get("CALOR_DATABASE", "")
    engine = database(url)["ENGINE"] if url else "nothing"
    rules = (
        ("DEBUG", "be off", settings.DEBUG, "on", "Leave it as the settings have it."),
        (
            "CALOR_KEY_FILE",
            "name the file of the master key, from which the secret of cookies is derived",
            not environment.get("CALOR_KEY_FILE"),
            "nothing",
            "Make one with `calor audit key FILE`.",
        ),
        (
            "CALOR_DATABASE",
            "be PostgreSQL",
            "postgresql" not in engine,
            engine.rsplit(".", 1)[-1],
            "SQLite is for one machine: `calor serve`.",
        ),
        (
            "CALOR_HOSTS",
            "name the hosts that people reach the pages by",
            not environment.get("CALOR_HOSTS") or "*" in settings.ALLOWED_HOSTS,
            environment.get("CALOR_HOSTS", "nothing"),
            "For example CALOR_HOSTS=trial.example.org.",
        ),
        (
            "CALOR_PLAIN_HTTP",
            "not be set",
            "CALOR_PLAIN_HTTP" in environment,
            "set",
            "Cookies then travel without TLS; it is for `calor serve` on one machine.",
        ),
        ("CALOR_TRIAL_FOLDER", "name the trial's folder", not settings.TRIAL_FOLDER, "nothing", "Set it."),
    )
    for name, rule, broken, got, fix in rules:
        if broken:
            raise ConductError.must(name, rule, got, fix=fix)
