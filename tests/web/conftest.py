"""Databases for the tests of a running trial: SQLite files, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment
from tests.web.captured_trial import FOLDER, open_captured_trial
from tests.web.databases import migrate, postgresql_programs, postgresql_server, sql, use
from tests.web.running_trial import Running

import calor.web  # noqa: F401  (starts Django before any test is read)
from calor.web.keys import write_master_key


@pytest.fixture(scope="session", autouse=True)
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A master key for the tests."""
    path = tmp_path_factory.mktemp("key") / "master.key"
    write_master_key(path)
    old = os.environ.get("CALOR_KEY_FILE")
    os.environ["CALOR_KEY_FILE"] = str(path)
    yield path
    os.environ.pop("CALOR_KEY_FILE") if old is None else os.environ.update(CALOR_KEY_FILE=old)


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Passwords of tests hashed quickly; the product keeps Django's slow hash."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    setup_test_environment()  # answers then carry what their template was given
    with override_settings(PASSWORD_HASHERS=hashers):
        yield
    teardown_test_environment()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server, without a database's name."""
    if postgresql_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    with postgresql_server() as address:
        yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and triggers."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql: str) -> str:
    """The name of a PostgreSQL database with all tables and triggers."""
    sql(postgresql, "CREATE DATABASE template_calor")
    migrate(postgresql + "template_calor")
    return "template_calor"


@pytest.fixture
def on_sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    """The address of an empty SQLite database with all tables, which Django now uses; for what no database decides."""
    path = tmp_path / "trial.sqlite3"
    shutil.copy(sqlite_template, path)
    use(f"sqlite:///{path}")
    yield f"sqlite:///{path}"
    use("sqlite:///:memory:")


@pytest.fixture(scope="session")
def captured_template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Running]:
    """A SQLite file with a trial in which everything was captured once, and its people."""
    path = tmp_path_factory.mktemp("captured") / "template.sqlite3"
    shutil.copy(sqlite_template, path)
    use(f"sqlite:///{path}")
    with override_settings(TRIAL_FOLDER=str(FOLDER)), pytest.MonkeyPatch.context() as patched:
        running = open_captured_trial(patched)
    connections.close_all()  # what the log beside the file holds goes into it
    use("sqlite:///:memory:")
    return path, running


@pytest.fixture
def captured(captured_template: tuple[Path, Running], tmp_path: Path) -> Iterator[Running]:
    """That trial in a database of one's own, with its folder served."""
    template, running = captured_template
    path = tmp_path / "captured.sqlite3"
    shutil.copy(template, path)
    use(f"sqlite:///{path}")
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield running
    use("sqlite:///:memory:")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database with all tables, which Django now uses; once for each kind."""
    if request.param == "sqlite":
        yield request.getfixturevalue("on_sqlite")
        return
    server = request.getfixturevalue("postgresql")
    template = request.getfixturevalue("postgresql_template")
    name = f"trial_{os.urandom(6).hex()}"
    sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    use(server + name)
    yield server + name
    use("sqlite:///:memory:")
    sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def on_disk(database: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Have the server write to the disk at each commit, as it does in use; other tests do without, to be quick."""
    if database.startswith("sqlite"):
        yield
        return
    server = request.getfixturevalue("postgresql")
    for setting in ("on", "off"):
        sql(server, f"ALTER SYSTEM SET fsync = {setting}")
        sql(server, "SELECT pg_reload_conf()")
        if setting == "on":
            yield
