"""Databases for the tests of a running trial: SQLite files, and a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment
from tests.web.databases import POSTGRESQL_FOLDERS, migrate, sql, use

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
    found = shutil.which("initdb") or next(
        (f"{folder}/initdb" for folder in POSTGRESQL_FOLDERS if Path(folder, "initdb").exists()), None
    )
    if found is None:
        pytest.skip("PostgreSQL is not installed")
    programs = Path(found).parent
    # Not under pytest's own folder, whose parents only the tests' user may enter.
    folder = Path(tempfile.mkdtemp(prefix="calor-postgresql-"))
    as_owner: list[str] = []
    if os.geteuid() == 0:  # the server refuses root
        as_owner = [shutil.which("runuser", path=f"{os.defpath}:/usr/sbin:/sbin") or "runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, capture_output=True, cwd="/")

    call(f"{programs}/initdb", "-D", str(data), "-A", "trust", "-U", "calor", "-E", "UTF8", "--no-locale")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    (data / "postgresql.auto.conf").write_text("fsync = off\n")
    call(f"{programs}/pg_ctl", "-D", str(data), "-o", options, "-l", f"{folder}/log", "-w", "start")
    try:
        yield f"postgresql://calor@127.0.0.1:{port}/"
    finally:
        call(f"{programs}/pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(folder)


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


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database with all tables, which Django now uses; once for each kind."""
    if request.param == "sqlite":
        path = tmp_path / "trial.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("postgresql")
        template = request.getfixturevalue("postgresql_template")
        name = f"trial_{os.urandom(6).hex()}"
        sql(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        url = server + name
    use(url)
    yield url
    use("sqlite:///:memory:")
    if request.param == "postgresql":
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
