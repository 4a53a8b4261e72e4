"""Commands over a trial's folder: demo, run, analyze, report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calor.cli.options import FAILED, AsJson, Folder
from calor.cli.show import print_json, progress

if TYPE_CHECKING:
    from calor.trial import RunOutcome


def demo(folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("demo"), as_json: AsJson = False) -> None:
    """Go once round on synthetic data: screen, measure, reconstruct and analyze IVORY, choose the next trial's gate."""
    from calor.trial.demo import go_on, make_demo  # noqa: PLC0415

    trial = make_demo(folder)
    with progress(quiet=as_json) as tell:
        first = trial.run(tell)
    if not as_json:
        _print_outcome(first)
        typer.echo("choosing the next trial's gate; the first time the simulator is compiled, which takes a minute")
    _show(lambda tell: go_on(trial, tell), as_json, told=first.headlines)


def run(folder: Folder, as_json: AsJson = False) -> None:
    """Do every step that the protocol asks for; what did not change is not repeated."""
    from calor.trial import open_trial  # noqa: PLC0415

    trial = open_trial(folder)
    _show(trial.run, as_json)


def analyze(
    folder: Folder,
    analysis: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Analyses; all by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the declared analyses and print what they found."""
    from calor.trial import open_trial  # noqa: PLC0415

    trial = open_trial(folder)
    results = [trial.analyze(name) for name in (analysis or [a.id for a in trial.protocol.analyses])]
    if as_json:
        print_json([result.to_dict() for result in results])
        return
    for result in results:
        typer.echo(f"{result.finding.role:11}  {result}")


def report(folder: Folder, as_json: AsJson = False) -> None:
    """Write results/report.html, figures and tables, from the findings on disk where they are current."""
    run(folder, as_json)


def _show(work: Callable[[Any], RunOutcome], as_json: bool, *, told: tuple[str, ...] = ()) -> None:
    with progress(quiet=as_json) as tell:
        outcome = work(tell)
    if as_json:
        print_json(outcome.to_dict())
    else:
        _print_outcome(outcome, told)
    if not outcome.ok:
        raise typer.Exit(FAILED)


def _print_outcome(outcome: RunOutcome, told: tuple[str, ...] = ()) -> None:
    for headline in outcome.headlines:
        if headline not in told:
            typer.echo(headline)
    if outcome.further:
        typer.echo(f"{outcome.further} sensitivity and exploratory analyses: see the report")
    for step in outcome.steps:
        if step.state in {"failed", "left out"}:
            typer.echo(str(step))
    unchanged = sum(step.state == "unchanged" for step in outcome.steps)
    if unchanged:
        typer.echo(f"{unchanged} of {len(outcome.steps)} steps not repeated: their inputs did not change")
    typer.echo(f"report: {outcome.report}")
