"""`calor design gate DIR`: from the finished trial and the records to the next trial's gate and protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from calor.errors import DesignError
from calor.gate.basis import Basis
from calor.gate.choose import search
from calor.gate.confirm import Confirmed, confirm, confirmed_table
from calor.gate.information import Information, information
from calor.gate.next_protocol import comments, next_protocol
from calor.gate.operating_report import OperatingReport, operating_report
from calor.gate.option import Option
from calor.gate.posterior import declared, finished_trial
from calor.gate.recommend import Recommendation, recommend
from calor.gate.records import Counted, counted
from calor.gate.sensitivity import Robustness, robustness
from calor.gate.what_if import WhatIf, what_if_grid
from calor.protocol import Protocol
from calor.protocol.gate_design import Effort, GateDesign
from calor.protocol.write import write_protocol
from calor.trial.atomic import sweep, whole_folder
from calor.trial.gate_step import FOLDER, NEXT, gate_provenance
from calor.trial.lock import only_writer
from calor.trial.provenance import Provenance
from calor.trial.trial import Trial

Tell = Callable[[str], None]
QUICK = {"draws": 400, "target_se": 0.003, "confirmed": 1, "confirm_trials": 100}
"""Effort of the demonstration: the same steps on every fourth cut-off, with wider errors."""


@dataclass(frozen=True, eq=False)
class GateOutcome:
    """What the choice of the gate found.

    Attributes:
        basis: What it rests on.
        options: Every option.
        recommendation: The chosen one, its rivals, the front.
        confirmed: Options simulated by participant.
        information: What it would be worth to know more.
        robustness: How far the choice holds.
        operating: The simulation report of the chosen design.
        what_if: Numbers on a grid, for a page.
        records: What the records said; None where nothing was counted.
        next: The next trial's protocol.
        made_of: What it was made from.
        folder: Where it lies.
        quick: Whether it was made with few cut-offs and little effort.
    """

    basis: Basis
    options: tuple[Option, ...]
    recommendation: Recommendation
    confirmed: tuple[Confirmed, ...]
    information: Information
    robustness: Robustness
    operating: OperatingReport
    what_if: WhatIf
    records: Counted | None
    next: Protocol
    made_of: Provenance
    folder: Path
    quick: bool = False

    def __str__(self) -> str:
        own = self.recommendation
        lines = [f"{sentence}." for sentence in own.sentences]
        lines += [f"{self.robustness}.", f"{self.operating}."]
        lines += [f"What it would be worth to know more ({own.unit}): {self.information}."]
        lines += [f"next protocol: {self.folder / NEXT / 'protocol.toml'}"]
        return "\n".join(lines)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return everything that is a table, by name."""
        found = {
            "options": pd.DataFrame([option.row() for option in self.options]),
            "front": pd.DataFrame([option.row() for option in self.recommendation.front]),
            "beliefs": self.recommendation.beliefs,
            "confirmed": confirmed_table(self.confirmed),
            "information": self.information.table,
            "tornado": self.robustness.tornado,
            "corner": self.robustness.corner,
            "nulls": self.operating.nulls,
            "effects": self.operating.effects,
            "estimators": self.operating.estimators,
            "courses": self.operating.courses,
        }
        return found if self.records is None else {**found, "records": self.records.table}

    def to_dict(self) -> dict[str, Any]:
        """Return words and tables as plain values."""
        tables = {n: json.loads(t.to_json(orient="records", double_precision=10)) for n, t in self.tables().items()}
        del tables["options"]
        return {
            "sentences": list(self.recommendation.sentences),
            "robustness": str(self.robustness),
            "chosen": self.recommendation.chosen.row(),
            "tables": tables,
            "seed": self.basis.plan.effort.seed,
            "provenance": asdict(self.made_of),
        }


def design_gate(trial: Trial, tell: Tell | None = None, *, workers: int = 1, quick: bool = False) -> GateOutcome:
    """Choose the next trial's gate, write what was found and the next trial's protocol to `results/gate`.

    Args:
        trial: The finished trial, opened.
        tell: Called with what is being done, and with the best option so far.
        workers: Processes.
        quick: Take every fourth cut-off and little effort, to show the steps.

    Raises:
        DesignError: The protocol has no [gate_design], nothing is expected to help, or nothing is within the limits.
        AnalysisError: The finished trial's data do not support the analysis that the effect comes from.
        RecordsError: The records cannot be read.
    """
    tell = tell or (lambda _what: None)
    plan = eased(declared(trial.protocol)) if quick else declared(trial.protocol)
    tell("posterior of the effect")
    basis, records = _basis(trial, plan, tell)
    here = basis.situation()
    options = search(here, workers=workers, progress=lambda seen: tell(str(seen)))
    found = recommend(basis, here, options)
    chosen = found.chosen
    tell("simulating the front by participant")
    first = (chosen, *(option for option in found.front if option is not chosen))
    confirmed = confirm(here, first[: plan.effort.confirmed], workers=workers)
    tell("moving the assumptions")
    made_of = gate_provenance(trial)
    outcome = GateOutcome(
        basis=basis,
        options=options,
        recommendation=found,
        confirmed=confirmed,
        information=information(basis, here, options),
        robustness=robustness(basis, chosen, found.contenders),
        operating=operating_report(basis, chosen, workers=workers),
        what_if=what_if_grid(basis),
        records=records,
        next=next_protocol(trial.protocol, here, chosen),
        made_of=made_of,
        folder=trial.results / FOLDER,
        quick=quick,
    )
    tell("writing")
    _write(trial, outcome)
    return outcome


def eased(plan: GateDesign) -> GateDesign:
    """Return the plan with every fourth cut-off and little effort, for a demonstration."""
    effort = Effort(**{**plan.effort.model_dump(), **QUICK})
    grid = plan.grid.model_copy(
        update={"cutoffs": plan.grid.cutoffs[::4], "interval_days": plan.grid.interval_days[:1]}
    )
    return plan.model_copy(update={"effort": effort, "grid": grid})


def _basis(trial: Trial, plan: GateDesign, tell: Tell) -> tuple[Basis, Counted | None]:
    """Return what the choice rests on, and what records were counted for it."""
    eased_protocol = trial.protocol.model_copy(update={"gate_design": plan})
    finished = finished_trial(eased_protocol, trial.datasets)
    if plan.recruitment.source == "stated":
        return Basis(plan, finished), None
    tell("counting candidates in the records")
    found = _counted(trial, plan)
    return replace(Basis(found.plan, finished), shares=found.shares), found


def _counted(trial: Trial, plan: GateDesign) -> Counted:
    from calor.records.open import open_records  # noqa: PLC0415  (an optional part)
    from calor.screen.facts import stage  # noqa: PLC0415
    from calor.screen.rules import rules_of  # noqa: PLC0415
    from calor.screen.screened import screen  # noqa: PLC0415

    asked = trial.protocol.screening
    if asked is None or asked.as_of is None:
        fix = "Give screening.as_of, so that the choice can be made again."
        raise DesignError.must("screening", "name its day where records are counted", "none", fix=fix)
    rules = rules_of(trial.protocol, asked.as_of)
    place = asked.records if "://" in asked.records else trial.folder / asked.records
    records = open_records(place, time_zone=asked.time_zone)
    try:
        facts = stage(records, rules)
        return counted(plan, facts, screen(facts, rules))
    finally:
        records.close()


def _write(trial: Trial, outcome: GateOutcome) -> None:
    from calor.trial.gate_report import write_pages  # noqa: PLC0415

    with only_writer(trial.results):
        sweep(trial.results)
        with whole_folder(outcome.folder) as aside:
            for name, table in outcome.tables().items():
                table.to_csv(aside / f"{name}.csv", index=False)
                table.to_parquet(aside / f"{name}.parquet", index=False)
            (aside / "what_if.json").write_text(json.dumps(outcome.what_if.to_json()), encoding="utf-8")
            content = json.dumps(outcome.to_dict(), indent=2, ensure_ascii=False)
            (aside / "gate.json").write_text(content, encoding="utf-8")
            (aside / NEXT).mkdir()
            reasons = [f"{sentence}." for sentence in outcome.recommendation.sentences[1:3]]
            head = comments(trial.protocol, outcome.recommendation.chosen, reasons)
            text = write_protocol(outcome.next, comments=head)
            (aside / NEXT / "protocol.toml").write_text(text, encoding="utf-8")
            write_pages(trial, outcome, aside)
