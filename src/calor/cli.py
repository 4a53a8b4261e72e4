"""One command per activity: demo, run, screen, image, analyze, design, report, protocol, audit."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from calor import __version__
from calor.errors import CalorError

if TYPE_CHECKING:
    from calor.trial import RunOutcome, StepOutcome, Trial

app = typer.Typer(
    help="Biomarker-driven anti-inflammatory therapy after myocardial infarction: from records to the next protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
protocol_app = typer.Typer(help="Check a protocol, or print its JSON Schema.", no_args_is_help=True)
app.add_typer(protocol_app, name="protocol")
audit_app = typer.Typer(
    help="Check a running trial's audit trail, and anchor it outside the database.", no_args_is_help=True
)
app.add_typer(audit_app, name="audit")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The trial's folder, with its protocol.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]

FAILED, INTERRUPTED = 1, 130


def main() -> None:
    """Run the command line; an error that the user can put right is shown without a traceback and exits with 2."""
    try:
        code = app(standalone_mode=False) or 0  # what a command that stopped or was interrupted exits with
    except CalorError as error:
        typer.echo(f"calor: {error}", err=True)
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        if not hasattr(error, "show"):  # typer's own: a wrong option or argument
            raise
        error.show()
        code = getattr(error, "exit_code", 2)
    if code == INTERRUPTED:
        typer.echo("calor: interrupted; finished steps are kept, run the same command to go on", err=True)
    raise SystemExit(code)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"calor {__version__}")
        raise typer.Exit


@app.command()
def demo(folder: Annotated[Path, typer.Argument(metavar="[DIR]")] = Path("demo"), as_json: AsJson = False) -> None:
    """Make a reconstruction of IVORY (synthetic participants, published summaries) and run everything on it."""
    from calor.trial.demo import make_demo  # noqa: PLC0415

    trial = make_demo(folder)
    _run(trial, as_json)


@app.command()
def run(folder: Folder, as_json: AsJson = False) -> None:
    """Do every step that the protocol asks for; what did not change is not repeated."""
    from calor.trial import open_trial  # noqa: PLC0415

    _run(open_trial(folder), as_json)


@app.command()
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
        _print_json([result.to_dict() for result in results])
        return
    for result in results:
        typer.echo(f"{result.finding.role:11}  {result}")


@app.command()
def image(folder: Folder, as_json: AsJson = False) -> None:
    """Measure every PET/CT study of imaging/: SUV, TBR, index vessel frozen at baseline; finished ones are kept."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.imaging import measure_trial  # noqa: PLC0415

    with _progress(quiet=as_json) as tell:
        outcome = measure_trial(open_trial(folder), tell)
    if as_json:
        vessels = json.loads(outcome.vessels().to_json(orient="records"))
        _print_json({"ok": outcome.ok, "vessels": vessels, "refused": outcome.failed})
    else:
        typer.echo(str(outcome))
        for participant, visit, reason in outcome.failed:
            typer.echo(f"{participant} {visit}: {reason}")
    if not outcome.ok:
        raise typer.Exit(FAILED)


@app.command()
def screen(
    folder: Folder,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Day of screening; today by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Screen the health records: who is eligible, who is not and why, whom to call first."""
    from datetime import date  # noqa: PLC0415

    from calor.errors import ScreenError  # noqa: PLC0415
    from calor.trial.screening import screen as run_screen  # noqa: PLC0415

    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise ScreenError.must("--as-of", "be a date", repr(as_of), fix="Write 2026-06-30.") from None
    with _progress(quiet=as_json) as tell:
        outcome = run_screen(folder, as_of=day, tell=tell)
    if as_json:
        _print_json(outcome.to_dict())
    else:
        typer.echo(str(outcome))


@app.command()
def report(folder: Folder, as_json: AsJson = False) -> None:
    """Write results/report.html, figures and tables, from the findings on disk where they are current."""
    run(folder, as_json)


@app.command()
def design(folder: Folder, as_json: AsJson = False) -> None:
    """Print the declared design: bounds, size, dates, operating characteristics; write tables and figures."""
    from calor.trial.design import design_trial  # noqa: PLC0415
    from calor.trial.trial import open_trial  # noqa: PLC0415

    outcome = design_trial(open_trial(folder))
    if as_json:
        typer.echo((outcome.folder / "design.json").read_text(encoding="utf-8"))
        return
    typer.echo(str(outcome))
    typer.echo(f"files: {outcome.folder}")


@protocol_app.command("check")
def protocol_check(path: Annotated[Path, typer.Argument(metavar="FILE|DIR")], as_json: AsJson = False) -> None:
    """Check a protocol and say what it holds; exit with 2 and all its problems when it breaks a rule."""
    from calor.protocol import read_protocol  # noqa: PLC0415

    protocol = read_protocol(path / "protocol.toml" if path.is_dir() else path)
    if as_json:
        _print_json(protocol.model_dump(mode="json"))
        return
    counts = {
        "arms": protocol.arms,
        "visits": protocol.visits,
        "endpoints": protocol.endpoints,
        "estimands": protocol.estimands,
        "analyses": protocol.analyses,
    }
    typer.echo(f"{protocol.trial.id}: valid; " + ", ".join(f"{name} {len(parts)}" for name, parts in counts.items()))
    typer.echo(f"gate: {protocol.gate or 'none'}")
    for regimen in protocol.regimens:
        days = ", ".join(str(day) for day in regimen.dosing_days)
        total = f"{regimen.total_dose:,.0f} {regimen.unit} in all"
        typer.echo(f"{regimen.arm}: {len(regimen.dosing_days)} doses, {total}, days {days}")


@protocol_app.command("schema")
def protocol_schema() -> None:
    """Print the JSON Schema of protocol.toml, for editors."""
    from calor.protocol import protocol_schema as schema  # noqa: PLC0415

    _print_json(schema())


Database = Annotated[str, typer.Argument(metavar="DATABASE", help="sqlite:///path or postgresql://user@host/name.")]
KeyFile = Annotated[Path, typer.Option("--key", envvar="CALOR_KEY_FILE", help="File of the master key.")]


@audit_app.command("key")
def audit_key(path: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Draw a master key into a new file; keep it, and a copy, outside the database."""
    from calor.web.keys import write_master_key  # noqa: PLC0415

    write_master_key(path)
    typer.echo(f"key written to {path}")


@audit_app.command("export")
def audit_export(database: Database, path: Annotated[Path, typer.Argument(metavar="FILE")], key: KeyFile) -> None:
    """Write the signed heads of all chains to a new file, to be kept outside the database."""
    _open_database(database, key)
    from calor.web.audit_head import export_heads  # noqa: PLC0415

    for head in export_heads(path):
        typer.echo(f"{head.chain}: {head.n} rows")


@audit_app.command("verify")
def audit_verify(
    database: Database,
    key: KeyFile,
    heads: Annotated[
        list[Path] | None, typer.Option("--head", help="A file exported earlier; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the audit trail and every record against it; name the first bad row and exit with 1."""
    _open_database(database, key)
    from calor.web.audit_check import verify  # noqa: PLC0415
    from calor.web.audit_head import read_heads  # noqa: PLC0415

    verdict = verify([head for path in heads or [] for head in read_heads(path)])
    if as_json:
        _print_json(asdict(verdict))
    else:
        typer.echo(str(verdict))
    if verdict.problem:
        raise typer.Exit(FAILED)


def _open_database(database: str, key: Path) -> None:
    """Name database and key before Django starts, which reads them once."""
    os.environ["CALOR_DATABASE"], os.environ["CALOR_KEY_FILE"] = database, str(key)
    import calor.web  # noqa: F401, PLC0415


def _run(trial: Trial, as_json: bool) -> None:
    with _progress(quiet=as_json) as tell:
        outcome = trial.run(tell)
    if as_json:
        _print_json(outcome.to_dict())
    else:
        _print_outcome(outcome)
    if not outcome.ok:
        raise typer.Exit(FAILED)


def _print_outcome(outcome: RunOutcome) -> None:
    for headline in outcome.headlines:
        typer.echo(headline)
    for step in outcome.steps:
        if step.state in {"failed", "left out"}:
            typer.echo(str(step))
    unchanged = sum(step.state == "unchanged" for step in outcome.steps)
    if unchanged:
        typer.echo(f"{unchanged} of {len(outcome.steps)} steps not repeated: their inputs did not change")
    typer.echo(f"report: {outcome.report}")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Any]:
    """Show the running step on a terminal, nothing when piped."""
    if quiet or not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("starting") as status:

        def tell(step: StepOutcome | str) -> None:
            if isinstance(step, str):
                status.update(step)
            else:
                console.print(f"[dim]{step.seconds:6.2f} s  {step}[/dim]", highlight=False)

        yield tell


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
