"""Scans from an archive: what `imaging/studies.csv` lists and the folder lacks is fetched over DICOMweb."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from dicomweb_client.api import DICOMwebClient

from calor.errors import ImageError, TrialError
from calor.image.dicomweb import fetch_study
from calor.trial.imaging_extra import IMAGING
from calor.trial.trial import Trial

LIST = "studies.csv"
COLUMNS = ("participant", "visit", "study_uid")


def fetch_listed(trial: Trial, url: str, tell: Callable[[str], None]) -> tuple[tuple[str, str, str], ...]:
    """Fetch the listed studies that are not in the folder yet; one that does not come stops no other.

    Args:
        trial: An opened trial with `imaging/studies.csv`: participant, visit, study_uid.
        url: The archive's DICOMweb address, such as https://archive/dicom-web.
        tell: Called with a line for each study.

    Returns:
        Participant, visit and reason of each that did not come.

    Raises:
        TrialError: There is no list, or it lacks a column or names a folder that is none.
        ProtocolError: It names a visit that the protocol does not have.
    """
    path = trial.folder / IMAGING / LIST
    if not path.exists():
        raise TrialError.must(f"{IMAGING}/{LIST}", f"list {', '.join(COLUMNS)}", "no such file", fix="Write it.")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not set(COLUMNS) <= set(table.columns) or table.duplicated(["participant", "visit"]).any():
        raise TrialError.must(
            f"{IMAGING}/{LIST}", f"have {', '.join(COLUMNS)}, each scan once", list(table.columns), fix="Correct it."
        )
    failed = []
    client = DICOMwebClient(url)
    for row in table[list(COLUMNS)].itertuples(index=False):
        participant, visit, uid = (str(value) for value in row)
        trial.protocol.visit(visit)
        if not participant or participant.startswith(".") or "/" in participant or "\\" in participant:
            raise TrialError.must("participant", "be a study identifier", repr(participant), fix="Correct the list.")
        folder = trial.folder / IMAGING / participant / visit
        if folder.exists():
            continue
        try:
            tell(f"{participant} {visit}: {fetch_study(client, uid, folder)} files fetched")
        except ImageError as error:
            failed.append((participant, visit, str(error)))
            tell(f"{participant} {visit}: {error}")
    return tuple(failed)
