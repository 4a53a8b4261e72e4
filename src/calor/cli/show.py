"""What commands print while they work and when they are done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from calor.trial import StepOutcome


@contextmanager
def progress(*, quiet: bool) -> Iterator[Any]:
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


def print_json(content: Any) -> None:
    """Print something for a machine to read."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
