"""Which series of a study are its attenuation-corrected PET and its CT."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydicom.dataset import FileDataset

from calor.errors import ImageError
from calor.image.dicom_file import file_of
from calor.image.header_values import name_of
from calor.image.series import load_folder


def pet_and_ct(folder: Path) -> dict[str, list[FileDataset]]:
    """Read the files of a study's attenuation-corrected PET and of its CT, by modality.

    Raises:
        ImageError: There is not exactly one attenuation-corrected PET, or more than one CT.
    """
    found = load_folder(folder)
    kinds = {uid: next(iter(files.values())) for uid, files in found.items()}
    wanted = {"PT": the_pet(kinds)} | ({"CT": ct} if (ct := the_ct(kinds)) else {})
    return {kind: list(found[uid].values()) for kind, uid in wanted.items()}


def the_pet(kinds: Mapping[str, Any]) -> str:
    """Return the identifier of the one attenuation-corrected PET.

    Args:
        kinds: One header of each series, by its identifier.

    Raises:
        ImageError: There is none, or more than one.
    """
    pets = [uid for uid, head in kinds.items() if head.get("Modality") == "PT"]
    corrected = [uid for uid in pets if "ATTN" in (kinds[uid].get("CorrectedImage") or ())
                 or kinds[uid].get("AttenuationCorrected") == "YES"]  # fmt: skip
    if len(corrected) != 1:
        raise ImageError.must(
            "study", f"hold one attenuation-corrected PET (ATTN in {name_of('CorrectedImage')})",
            f"{len(corrected)} of {len(pets)} PET series", where=", ".join(file_of(kinds[uid]) for uid in pets),
            fix="Leave the series that the protocol names.",
        )  # fmt: skip
    return corrected[0]


def the_ct(kinds: Mapping[str, Any]) -> str:
    """Return the CT's identifier; empty where there is none.

    Args:
        kinds: One header of each series, by its identifier.

    Raises:
        ImageError: There is more than one.
    """
    cts = [uid for uid, head in kinds.items() if head.get("Modality") == "CT"]
    if len(cts) > 1:
        places = ", ".join(file_of(kinds[uid]) for uid in cts)
        raise ImageError.must("study", "hold one CT", len(cts), where=places, fix="Remove the others.")
    return cts[0] if cts else ""
