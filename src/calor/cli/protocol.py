"""Commands over a protocol: check it, print its JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from calor.cli.options import AsJson
from calor.cli.show import print_json

protocol_app = typer.Typer(help="Check a protocol, or print its JSON Schema.", no_args_is_help=True)


@protocol_app.command("check")
def protocol_check(path: Annotated[Path, typer.Argument(metavar="FILE|DIR")], as_json: AsJson = False) -> None:
    """Check a protocol and say what it holds; exit with 2 and all its problems when it breaks a rule."""
    from calor.protocol import read_protocol  # noqa: PLC0415

    protocol = read_protocol(path / "protocol.toml" if path.is_dir() else path)
    if as_json:
        print_json(protocol.model_dump(mode="json"))
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

    print_json(schema())
