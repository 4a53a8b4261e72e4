"""Commands over health records."""

from __future__ import annotations

from typing import Annotated

import typer

from calor.cli.options import AsJson, Folder
from calor.cli.show import print_json, progress


def screen(
    folder: Folder,
    as_of: Annotated[str | None, typer.Option(metavar="DATE", help="Day of screening; today by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Screen the health records: who is eligible, who is not and why, whom to call first, what changed."""
    from datetime import date  # noqa: PLC0415

    from calor.errors import ScreenError  # noqa: PLC0415
    from calor.trial.screening import screen as run_screen  # noqa: PLC0415

    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise ScreenError.must("--as-of", "be a date", repr(as_of), fix="Write 2026-06-30.") from None
    with progress(quiet=as_json) as tell:
        outcome = run_screen(folder, as_of=day, tell=tell)
    if as_json:
        print_json(outcome.to_dict())
    else:
        typer.echo(str(outcome))
        typer.echo(f"report: {outcome.folder / 'report' / 'report.html'}")
