"""Commands over a running trial's audit trail."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from calor.cli.options import FAILED, AsJson
from calor.cli.show import print_json

audit_app = typer.Typer(
    help="Check a running trial's audit trail, and anchor it outside the database.", no_args_is_help=True
)

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
    open_database(database, key)
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
    open_database(database, key)
    from calor.web.audit_check import verify  # noqa: PLC0415
    from calor.web.audit_head import read_heads  # noqa: PLC0415

    verdict = verify([head for path in heads or [] for head in read_heads(path)])
    if as_json:
        print_json(asdict(verdict))
    else:
        typer.echo(str(verdict))
    if verdict.problem:
        raise typer.Exit(FAILED)


@audit_app.command("compare")
def audit_compare(
    database: Database,
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy in ODM-XML that a site kept.")],
    key: KeyFile,
) -> None:
    """Say whether the database still tells what a copy tells; name the first difference and exit with 1."""
    open_database(database, key)
    from calor.web.copies import difference, tables_of  # noqa: PLC0415
    from calor.web.models import Participant  # noqa: PLC0415
    from calor.web.odm import read  # noqa: PLC0415

    trial, kept = read(copy.read_bytes())
    participants = list(Participant.objects.filter(trial__code=trial).select_related("trial").order_by("identifier"))
    now = tables_of(participants[0].trial, participants) if participants else {}
    found = difference(kept, now)
    typer.echo(found or f"the database tells all {sum(map(len, kept.values()))} rows of the copy")
    if found:
        raise typer.Exit(FAILED)


@audit_app.command("move")
def audit_move(
    source: Database,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Address of an empty database.")],
    key: KeyFile,
) -> None:
    """Move a trial to another kind of database, and compare every record's digest."""
    open_database(source, key)
    from calor.web.moving import move  # noqa: PLC0415

    typer.echo(f"{move(source, target)} rows moved, all digests equal; now run calor audit verify on the target")


def open_database(database: str, key: Path) -> None:
    """Name database and key before Django starts, which reads them once."""
    os.environ["CALOR_DATABASE"], os.environ["CALOR_KEY_FILE"] = database, str(key)
    import calor.web  # noqa: F401, PLC0415
