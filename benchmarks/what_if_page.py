"""Milliseconds of a move of the cut-off on the what-if page, laid out again; beside them, one gate evaluated anew.

    python benchmarks/what_if_page.py [--moves 50]

The baseline in the same run is what a page without a precomputed grid would wait for at every move.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from calor.gate.basis import Basis
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate, window_words
from calor.gate.posterior import declared, finished_trial
from calor.gate.what_if import what_if_grid
from calor.protocol import parse_protocol
from calor.report.what_if_page import WhatIfPage
from calor.simulate.ivory import reconstruct

MOVES = """moves => {
  const slider = document.getElementById("cutoff"), stops = Number(slider.max) + 1, took = [];
  for (let i = 0; i < moves; i++) {
    const began = performance.now();
    slider.value = i % stops;
    slider.dispatchEvent(new Event("input"));
    document.body.getBoundingClientRect();
    took.push(performance.now() - began);
  }
  return took;
}"""


def page(basis: Basis) -> WhatIfPage:
    """The page of every gate of the demonstration's plan."""
    plan, grid, marker = basis.plan, what_if_grid(basis), basis.finished.biomarker
    return WhatIfPage(
        title="What if the gate were another?",
        subtitle="benchmark",
        grid=grid.to_json(),
        windows={window.id: window_words(window) for window in plan.windows},
        start=(1, 0),  # one test
        start_label="At first",
        biomarker=(marker.label, marker.unit),
        unit=plan.costs.unit,
        limits=f"{plan.limits.months:g} months",
        power=plan.test.power,
    )


def moves_ms(made: WhatIfPage, moves: int) -> list[float]:
    """Move the cut-off in Chromium; the time of each move in the page's own clock."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        file = made.save(Path(folder) / "what_if.html")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        opened = browser.new_page()
        opened.goto(file.as_uri())
        took: list[float] = opened.evaluate(MOVES, moves)
        browser.close()
    return sorted(took)


def anew_ms(basis: Basis, times: int = 10) -> list[float]:
    """Evaluate gates of one window in the gated design."""
    here, window, took = basis.situation(), basis.plan.windows[0].id, []
    for cutoff in basis.plan.grid.cutoffs[:times]:
        began = time.perf_counter()
        evaluate(here, CandidateGate(window, cutoff, 1), ("gated",))
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moves", type=int, default=50)
    moves = parser.parse_args().moves
    protocol = parse_protocol(files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8"))
    basis = Basis(declared(protocol), finished_trial(protocol, reconstruct()))
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, took in (("a move on the page", moves_ms(page(basis), moves)), ("a gate anew", anew_ms(basis))):
        print(f"{name:24s}median {median(took):7.1f} ms, slowest {took[-1]:7.1f} ms of {len(took)}")


if __name__ == "__main__":
    main()
