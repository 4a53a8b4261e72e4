"""A batch of 100 small studies, one of them corrupt: memory that stays flat, processors used, nothing done twice.

Baseline in the same run: the same studies one after another in one process.

Run: python benchmarks/image_batch.py [studies]
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from calor.image.phantom import TORSO, blurred, make_phantom, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.protocol import parse_protocol
from calor.protocol.imaging import Imaging
from calor.trial.imaging_batch import Scan, measure_scans

CORRUPT = 7


def write_scans(folder: Path, count: int) -> list[Scan]:
    """Write one study and link its files under as many names; one copy is cut short."""
    scan = blurred(make_phantom(TORSO, torso_grid((4.0, 2.5, 2.5))), 6.0)
    write_study(scan, ScanFacts("P", datetime(2025, 1, 1, 9)), folder / "one", ct_mm=2.5)  # noqa: DTZ001
    scans = []
    for number in range(count):
        to = folder / f"S{number:03d}" / "V2"
        for path in (folder / "one").rglob("*.dcm"):
            link = to / path.relative_to(folder / "one")
            link.parent.mkdir(parents=True, exist_ok=True)
            if number == CORRUPT and path.name == "0000.dcm":
                link.write_bytes(path.read_bytes()[:2000])
            else:
                os.link(path, link)
        scans.append(Scan(f"S{number:03d}", "V2", to))
    return scans


def highest_mib() -> float:
    """Return the highest resident memory that any process of this one's family has reached [MiB]."""
    pids = ["self"] + [
        pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()
    ]
    found = 0.0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue  # it has ended since
        found = max([found, *(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))])
    return found


def run(scans: list[Scan], definition: Imaging, reads: Path, workers: int) -> None:
    start, seen, refused, quarter = time.perf_counter(), 0, 0, 0.0
    for done in measure_scans(scans, definition, reads, workers=workers):
        seen, refused = seen + 1, refused + bool(done.reason)
        if seen == max(len(scans) // 4, 1):
            quarter = highest_mib()
    wall = time.perf_counter() - start
    print(
        f"  {workers} process{'es' * (workers > 1):2} {wall:7.1f} s, {wall / len(scans):5.2f} s each; "
        f"{refused} refused; highest memory {quarter:.0f} MiB by a quarter, {highest_mib():.0f} MiB by the end"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    text = files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8")
    definition = parse_protocol(text).imaging
    assert definition is not None
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {count} studies")
    with tempfile.TemporaryDirectory() as made:
        scans = write_scans(Path(made), count)
        run(scans, definition, Path(made) / "reads", os.cpu_count() or 2)
        print("again, finished ones kept:")
        run([replace(scan) for scan in scans], definition, Path(made) / "reads", os.cpu_count() or 2)
        print("baseline, one process:")
        run(scans[: max(count // 4, 1)], definition, Path(made) / "alone", 1)


if __name__ == "__main__":
    main()
