"""Vessels segmented from the CT by TotalSegmentator, for the studies that came without masks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from calor.errors import ImageError
from calor.image.series import find_series
from calor.image.study import read_study
from calor.image.total_segmentator import require_installed, segment
from calor.trial.imaging import FOLDER, definition_of
from calor.trial.imaging_batch import studies
from calor.trial.trial import Trial

MASKS_FOLDER = "total_segmentator"


def segment_missing(trial: Trial, tell: Callable[[str], None]) -> tuple[tuple[str, str, str], ...]:
    """Write masks into `total_segmentator/` of every study that lacks a vessel of the protocol.

    Args:
        trial: An opened trial.
        tell: Called with a line for each study.

    Returns:
        Participant, visit and reason of each that could not be segmented.

    Raises:
        ImageError: TotalSegmentator or its weights are not there.
    """
    require_installed()
    definition = definition_of(trial.protocol)
    wanted = {*definition.vessels, definition.background.vessel}
    failed = []
    for scan in studies(trial.folder / FOLDER, trial.protocol):
        try:
            study = read_study(scan.folder)
            if wanted <= set(study.masks):
                continue
            if study.masks or study.ct is None:
                raise ImageError.must("study", "have a CT, and all vessels or none", "another", fix="Draw the others.")
            with tempfile.TemporaryDirectory() as alone:
                for path in next(iter(find_series(scan.folder, "CT").values())):
                    shutil.copy(path, Path(alone))
                segment(Path(alone), study.ct.grid, scan.folder / MASKS_FOLDER)
            tell(f"{scan.participant} {scan.visit}: segmented")
        except ImageError as error:
            failed.append((scan.participant, scan.visit, str(error)))
    return tuple(failed)
