"""Fetching from an archive: a small server that speaks QIDO-RS and WADO-RS over the phantom's files."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient

from calor.errors import ImageError
from calor.image.dicomweb import fetch_study
from calor.image.study import Study, read_study


@pytest.fixture(scope="module")
def archive(phantom_folder: Path) -> Iterator[tuple[str, str]]:
    series: dict[str, list[Path]] = {}
    kinds: dict[str, str] = {}
    for path in sorted(phantom_folder.rglob("*.dcm")):
        head = pydicom.dcmread(path, stop_before_pixels=True)
        series.setdefault(str(head.SeriesInstanceUID), []).append(path)
        kinds[str(head.SeriesInstanceUID)], study = str(head.Modality), str(head.StudyInstanceUID)

    class Archive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = self.path.split("?")[0].strip("/").split("/")
            if parts == ["studies", study, "series"]:
                self.answer("application/dicom+json", json.dumps([
                    {"0020000E": {"vr": "UI", "Value": [uid]}, "00080060": {"vr": "CS", "Value": [kinds[uid]]}}
                    for uid in series
                ]).encode())  # fmt: skip
            elif parts[:3] == ["studies", study, "series"] and parts[3] in series:
                body = b"".join(
                    b"--calor\r\nContent-Type: application/dicom\r\n\r\n" + p.read_bytes() + b"\r\n"
                    for p in series[parts[3]]
                )
                self.answer('multipart/related; type="application/dicom"; boundary=calor', body + b"--calor--")
            else:
                self.send_error(404)

        def answer(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", study
    server.shutdown()
    server.server_close()


def test_a_fetched_study_measures_like_the_folder(
    archive: tuple[str, str], tmp_path: Path, phantom_study: Study
) -> None:
    url, study = archive
    fetch_study(DICOMwebClient(url), study, tmp_path / "S01")
    fetched = read_study(tmp_path / "S01")
    assert np.array_equal(fetched.pet.suv(), phantom_study.pet.suv())
    assert set(fetched.masks) == set(phantom_study.masks)
    with pytest.raises(ImageError, match="be new"):
        fetch_study(DICOMwebClient(url), study, tmp_path / "S01")


def test_an_archive_without_the_study_leaves_nothing_behind(archive: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="archive"):
        fetch_study(DICOMwebClient(archive[0]), "1.2.3", tmp_path / "S02")
    assert list(tmp_path.iterdir()) == []
