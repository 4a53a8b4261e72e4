"""The screen step of a trial folder: records in, worklist, near misses, funnel and reasons out, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calor.protocol import Protocol, read_protocol
from calor.records.marks import marks_of
from calor.records.open import files_of, open_records
from calor.screen.funnel import funnel
from calor.screen.kept import bring_up_to_date, keep
from calor.screen.near_misses import near_misses
from calor.screen.refresh import Changes, changed
from calor.screen.rules import rules_of
from calor.screen.screened import Screened
from calor.screen.screened import screen as judge
from calor.screen.worklist import closing_this_week, worklist
from calor.trial import stored
from calor.trial.atomic import sweep, whole_folder
from calor.trial.lock import only_writer
from calor.trial.provenance import Provenance, code_hash, file_hash, provenance, sha256

FOLDER = "screening"
WORKLIST = "worklist.parquet"
KEPT = "kept"

Tell = Callable[[str], None]


@dataclass(frozen=True)
class ScreenOutcome:
    """What a screen of a trial folder found, and where it lies.

    Attributes:
        screened: Every answer.
        tables: `worklist`, `near_misses`, `reasons`, `changes` (with identifiers); `funnel`, `overlap` (without).
        folder: Where they were written.
        changes: What is not as it was at the last screen by the same criteria; None where there was none.
    """

    screened: Screened
    tables: dict[str, pd.DataFrame]
    folder: Path
    changes: Changes | None = None

    def __str__(self) -> str:
        closing = closing_this_week(self.tables["worklist"])
        windows = "1 window closes" if closing == 1 else f"{closing:,} windows close"
        lines = [str(self.screened), f"worklist: {self.folder / WORKLIST} ({windows} this week)"]
        lines += [] if self.changes is None else [str(self.changes)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.screened.notes)])

    def to_dict(self) -> dict[str, Any]:
        """Return counts and places as plain values, without identifiers."""
        return {
            "sentence": str(self.screened),
            "as_of": self.screened.rules.as_of.isoformat(),
            "persons": self.screened.persons,
            **{status: self.screened.count(status) for status in ("eligible", "ineligible", "undetermined")},
            "funnel": self.tables["funnel"].to_dict("records"),
            "changes": None if self.changes is None else str(self.changes),
            "worklist": str(self.folder / WORKLIST),
            "notes": list(self.screened.notes),
        }


def screen(trial_folder: Path | str, *, as_of: date | None = None, tell: Tell | None = None) -> ScreenOutcome:
    """Screen the health records of a trial folder and write what was found to `results/screening/`.

    Tables with identifiers are `worklist`, `near_misses`, `reasons`, `changes` and those in `kept`, from which the next
    screen goes on; `funnel`, `funnel_shareable`, `overlap` and the report have none. A failure leaves the results of
    the last screen as they were.

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
    folder = Path(trial_folder)
    protocol = read_protocol(folder / "protocol.toml")
    rules_of(protocol, as_of or datetime.now(UTC).date())
    with only_writer(folder / "results"):
        sweep(folder / "results")
        return screen_folder(folder, protocol, as_of=as_of, tell=tell)


def screen_folder(
    folder: Path, protocol: Protocol, *, as_of: date | None = None, tell: Tell | None = None
) -> ScreenOutcome:
    """Screen, as `screen` does, where the folder's lock is held already.

    Raises:
        ScreenError: The protocol has no [screening].
        RecordsError: The records cannot be read.
    """
    tell = tell or (lambda _what: None)
    rules = rules_of(protocol, as_of or datetime.now(UTC).date())
    made_of = screening_provenance(folder, protocol, rules.as_of)
    target = folder / "results" / FOLDER
    tell("opening the records")
    records = open_records(records_place(folder, protocol), time_zone=rules.screening.time_zone)
    try:
        tell("reading what the criteria ask for")
        part = bring_up_to_date(records, rules, target / KEPT, code_hash())
        tell(f"judging ({part})")
        found = judge(part.facts, rules)
        outcome = _outcome(found, part.before, target, _benefit(folder, found))
        tell("writing the lists")
        with whole_folder(target) as aside:
            _write(outcome, made_of, aside)
            keep(part, found, aside / KEPT, code_hash())
        tell("drawing the report")
        from calor.trial.screening_report import write_report  # noqa: PLC0415  (figures: seconds, once the lists are out)

        write_report(protocol, outcome, part.facts, made_of)
    finally:
        records.close()
    return outcome


def records_place(folder: Path, protocol: Protocol) -> str:
    """Return where a trial's records lie: an address, or a path beneath the trial's folder."""
    place = protocol.screening.records if protocol.screening else ""
    return place if "://" in place else str(folder / place)


def screening_provenance(folder: Path, protocol: Protocol, as_of: date) -> Provenance:
    """Return what a screen on one day is made from: the protocol, marks of the records' files, the day."""
    marks = marks_of(files_of(records_place(folder, protocol)))
    inputs = {"protocol": file_hash(folder / "protocol.toml"), "records": sha256(repr(sorted(marks.items())).encode())}
    if protocol.screening and protocol.screening.benefit:
        inputs["benefit"] = stored.fingerprint(folder / protocol.screening.benefit.finding) or "none"
    return provenance({**inputs, "day of screening": as_of.isoformat()})


def overlap(screened: Screened) -> pd.DataFrame:
    """Return how often each combination of unmet criteria occurs: what an upset plot draws.

    Args:
        screened: Answers of a screen.

    Returns:
        One boolean column per criterion that anybody in the infarction's window fails, and `candidates`; the commonest
        combination first.

    >>> from calor.screen.example import example_records, example_rules
    >>> from calor.screen.facts import stage
    >>> from calor.screen.screened import screen
    >>> found = screen(stage(example_records(), example_rules()), example_rules())
    >>> overlap(found)["candidates"].tolist()
    [2, 1, 1]
    """
    window = next((r.id for r in screened.rules.screening.criteria if r.kind == "recent_infarction"), None)
    inside = np.ones(len(screened.met), dtype=bool)
    if window is not None:
        inside = screened.met[:, screened.rules.ids.index(window)] == 1
    fails = pd.DataFrame(screened.met[inside] == 0, columns=list(screened.rules.ids))
    fails = fails.loc[:, fails.any()]
    fails = fails[fails.any(axis=1)]
    if fails.empty:
        return fails.assign(candidates=pd.Series(dtype="int64"))
    counts = fails.groupby(list(fails.columns)).size().rename("candidates").reset_index()
    return counts.sort_values("candidates", ascending=False, ignore_index=True, kind="stable")


def _benefit(folder: Path, found: Screened) -> tuple[pd.Series[float] | None, str]:
    """Return predicted benefit and a sentence about it, where the protocol names a model."""
    model = found.rules.screening.benefit
    if model is None:
        return None, ""
    from calor.trial.screening_benefit import benefit_of_model  # noqa: PLC0415  (analyses: only where a model is given)

    return benefit_of_model(folder, model, found)


def _outcome(
    found: Screened, before: Screened | None, target: Path, benefit: tuple[pd.Series[float] | None, str]
) -> ScreenOutcome:
    found = replace(found, notes=(*found.notes, benefit[1])) if benefit[1] else found
    changes = None if before is None else changed(before, found)
    tables = {
        "worklist": worklist(found, benefit[0]),
        "near_misses": near_misses(found),
        "reasons": found.to_frame(),
        "funnel": funnel(found).to_frame(),
        "overlap": overlap(found),
    }
    if changes is not None:
        tables["changes"] = changes.table
    return ScreenOutcome(found, tables, target, changes)


def _write(outcome: ScreenOutcome, made_of: Provenance, folder: Path) -> None:
    shareable = funnel(outcome.screened).shareable(outcome.screened.rules.screening.share_cells_from)
    for name, table in {**outcome.tables, "funnel_shareable": shareable}.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    content = outcome.to_dict() | {"provenance": asdict(made_of)}
    (folder / "screen.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
