"""Commands of the process that holds the key to the arms."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from calor.cli.audit import Database, KeyFile, open_database

allocator_app = typer.Typer(help="Hold the key to the arms in a process of its own (PostgreSQL).", no_args_is_help=True)


@allocator_app.command("serve")
def allocator_serve(
    database: Database,
    path: Annotated[Path, typer.Argument(metavar="SOCKET", help="Unix socket to listen on.")],
    key: KeyFile,
    arms_key: Annotated[Path, typer.Option("--arms-key", envvar="CALOR_ARMS_KEY_FILE", help="File of the arms' key.")],
) -> None:
    """Allocate and unblind for the pages, which reach this process by CALOR_ALLOCATOR=SOCKET."""
    os.environ["CALOR_ARMS_KEY_FILE"] = str(arms_key)
    os.environ.pop("CALOR_ALLOCATOR", None)
    open_database(database, key)
    from calor.web.allocator import serve  # noqa: PLC0415

    typer.echo(f"listening on {path}")
    serve(path)


@allocator_app.command("grant")
def allocator_grant(
    database: Database, role: Annotated[str, typer.Argument(metavar="ROLE", help="PostgreSQL role.")], key: KeyFile
) -> None:
    """Give the role under which the pages run its rights: everything but arms, kits, roles and passwords."""
    open_database(database, key)
    from django.db import connection  # noqa: PLC0415

    from calor.web.blinded_role import grant_blinded  # noqa: PLC0415

    grant_blinded(connection, role)
    typer.echo(f"{role} may serve blinded people")
