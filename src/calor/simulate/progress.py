"""How far a simulation has come, and keeping it so that an interruption loses nothing."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

import cloudpickle
import numpy as np

from calor.errors import SimulationError
from calor.simulate.monte_carlo import Rate
from calor.simulate.operating import Tally


@dataclass(frozen=True)
class Progress:
    """The state of a simulation under way.

    Attributes:
        done: Trials run.
        planned: Trials asked for.
        power: Power of any hypothesis so far, with its Monte Carlo standard error.

    >>> print(Progress(2000, 10_000, Rate.of(1800, 2000)))
    2,000 of 10,000 trials; power 0.9000 (SE 0.0067)
    """

    done: int
    planned: int
    power: Rate

    def __str__(self) -> str:
        return f"{self.done:,} of {self.planned:,} trials; power {self.power}"


def show(progress: Progress) -> None:
    """Write the progress over the last line of standard error."""
    end = "\n" if progress.done >= progress.planned else ""
    sys.stderr.write(f"\r{progress}{end}")
    sys.stderr.flush()


def fingerprint(*parts: object) -> str:
    """Return a hash of what a simulation is made of, so that only its own checkpoint is taken up again.

    >>> fingerprint(np.ones(2), 1) == fingerprint(np.ones(2), 1), fingerprint(1) == fingerprint(2)
    (True, False)
    """
    return hashlib.sha256(cloudpickle.dumps(parts, protocol=5)).hexdigest()  # takes a user's lambda too


def save(path: Path, made_of: str, done: int, sums: Tally) -> None:
    """Keep a tally; the file is replaced in one step, so that an interruption leaves the one before.

    Raises:
        SimulationError: No folder for it.
    """
    if not path.parent.is_dir():
        raise SimulationError.must("checkpoint", "lie in a folder that exists", path, fix="Make the folder.")
    unfinished = path.with_name(path.name + ".part")
    with unfinished.open("wb") as file:
        np.savez(file, allow_pickle=False, made_of=np.array(made_of), done=np.array(done), **sums)
    unfinished.replace(path)


def load(path: Path, made_of: str) -> tuple[int, Tally | None]:
    """Return the trials done and their tally; 0 and None where there is no file yet.

    Raises:
        SimulationError: The file belongs to another simulation, or is none.
    """
    if not path.exists():
        return 0, None
    fix = "Delete the file, or give another name."
    try:
        with np.load(path) as kept:
            sums = {name: kept[name] for name in kept.files}
            owner, done = str(sums.pop("made_of")), int(sums.pop("done"))
    except (OSError, ValueError, KeyError) as error:
        raise SimulationError.must("checkpoint", "be a simulation's", path.name, fix=fix) from error
    if owner != made_of:
        raise SimulationError.must("checkpoint", "belong to this design, population and seed", path.name, fix=fix)
    return done, sums
