"""The screen step of a trial folder: records in, worklist, near misses, funnel and reasons out, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from calor.protocol import read_protocol
from calor.records.open import open_records
from calor.screen.facts import stage
from calor.screen.funnel import funnel
from calor.screen.near_misses import near_misses
from calor.screen.rules import rules_of
from calor.screen.screened import Screened
from calor.screen.screened import screen as judge
from calor.screen.worklist import closing_this_week, worklist
from calor.trial.atomic import sweep, whole_folder
from calor.trial.lock import only_writer
from calor.trial.provenance import file_hash, provenance

FOLDER = "screening"
WORKLIST = "worklist.parquet"


@dataclass(frozen=True)
class ScreenOutcome:
    """What a screen of a trial folder found, and where it lies.

    Attributes:
        screened: Every answer.
        tables: `worklist`, `near_misses`, `reasons` (with identifiers); `funnel`, `overlap` (without).
        folder: Where they were written.
    """

    screened: Screened
    tables: dict[str, pd.DataFrame]
    folder: Path

    def __str__(self) -> str:
        closing = closing_this_week(self.tables["worklist"])
        windows = "1 window closes" if closing == 1 else f"{closing:,} windows close"
        lines = [str(self.screened), f"worklist: {self.folder / WORKLIST} ({windows} this week)"]
        return "\n".join([*lines, *(f"note: {note}" for note in self.screened.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Return counts and places as plain values, without identifiers."""
        return {
            "sentence": str(self.screened),
            "as_of": self.screened.rules.as_of.isoformat(),
            "persons": self.screened.persons,
            **{status: self.screened.count(status) for status in ("eligible", "ineligible", "undetermined")},
            "funnel": self.tables["funnel"].to_dict("records"),
            "worklist": str(self.folder / WORKLIST),
            "notes": list(self.screened.notes),
        }


def screen(
    trial_folder: Path | str, *, as_of: date | None = None, tell: Callable[[str], None] | None = None
) -> ScreenOutcome:
    """Screen the health records of a trial folder and write what was found to `results/screening/`.

    Tables with identifiers are `worklist`, `near_misses` and `reasons`; `funnel`, `funnel_shareable` and `overlap` have
    none. A failure leaves the results of the last screen as they were.

    Args:
        trial_folder: Folder with the protocol.
        as_of: Day of screening where the protocol names none; today by default.
        tell: Called with what is being done.

    Raises:
        ProtocolError: The protocol is missing or breaks a rule.
        ScreenError: It has no [screening].
        RecordsError: The records cannot be read.
        TrialError: Another process is writing results here.
    """
    tell = tell or (lambda _what: None)
    folder = Path(trial_folder)
    protocol = read_protocol(folder / "protocol.toml")
    rules = rules_of(protocol, as_of or datetime.now(UTC).date())
    results = folder / "results"
    with only_writer(results):
        sweep(results)
        tell("opening the records")
        place = rules.screening.records
        records = open_records(place if "://" in place else folder / place, time_zone=rules.screening.time_zone)
        try:
            tell("reading what the criteria ask for")
            facts = stage(records, rules)
            tell("judging")
            found = judge(facts, rules)
        finally:
            records.close()
        steps = funnel(found)
        tables = {
            "worklist": worklist(found),
            "near_misses": near_misses(found),
            "reasons": found.to_frame(),
            "funnel": steps.to_frame(),
            "overlap": overlap(found),
        }
        tell("writing")
        shareable = steps.shareable(rules.screening.share_cells_from)
        made_of = provenance({"protocol": file_hash(folder / "protocol.toml")})
        outcome = ScreenOutcome(found, tables, results / FOLDER)
        with whole_folder(results / FOLDER) as aside:
            for name, table in {**tables, "funnel_shareable": shareable}.items():
                table.to_parquet(aside / f"{name}.parquet", index=False)
            content = outcome.to_dict() | {"provenance": asdict(made_of)}
            (aside / "screen.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    return outcome


def overlap(screened: Screened) -> pd.DataFrame:
    """Return how often each combination of unmet criteria occurs: what an upset plot draws.

    Args:
        screened: Answers of a screen.

    Returns:
        One boolean column per criterion that anybody fails, and `candidates`; the commonest combination first.
    """
    fails = pd.DataFrame(screened.met == 0, columns=list(screened.rules.ids))
    fails = fails.loc[:, fails.any()]
    fails = fails[fails.any(axis=1)]
    if fails.empty:
        return fails.assign(candidates=pd.Series(dtype="int64"))
    counts = fails.groupby(list(fails.columns)).size().rename("candidates").reset_index()
    return counts.sort_values("candidates", ascending=False, ignore_index=True, kind="stable")
