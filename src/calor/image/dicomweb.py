"""A study from an archive over DICOMweb, into a folder that is measured like any other."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset

from calor.errors import ImageError
from calor.image.dicom_file import check_uid

MODALITIES = ("PT", "CT", "SEG", "RTSTRUCT", "RWV")


def fetch_study(client: DICOMwebClient, study_uid: str, folder: Path) -> int:
    """Fetch a study's PET, CT and segmentations as whole files, so that no private value is left behind as a link.

    Args:
        client: A client of the archive: `DICOMwebClient("https://archive/dicom-web")`.
        study_uid: Study Instance UID.
        folder: Made when everything has come; must not exist.

    Returns:
        How many files came.

    Raises:
        ImageError: The folder exists, the archive does not answer, or it sends another study or nothing to measure.
    """
    check_uid(study_uid, "study_uid")
    if folder.exists():
        raise ImageError.must("folder", "be new", folder.name, fix="A study that was fetched is not fetched over.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
    try:
        count = _fetch(client, study_uid, aside)
        aside.chmod(0o755)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return count


def _fetch(client: DICOMwebClient, study_uid: str, folder: Path) -> int:
    count = 0
    try:
        found = client.search_for_series(study_instance_uid=study_uid)
        wanted = [_value(s, "0020000E") for s in found if _value(s, "00080060") in MODALITIES]
        for number, series in enumerate(wanted):
            check_uid(series, "SeriesInstanceUID")
            (folder / f"{number:03d}").mkdir()
            for file in client.iter_series(study_uid, series):
                _as_asked(file, study_uid, series)
                file.save_as(folder / f"{number:03d}" / f"{count:05d}.dcm", enforce_file_format=True)
                count += 1
    except ImageError:
        raise
    except Exception as error:  # a client and a network may raise anything
        raise ImageError.must(
            "archive", "answer", type(error).__name__, fix="Check its address and try again."
        ) from error
    if not count:
        raise ImageError.must("study", f"hold {', '.join(MODALITIES)}", "nothing", fix="Check its identifier.")
    return count


def _as_asked(file: Dataset, study_uid: str, series_uid: str) -> None:
    if (str(file.get("StudyInstanceUID")), str(file.get("SeriesInstanceUID"))) != (study_uid, series_uid):
        raise ImageError.must("archive", "send the series asked for", "another", fix="Report it to its keeper.")


def _value(item: dict[str, dict[str, list[object]]], tag: str) -> str:
    return str((item.get(tag, {}).get("Value") or [""])[0])
