"""Commands of the trial designer."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from calor.cli.options import AsJson, Folder
from calor.cli.show import print_json, progress

_LOOKS = "looks"


class _LooksByDefault(TyperGroup):
    """`calor design DIR` is `calor design looks DIR`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command where none is named."""
        named = args and (args[0] in self.commands or args[0] == "--help")
        parsed: list[str] = super().parse_args(ctx, args if named or not args else [_LOOKS, *args])
        return parsed


design_app = typer.Typer(
    help="Design the trial: its looks (default), or the next trial's biomarker gate.",
    cls=_LooksByDefault,
    no_args_is_help=True,
)


@design_app.command(_LOOKS)
def looks(folder: Folder, as_json: AsJson = False) -> None:
    """Print the declared design: bounds, size, dates, operating characteristics; write tables and figures."""
    from calor.trial.design import design_trial  # noqa: PLC0415
    from calor.trial.trial import open_trial  # noqa: PLC0415

    outcome = design_trial(open_trial(folder))
    if as_json:
        typer.echo((outcome.folder / "design.json").read_text(encoding="utf-8"))
        return
    typer.echo(str(outcome))
    typer.echo(f"files: {outcome.folder}")


@design_app.command("gate")
def gate(
    folder: Folder,
    workers: Annotated[int, typer.Option(help="Processes; -1 for every core.")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="Few cut-offs and little effort, to see the steps.")] = False,
    as_json: AsJson = False,
) -> None:
    """Choose the next trial's biomarker gate from this finished trial, and write the next trial's protocol."""
    from calor.trial.gate import design_gate  # noqa: PLC0415
    from calor.trial.trial import open_trial  # noqa: PLC0415

    with progress(quiet=as_json) as tell:
        outcome = design_gate(open_trial(folder), tell, workers=workers, quick=quick)
    if as_json:
        print_json(outcome.to_dict())
    else:
        typer.echo(str(outcome))
