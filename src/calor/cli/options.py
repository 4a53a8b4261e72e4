"""Arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The trial's folder, with its protocol.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]

FAILED, INTERRUPTED = 1, 130
"""Exit codes: something the command was asked to do failed; Ctrl-C."""
