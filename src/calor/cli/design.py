"""Commands of the trial designer."""

from __future__ import annotations

import typer

from calor.cli.options import AsJson, Folder


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
