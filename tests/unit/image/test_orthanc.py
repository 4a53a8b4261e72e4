"""A study through Orthanc, an archive from Debian: stored, fetched over DICOMweb, measured like its folder."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from calor.image.dicomweb import fetch_study
from calor.image.study import Study, read_study
from calor.trial import open_trial
from calor.trial.archive import fetch_listed

ORTHANC = shutil.which("Orthanc", path="/usr/sbin:/usr/bin:/usr/local/bin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

pytestmark = pytest.mark.skipif(
    ORTHANC is None or not PLUGIN.exists(), reason="no Orthanc with DICOMweb: apt-get install orthanc orthanc-dicomweb"
)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, phantom_folder: Path) -> Iterator[str]:
    """Start Orthanc on a free port and store the phantom in it over STOW-RS."""
    folder, port = tmp_path_factory.mktemp("orthanc"), free_port()
    settings = {
        "StorageDirectory": str(folder), "IndexDirectory": str(folder), "HttpPort": port, "DicomServerEnabled": False,
        "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }  # fmt: skip
    (folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([str(ORTHANC), str(folder / "orthanc.json")], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/dicom-web"
    try:
        wait_for(f"http://127.0.0.1:{port}/system", server)
        DICOMwebClient(url).store_instances([pydicom.dcmread(p) for p in sorted(phantom_folder.rglob("*.dcm"))])
        yield url
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert server.poll() is None, "Orthanc ended"
        try:
            requests.get(url, timeout=2).raise_for_status()
        except requests.RequestException:
            time.sleep(0.1)
        else:
            return
    pytest.fail("Orthanc did not answer in 30 s")


def test_a_study_from_orthanc_measures_like_the_folder_it_came_from(
    archive: str, phantom_folder: Path, phantom_study: Study, tmp_path: Path
) -> None:
    uid = str(pydicom.dcmread(next((phantom_folder / "PT").iterdir())).StudyInstanceUID)
    count = fetch_study(DICOMwebClient(archive), uid, tmp_path / "S01")
    assert count == len(list(phantom_folder.rglob("*.dcm")))
    fetched = read_study(tmp_path / "S01")
    assert np.array_equal(fetched.pet.suv(), phantom_study.pet.suv())
    assert fetched.pet.suv_factor.per_slice.tolist() == phantom_study.pet.suv_factor.per_slice.tolist()
    assert {n: m.voxels.sum() for n, m in fetched.masks.items()} == {
        n: m.voxels.sum() for n, m in phantom_study.masks.items()
    }


def test_a_trials_list_is_fetched_and_what_does_not_come_stops_no_other(
    archive: str, phantom_folder: Path, tmp_path: Path
) -> None:
    protocol = files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8")
    (tmp_path / "protocol.toml").write_text(protocol, encoding="utf-8")
    uid = str(pydicom.dcmread(next((phantom_folder / "PT").iterdir())).StudyInstanceUID)
    (tmp_path / "imaging").mkdir()
    rows = pd.DataFrame({"participant": ["S01", "S02"], "visit": ["V2", "V2"], "study_uid": ["1.2.3", uid]})
    rows.to_csv(tmp_path / "imaging/studies.csv", index=False)
    failed = fetch_listed(open_trial(tmp_path), archive, lambda _line: None)
    assert [f[:2] for f in failed] == [("S01", "V2")]
    assert not (tmp_path / "imaging/S01/V2").exists()
    assert read_study(tmp_path / "imaging/S02/V2").pet.grid.shape == (51, 160, 160)
