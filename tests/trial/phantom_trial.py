"""A trial folder with phantom scans, small enough for a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path

import numpy as np

from calor.image.phantom import TORSO, blurred, make_phantom, noisy, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study

DAYS = {"V2": 0, "V15": 61}
VOXEL_MM = (6.0, 4.0, 4.0)


def phantom_trial(root: Path, hot: Mapping[str, Mapping[str, float]]) -> Path:
    """Write the protocol and a scan for each participant and visit, given the SUV of the inflamed aortic wall."""
    protocol = files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8")
    (root / "protocol.toml").write_text(protocol, encoding="utf-8")
    rng = np.random.default_rng(5)
    for at, (participant, visits) in enumerate(hot.items()):
        for visit, suv in visits.items():
            torso = replace(TORSO, vessels=tuple(replace(v, hot_suv=suv) for v in TORSO.vessels))
            scan = noisy(blurred(make_phantom(torso, torso_grid(VOXEL_MM, torso)), 6.0), rng, cv=0.03)
            injected = datetime(2025, 1, 6, 9) + timedelta(days=7 * at + DAYS[visit], minutes=at)  # noqa: DTZ001
            write_study(scan, ScanFacts(participant, injected), root / "imaging" / participant / visit, ct_mm=4.0)
    return root
