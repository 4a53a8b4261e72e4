"""A small phantom study on disk, made once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from calor.image.phantom import TORSO, blurred, make_phantom, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.image.study import Study, read_study
from calor.protocol.imaging import Imaging

MORNING = datetime(2025, 1, 1, 9)  # noqa: DTZ001  (DICOM times have no zone)
VESSELS = ("ascending_aorta", "carotid_right", "carotid_left")


@pytest.fixture(scope="session")
def phantom_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(blurred(make_phantom(TORSO, torso_grid((4.0, 2.5, 2.5))), 6.0), ScanFacts("P1", MORNING), folder)
    return folder


@pytest.fixture(scope="session")
def phantom_study(phantom_folder: Path) -> Study:
    return read_study(phantom_folder)


@pytest.fixture(scope="session")
def definition() -> Imaging:
    return Imaging(vessels=VESSELS)
