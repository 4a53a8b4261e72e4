"""A trial under attack: two sites, and every kind of record at site 02."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from django.test.utils import override_settings
from tests.web.attacks.besieged import Besieged, besiege
from tests.web.test_pages import PROTOCOL

from calor.simulate.candidates import candidate_records
from calor.trial.screening import screen


@pytest.fixture(scope="session")
def screened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trial folder whose records were screened."""
    folder = tmp_path_factory.mktemp("besieged")
    (folder / "protocol.toml").write_text(PROTOCOL.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "records").mkdir()
    today = datetime.now(UTC).date()
    for name, table in candidate_records(np.random.default_rng(3), today, persons=40).items():
        table.to_parquet(folder / "records" / f"{name}.parquet", index=False)
    screen(folder)
    return folder


@pytest.fixture
def besieged(on_sqlite: str, screened: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Besieged]:
    """The trial of that folder; its records are those of site 02."""
    table = pd.read_parquet(screened / "results/screening/worklist.parquet")
    eligible = [int(person) for person in table[table["status"] == "eligible"]["person_id"]]
    with override_settings(TRIAL_FOLDER=str(screened), RECORDS_SITE="02"):
        yield besiege(monkeypatch, candidate=eligible[0])
