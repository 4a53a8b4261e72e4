"""Commands of the core lab."""

from __future__ import annotations

import json

import typer

from calor.cli.options import FAILED, AsJson, Folder
from calor.cli.show import print_json, progress


def image(folder: Folder, as_json: AsJson = False) -> None:
    """Measure every PET/CT study of imaging/: SUV, TBR, index vessel frozen at baseline; finished ones are kept."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.imaging import measure_trial  # noqa: PLC0415

    with progress(quiet=as_json) as tell:
        outcome = measure_trial(open_trial(folder), tell)
    if as_json:
        vessels = json.loads(outcome.vessels().to_json(orient="records"))
        print_json({"ok": outcome.ok, "vessels": vessels, "refused": outcome.failed})
    else:
        typer.echo(str(outcome))
        for participant, visit, reason in outcome.failed:
            typer.echo(f"{participant} {visit}: {reason}")
    if not outcome.ok:
        raise typer.Exit(FAILED)
