"""The pages of a running trial, on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from calor.cli.options import Folder

_MADE_FOR_THE_OWNER_ONLY = 0o700


def serve(
    folder: Folder,
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8000,
    demo: Annotated[bool, typer.Option("--demo", help="Make DIR a demonstration first: synthetic people.")] = False,
    administrator: Annotated[
        str, typer.Option(metavar="NAME", help="First administrator of a trial not yet opened.")
    ] = "",
) -> None:
    """Serve the trial's pages on this machine, over a database in DIR/web; a demonstration prints its users."""
    from calor.protocol import read_protocol  # noqa: PLC0415

    if demo:
        from calor.trial.demo import make_demo  # noqa: PLC0415

        make_demo(folder)
    protocol = read_protocol(folder / "protocol.toml")
    _name_places(folder)
    from calor.web import demo as demonstration  # noqa: PLC0415
    from calor.web import serve as server  # noqa: PLC0415

    server.prepare()
    address = f"http://127.0.0.1:{port}/"
    if protocol.trial.participants == "synthetic":
        for name, password in demonstration.prepare_demo(folder).items():
            typer.echo(f"{name:14}  {password}")
    elif not server.is_open():
        if not administrator:
            raise typer.BadParameter(
                "the trial is not open yet: name its first administrator", param_hint="--administrator"
            )
        full_name = typer.prompt("Full name, as signatures print it")
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
        server.open_with(administrator, password, full_name=full_name)
    typer.echo(f"database: {folder / 'web' / 'calor.sqlite3'}")
    typer.echo(f"{protocol.trial.id}: {address} (Ctrl-C ends)")
    server.serve("127.0.0.1", port)


def _name_places(folder: Path) -> None:
    """Name database, key and folder before Django starts, which reads the environment once."""
    web = (folder / "web").resolve()
    web.mkdir(exist_ok=True, mode=_MADE_FOR_THE_OWNER_ONLY)
    os.environ.update(
        CALOR_DATABASE=f"sqlite:///{web / 'calor.sqlite3'}",
        CALOR_KEY_FILE=str(web / "master.key"),
        CALOR_TRIAL_FOLDER=str(folder.resolve()),
        CALOR_PLAIN_HTTP="1",
    )
