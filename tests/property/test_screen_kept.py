"""What was kept of an earlier screen, and the files that are new, give the answers of a screen from scratch."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_screen_oracle import DRAW, candidate, frames, rules, tables

from calor.records.open import open_records
from calor.screen.facts import stage
from calor.screen.kept import Staged, bring_up_to_date, keep
from calor.screen.refresh import OUTSIDE, changed
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen

WHOLE = {"person", "death"}


def export(folder: Path, found: dict[str, pd.DataFrame], part: str, before: dict[str, pd.DataFrame]) -> None:
    """Write the rows that were not exported before as one more part of each table; people and deaths as a whole."""
    for name, frame in found.items():
        here = folder / name
        here.mkdir(parents=True, exist_ok=True)
        if name in WHOLE:
            frame.to_parquet(here / "all.parquet", index=False)
            continue
        new = frame[~frame[f"{name}_id"].isin(before[name][f"{name}_id"])] if before else frame
        new.to_parquet(here / f"{part}.parquet", index=False)


def screened(folder: Path, asked: Rules) -> tuple[Staged, Screened, Screened]:
    """Screen with what was kept and from scratch; keep it for the next time."""
    records = open_records(folder / "records")
    part = bring_up_to_date(records, asked, folder / "kept")
    found, scratch = screen(part.facts, asked), screen(stage(records, asked), asked)
    keep(part, found, folder / "kept")
    records.close()
    return part, found, scratch


def status(found: Screened) -> dict[int, str]:
    return dict(zip(found.answers["person_id"], found.answers["status"], strict=True))


@settings(max_examples=5, phases=DRAW)
@given(
    people=st.lists(candidate(), min_size=20, max_size=30),
    asked=rules(),
    later=st.sampled_from([0, 1, 30]),
    seed=st.integers(0, 1000),
)
def test_new_files_give_the_answers_of_a_screen_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, people: list[Any], asked: Rules, later: int, seed: int
) -> None:
    folder, rng = tmp_path_factory.mktemp("parts"), np.random.default_rng(seed)
    whole = tables(people)
    some = {name: [row for row in rows if name == "person" or rng.random() < 0.8] for name, rows in whole.items()}
    early, late = frames(some), frames(whole)
    export(folder / "records", early, "first", {})
    first, then, _ = screened(folder, asked)
    assert first.reread is None
    export(folder / "records", late, "second", early)
    second, now, scratch = screened(folder, replace(asked, as_of=asked.as_of + timedelta(later)))
    assert second.reread is not None
    assert second.reread < len(people)
    pd.testing.assert_frame_equal(now.answers, scratch.answers)
    assert now.persons == scratch.persons == len(people)
    assert second.before is not None
    moved = changed(second.before, now).table.set_index("person_id")
    was, is_now = status(then), status(scratch)
    differ = {p for p in was | is_now if was.get(p, OUTSIDE) != is_now.get(p, OUTSIDE)}
    assert differ == set(moved.index[moved["was"] != moved["now"]])
