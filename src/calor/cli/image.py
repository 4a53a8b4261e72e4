"""Commands of the core lab: measure scans, hand out a blinded list, take reads in, say how readers agree."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Annotated

import typer

from calor.cli.options import FAILED, AsJson, Folder
from calor.cli.show import print_json, progress

reads_app = typer.Typer(
    help="Blinded reads of PET/CT: hand out a list, take reads in, agreement.", no_args_is_help=True
)
Lab = Annotated[Path, typer.Argument(metavar="LAB", help="The core lab's folder.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="Who is behind each code; kept apart from LAB.")]


def image(
    folder: Folder,
    archive: Annotated[
        str, typer.Option(metavar="URL", help="DICOMweb archive: fetch what imaging/studies.csv lists first.")
    ] = "",
    segment: Annotated[
        bool, typer.Option("--segment", help="Segment studies without masks by TotalSegmentator, where installed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure every PET/CT study of imaging/: SUV, TBR, index vessel frozen at baseline; finished ones are kept."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.imaging import measure_trial  # noqa: PLC0415

    trial = open_trial(folder)
    refused: list[tuple[str, str, str]] = []
    with progress(quiet=as_json) as tell:
        if archive:
            from calor.trial.archive import fetch_listed  # noqa: PLC0415

            refused += fetch_listed(trial, archive, tell)
        if segment:
            from calor.trial.segmenting import segment_missing  # noqa: PLC0415

            refused += segment_missing(trial, tell)
        outcome = measure_trial(trial, tell)
    refused += outcome.failed
    if as_json:
        vessels = json.loads(outcome.vessels().to_json(orient="records"))
        print_json({"ok": not refused, "vessels": vessels, "refused": refused})
    else:
        typer.echo(str(outcome))
        for participant, visit, reason in refused:
            typer.echo(f"{participant} {visit}: {reason}")
    if refused:
        raise typer.Exit(FAILED)


@reads_app.command("list")
def reads_list(
    folder: Folder,
    lab: Lab,
    key: Key,
    reader: Annotated[list[str], typer.Option(help="Code of a reader; give one or two.")],
    third: Annotated[str, typer.Option(help="Code of the reader who adjudicates.")] = "",
    seed: Annotated[
        int | None, typer.Option(help="Seed of codes, order and shifted dates; drawn where not given, and stored.")
    ] = None,
    repeats: Annotated[float, typer.Option(help="Share of scans that come twice.")] = 0.1,
) -> None:
    """Make LAB: every scan under a code, without identity, dates moved, shuffled for each reader, some twice."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.core_lab import make_list  # noqa: PLC0415
    from calor.trial.reading import ListOrder  # noqa: PLC0415

    # Whoever knows the seed can make the key again: a default that everybody knows would unblind the list.
    order = ListOrder(tuple(reader), third, secrets.randbits(63) if seed is None else seed, repeats)
    typer.echo(str(made := make_list(open_trial(folder), order, lab=lab, key=key)))
    typer.echo(f"key: {key}, SHA-256 {made.key_hash[:12]}; give the readers {lab}, never the key")


@reads_app.command("import")
def reads_import(folder: Folder, lab: Lab, key: Key) -> None:
    """Measure what readers drew in LAB/reads/<reader>/<code>/; a read that changed becomes a new one."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.core_lab import import_reads  # noqa: PLC0415

    with progress(quiet=False) as tell:
        taken, outcome = import_reads(open_trial(folder), lab=lab, key=key, tell=tell)
    typer.echo(str(taken))
    for line in taken.failed:
        typer.echo(": ".join((" ".join(line[:2]), line[2])))
    typer.echo(str(outcome))
    if taken.failed:
        raise typer.Exit(FAILED)


@reads_app.command("agreement")
def reads_agreement(
    folder: Folder,
    difference: Annotated[
        float | None, typer.Option(help="Difference in mean TBRmax for which participants per arm are told.")
    ] = None,
) -> None:
    """Say how readers agree and repeat themselves, and which codes wait for the third reader."""
    from calor.trial import open_trial  # noqa: PLC0415
    from calor.trial.core_lab import agreement  # noqa: PLC0415

    typer.echo(str(agreement(open_trial(folder), difference)))
