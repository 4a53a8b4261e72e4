"""Run a trial: do each step that is not up to date, store what it found, write the report."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from calor.analyze.finding import Finding
from calor.errors import AnalysisError, ImageError, MonitorError, RecordsError, ScreenError
from calor.trial import paper, stored
from calor.trial.atomic import sweep
from calor.trial.gate_step import gate_steps
from calor.trial.imaging_extra import IMAGING, NEEDS, has_scans, imaging_hash, measures_images
from calor.trial.lock import only_writer
from calor.trial.next_step import next_steps
from calor.trial.provenance import provenance
from calor.trial.record import write_record
from calor.trial.steps import SCREENING, Step, StepOutcome
from calor.trial.trial import Trial

Tell = Callable[[StepOutcome | str], None]
"""Called with a step's name when it starts and with its outcome when it ends."""

HEADLINE_ROLES = ("primary", "multiplicity", "secondary", "safety", "measurement", "planning")


@dataclass(frozen=True)
class RunOutcome:
    """What became of a run.

    Attributes:
        steps: Each step, and what became of it.
        headlines: First sentence of each finding that somebody looks for first.
        further: Sensitivity and exploratory analyses that only the report shows.
        report: Where it lies.
    """

    steps: tuple[StepOutcome, ...]
    headlines: tuple[str, ...]
    further: int
    report: Path

    @property
    def ok(self) -> bool:
        """Whether no step failed."""
        return all(step.state != "failed" for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a machine."""
        steps = [asdict(step) for step in self.steps]
        return {"ok": self.ok, "headlines": list(self.headlines), "report": str(self.report), "steps": steps}


def run(trial: Trial, tell: Tell | None = None) -> RunOutcome:
    """Do every step of a trial that is not up to date.

    An analysis that the data do not support is reported as failed and the others go on; data that break a rule stop
    the run, since nothing may be half used.

    Raises:
        TrialError: Another process is writing results here.
        DatasetError: The data cannot be read or break a rule.
    """
    tell = tell or (lambda _step: None)
    with only_writer(trial.results):
        sweep(trial.results)
        outcomes = [_do(step, tell) for step in _screening_steps(trial, tell)]
        outcomes += [_do(_analysis_step(trial, name), tell) for name in trial.analyses]
        if has_scans(trial):
            outcomes.append(_do(_imaging_step(trial, tell), tell))
        outcomes += [_do(step, tell) for step in (*gate_steps(trial), *next_steps(trial))]
        findings = _findings(trial, outcomes)
        not_done = tuple(str(o) for o in outcomes if o.state in {"failed", "left out"})
        sources = paper.Sources(trial.folder, trial.protocol, findings, not_done, trial.hashes)
        outcomes.append(_do(_report_step(trial, sources), tell))
        write_record(trial, outcomes)
    shown = [f for f in findings if f.role in HEADLINE_ROLES or f.kind == SCREENING]
    further = sum(f.role in {"sensitivity", "exploratory"} for f in findings)
    return RunOutcome(tuple(outcomes), tuple(f.sentences[0] for f in shown), further, trial.results / paper.REPORT)


def _screening_steps(trial: Trial, tell: Tell) -> list[Step]:
    """Return the screen of the health records, if the protocol asks for one."""
    asked = trial.protocol.screening
    if asked is None:
        return []
    from calor.trial.screening import records_place, screen_folder, screening_provenance  # noqa: PLC0415

    folder = trial.results / "analyses" / SCREENING
    place = records_place(trial.folder, trial.protocol)
    at_a_server = "://" in place
    if not at_a_server and not Path(place).exists():
        return [Step(SCREENING, provenance({}), lambda: None, lambda: None, (asked.records,))]
    day = asked.as_of or datetime.now(UTC).date()

    def work() -> None:
        screen_folder(trial.folder, trial.protocol, as_of=day, tell=tell)

    def fingerprint() -> str | None:
        # Nothing shows whether a server's rows changed: they are screened each time.
        return None if at_a_server else stored.fingerprint(folder)

    return [Step(SCREENING, screening_provenance(trial.folder, trial.protocol, day), fingerprint, work)]


def _analysis_step(trial: Trial, name: str) -> Step:
    folder = trial.results / "analyses" / name

    def work() -> None:
        result = trial.analyze(name)
        stored.store(folder, result.finding, result.provenance)

    missing = tuple(need for need in trial.needs(name) if need not in trial.hashes)
    return Step(name, trial.provenance(name), partial(stored.fingerprint, folder), work, missing)


def _imaging_step(trial: Trial, tell: Tell) -> Step:
    folder = trial.results / "analyses" / IMAGING
    needs = "" if measures_images() else NEEDS
    files = {} if needs else {IMAGING: imaging_hash(trial)}
    hashes = {name: trial.hashes[name] for name in ("protocol", "adsl") if name in trial.hashes}
    made_of = provenance(hashes | files)

    def work() -> None:
        from calor.trial.imaging import measure_studies  # noqa: PLC0415  (an optional part)
        from calor.trial.imaging_finding import imaging_finding  # noqa: PLC0415

        stored.store(folder, imaging_finding(trial, measure_studies(trial, tell)), made_of)

    def fingerprint() -> str | None:
        return stored.fingerprint(folder) if (trial.results / IMAGING / "adpet.xpt").exists() else None

    return Step(IMAGING, made_of, fingerprint, work, needs=needs)


def _report_step(trial: Trial, sources: paper.Sources) -> Step:
    inputs = {f.id: stored.fingerprint(trial.results / "analyses" / f.id) or "" for f in sources.findings}
    made_of = provenance({**inputs, "protocol": trial.hashes["protocol"], "not done": repr(sources.not_done)})
    work = partial(paper.write, trial.results, sources, made_of)
    return Step("report", made_of, partial(paper.fingerprint, trial.results), work)


def _do(step: Step, tell: Tell) -> StepOutcome:
    if step.needs:
        outcome = StepOutcome(step.name, "left out", step.needs)
    elif step.missing:
        outcome = StepOutcome(step.name, "left out", f"no {', '.join(step.missing)} in the folder")
    elif step.is_current:
        outcome = StepOutcome(step.name, "unchanged", "its inputs did not change")
    else:
        tell(step.name)
        started = time.perf_counter()
        try:
            step.work()
            outcome = StepOutcome(step.name, "done", "", time.perf_counter() - started)
        except (AnalysisError, ImageError, MonitorError, RecordsError, ScreenError) as error:
            outcome = StepOutcome(step.name, "failed", str(error), time.perf_counter() - started)
    tell(outcome)
    return outcome


def _findings(trial: Trial, outcomes: list[StepOutcome]) -> tuple[Finding, ...]:
    """Load what is on disk and current; what failed or was left out is not taken from an older run."""
    good = [o.name for o in outcomes if o.state in {"done", "unchanged"}]
    return tuple(stored.load(trial.results / "analyses" / name) for name in good)
