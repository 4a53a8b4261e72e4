"""PostgreSQL and Spark give DuckDB's answers to the same expression."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.spec.ehr_cases import TABLES, rules, write_records

from calor.records.open import open_records
from calor.records.records import Records, on_engine, rows
from calor.records.tables import TABLES as DECLARED
from calor.screen.facts import stage
from calor.screen.funnel import funnel
from calor.screen.retest import retest
from calor.screen.screened import screen
from calor.screen.what_if import Setting, what_if

BIN = Path("/usr/lib/postgresql/15/bin")
SQL = {"id": "bigint", "integer": "integer", "number": "double precision", "text": "text", "day": "date"}


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_records(tmp_path_factory.mktemp("cases"))


@pytest.fixture(scope="module")
def postgres(cases: Path) -> Iterator[str]:
    """A server of our own, on a free port, gone afterwards; the server refuses to run as root."""
    if not (BIN / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed: scripts/system-packages installs it")
    import tempfile  # noqa: PLC0415

    import psycopg  # noqa: PLC0415

    home = Path(tempfile.mkdtemp(prefix="calor-pg-"))
    home.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run(f"{BIN}/initdb -D {home}/data -U calor -A trust -E UTF8 >/dev/null")
    run(f"{BIN}/pg_ctl -D {home}/data -w -l {home}/log -o '-p {port} -k {home} -c fsync=off' start >/dev/null")
    try:
        address = f"postgresql://calor@127.0.0.1:{port}/postgres"
        with psycopg.connect(address) as connection:
            load(connection, cases)
        yield address
    finally:
        run(f"{BIN}/pg_ctl -D {home}/data -m immediate stop >/dev/null")
        shutil.rmtree(home, ignore_errors=True)


def run(command: str) -> None:
    full = ["su", "postgres", "-c", command] if os.geteuid() == 0 else ["sh", "-c", command]
    subprocess.run(full, check=True, cwd="/")


def load(connection: object, cases: Path) -> None:
    with connection.cursor() as cursor:  # type: ignore[attr-defined]
        for name in TABLES:
            header = (cases / f"{name}.csv").read_text().split("\n", 1)[0].split(",")
            kinds = DECLARED[name].needed | DECLARED[name].optional
            columns = ", ".join(f"{column} {SQL[kinds.get(column, 'text')]}" for column in header)
            cursor.execute(f"CREATE TABLE {name} ({columns})")
            with cursor.copy(f"COPY {name} FROM STDIN WITH (FORMAT csv, HEADER)") as copy:
                copy.write((cases / f"{name}.csv").read_bytes())


def assert_as_duckdb(records: Records, cases: Path) -> None:
    asked = rules()
    here, there = stage(open_records(cases), asked), stage(records, asked)
    mine, theirs = screen(here, asked), screen(there, asked)
    pd.testing.assert_frame_equal(mine.answers, theirs.answers)
    pd.testing.assert_frame_equal(funnel(mine).table, funnel(theirs).table)
    assert retest(here, asked) == retest(there, asked)
    settings = [Setting(), Setting(cutoff=2.6), Setting(tests=1, days=(0, 100))]
    pd.testing.assert_frame_equal(what_if(here, mine, settings), what_if(there, theirs, settings))


def test_postgresql_gives_the_answers_of_duckdb(postgres: str, cases: Path) -> None:
    records = open_records(postgres)
    assert_as_duckdb(records, cases)
    records.close()


def test_a_database_that_goes_away_is_a_clear_error(postgres: str) -> None:
    from calor.errors import RecordsError  # noqa: PLC0415

    records = open_records(postgres)
    with on_engine():
        records.engine.con.close()
    with pytest.raises(RecordsError, match="nothing was written"):
        rows(records["person"])


def test_a_database_that_goes_away_in_mid_query_leaves_no_partial_worklist(postgres: str, tmp_path: Path) -> None:
    import psycopg  # noqa: PLC0415

    from calor.errors import RecordsError  # noqa: PLC0415
    from calor.trial.screening import screen as screen_trial  # noqa: PLC0415

    protocol = (Path(__file__).parents[2] / "examples/outcome/protocol.toml").read_text(encoding="utf-8")
    asked = (
        f'[screening]\nvocabulary = "listed"\nas_of = 2026-06-30\nabsent = ["other_trial"]\nrecords = "{postgres}"\n'
    )
    text = re.sub(r'\[screening\]\nrecords = "records".*\n', asked, protocol)
    (tmp_path / "protocol.toml").write_text(text, encoding="utf-8")
    sleeps = "CREATE VIEW measurement AS SELECT m.* FROM measurement_here m, (SELECT pg_sleep(30)) AS s"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("ALTER TABLE measurement RENAME TO measurement_here")
        connection.execute(sleeps)
        asked_for = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%calor_staged%' AND wait_event = 'PgSleep'"

        def go_away() -> None:
            for _ in range(600):
                found = connection.execute(asked_for).fetchall()
                for (pid,) in found:
                    connection.execute("SELECT pg_terminate_backend(%s)", [pid])
                    return
                time.sleep(0.05)

        killer = threading.Thread(target=go_away)
        killer.start()
        try:
            with pytest.raises(RecordsError, match="nothing was written"):
                screen_trial(tmp_path)
        finally:
            killer.join()
            connection.execute("DROP VIEW measurement")
            connection.execute("ALTER TABLE measurement_here RENAME TO measurement")
    assert [path.name for path in (tmp_path / "results").rglob("*")] == [".lock"]


@pytest.mark.slow
def test_spark_gives_the_answers_of_duckdb(cases: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: Spark needs it")
    pytest.importorskip("pyspark")
    # Spark warns and logs as it likes; a process of its own keeps that from the other tests.
    code = (
        "from pathlib import Path; from pyspark.sql import SparkSession; from calor.records.open import on_spark;"
        "from tests.spec.test_screen_engines import assert_as_duckdb;"
        "session = SparkSession.builder.master('local[2]').config('spark.sql.shuffle.partitions', 2)"
        ".config('spark.ui.enabled', 'false').getOrCreate();"
        f"place = {str(cases)!r}; assert_as_duckdb(on_spark(place, session=session), Path(place)); print('as DuckDB')"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}"},
    )
    assert done.stdout.strip().endswith("as DuckDB"), done.stderr[-3000:]
