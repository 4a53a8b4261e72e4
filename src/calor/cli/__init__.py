"""The command line: one command per activity, a module per reader."""

from __future__ import annotations

from typing import Annotated

import typer

from calor import __version__
from calor.cli.allocator import allocator_app
from calor.cli.audit import audit_app
from calor.cli.design import design_app
from calor.cli.image import image, reads_app
from calor.cli.options import INTERRUPTED
from calor.cli.protocol import protocol_app
from calor.cli.screen import screen
from calor.cli.serve import serve
from calor.cli.trial import analyze, demo, report, run
from calor.errors import CalorError

app = typer.Typer(
    help="Biomarker-driven anti-inflammatory therapy after myocardial infarction: from records to the next protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (demo, run, analyze, image, screen, report, serve):
    app.command()(command)
app.add_typer(design_app, name="design")
app.add_typer(reads_app, name="reads")
app.add_typer(protocol_app, name="protocol")
app.add_typer(audit_app, name="audit")
app.add_typer(allocator_app, name="allocator")


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
