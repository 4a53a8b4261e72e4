"""A browser, and a demonstration served as a newcomer starts it: by one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import pytest
from tests.ports import reserved_port

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
STARTED_WITHIN_S = 480


@dataclass(frozen=True)
class Demo:
    """A demonstration that is being served.

    Attributes:
        url: Where.
        folder: The trial's folder.
        passwords: By user name, as the command printed them.
    """

    url: str
    folder: Path
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Serve a new demonstration in a process of its own."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    folder = tmp_path_factory.mktemp("served") / "demo"
    port = reserved_port()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONUNBUFFERED": "1"}
    with (folder.parent / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "calor", "serve", str(folder), "--demo", "--port", str(port)],
            stdout=log,
            stderr=log,
            env=environment,
        )
    try:
        _wait_until_served(f"http://127.0.0.1:{port}/sign-in/", process, folder.parent / "log")
        printed = [line.split() for line in (folder.parent / "log").read_text().splitlines()]
        passwords = {words[0]: words[1] for words in printed if len(words) == 2 and not words[0].endswith(":")}
        yield Demo(f"http://127.0.0.1:{port}", folder, passwords)
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_served(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urlopen(url, timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.3)
        else:
            return
    pytest.fail(f"the demonstration was not served: {log.read_text()}")


@pytest.fixture(scope="module")  # its event loop must not run beside Django's own tests
def chromium() -> Iterator[playwright.Browser]:
    """One browser for the pages of a module."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()
