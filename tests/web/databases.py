"""Lead Django to a database, and make one."""

from __future__ import annotations

import psycopg
from django.core.management import call_command
from django.db import connections

from calor.web.database import database as described

POSTGRESQL_FOLDERS = ("/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin")


def use(url: str) -> None:
    """Let Django's default connection lead to another database."""
    connections["default"].close()
    connections.settings["default"] = connections.configure_settings({"default": described(url)})["default"]
    del connections["default"]


def migrate(url: str) -> None:
    """Create all tables and triggers."""
    use(url)
    call_command("migrate", verbosity=0)
    connections.close_all()


def sql(server: str, statement: str) -> None:
    """Run one statement on the server's own database."""
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(statement)
