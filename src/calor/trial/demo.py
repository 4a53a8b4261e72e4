"""The demonstration: IVORY reconstructed as a trial folder, and once round from its records to the next trial's."""

from __future__ import annotations

import csv
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from calor.datasets.aside import aside
from calor.datasets.dataset import read, write
from calor.errors import TrialError
from calor.simulate.ivory import reconstruct
from calor.simulate.ivory_assumptions import ASSUMPTIONS
from calor.trial.demo_records import write_admitted, write_followed
from calor.trial.imaging_extra import IMAGING, measures_images
from calor.trial.next_step import NEXT
from calor.trial.run import RunOutcome, Tell, run
from calor.trial.trial import Trial, open_trial

ASSUMED = "assumptions.csv"


def go_on(trial: Trial, tell: Tell | None = None) -> RunOutcome:
    """Go on from the demonstration's analyses: choose the next trial's gate, write its protocol, screen under it.

    Args:
        trial: What `make_demo` made.
        tell: Called with what is being done.

    Raises:
        TrialError: Another process is writing results there.
    """
    from calor.trial.gate import design_gate  # noqa: PLC0415  (the simulator is compiled only where it runs)
    from calor.trial.gate_step import gate_steps  # noqa: PLC0415

    tell = tell or (lambda _step: None)
    if not any(step.is_current for step in gate_steps(trial)):
        design_gate(trial, tell, quick=True)
    if find_spec("duckdb"):
        _screen_next(trial, tell)
    return run(trial, tell)


def _screen_next(trial: Trial, tell: Tell) -> None:
    """Give the next trial's protocol a folder and records, and screen them under it."""
    folder = trial.folder / NEXT
    chosen = trial.results / "gate" / "next" / "protocol.toml"
    write_followed(folder / "records", datetime.now(UTC).date())
    with aside(folder / "protocol.toml") as part:
        part.write_bytes(chosen.read_bytes())
    run(open_trial(folder), tell)


def make_demo(folder: Path | str) -> Trial:
    """Write the reconstruction of IVORY into a folder and open it; what is already there is left as it is.

    Args:
        folder: A new folder, an empty one, or one that an earlier demo made.

    Raises:
        TrialError: The folder holds something else.
    """
    folder = Path(folder)
    protocol = files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8")
    at = folder / "protocol.toml"
    if folder.exists() and any(folder.iterdir()) and not (at.exists() and 'id = "IVORY"' in at.read_text("utf-8")):
        raise TrialError.must("DIR", "be new, empty or an earlier demo", folder, fix="Name another folder.")
    (folder / "adam").mkdir(parents=True, exist_ok=True)
    for name, dataset in reconstruct().items():
        path = folder / "adam" / f"{name}.xpt"
        # XPORT files carry their time of writing: an equal one is left, so that nothing downstream is repeated.
        if not (path.exists() and read(path).frame.equals(dataset.frame)):
            write(dataset, path)
    write_admitted(folder / "records", datetime.now(UTC).date())
    (folder / IMAGING).mkdir(exist_ok=True)
    if measures_images():
        from calor.trial.demo_scans import write_scans  # noqa: PLC0415  (an optional part)

        write_scans(folder / IMAGING)
    with aside(folder / ASSUMED) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["what", "value", "reason", "source"])
        table.writeheader()
        table.writerows(asdict(assumption) for assumption in ASSUMPTIONS)
    with aside(at) as part:
        part.write_text(protocol, encoding="utf-8")
    return Trial(folder)
