# ruff: noqa: PLC0415 (each job imports what it measures)
"""The search for a gate beside brute force on a random subset: agreement, and CPU seconds of both.

    python benchmarks/gate.py [--gates 6] [--trials 2000] [--seed 1]

Baseline in the same run: every world of the subset simulated as statistics, and the expected world by participant.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from importlib.resources import files

import numpy as np


def main() -> None:
    """Draw gates, evaluate them by the search and by brute force, print one line each and the totals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gates", type=int, default=6)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    from calor.gate.basis import Basis
    from calor.gate.both_populations import truths
    from calor.gate.confirm import confirm
    from calor.gate.evaluate import evaluate
    from calor.gate.gates import candidate_gates
    from calor.gate.posterior import declared, finished_trial
    from calor.gate.situation import study
    from calor.gate.trial_designs import enrichment
    from calor.protocol import parse_protocol
    from calor.simulate.ivory import reconstruct
    from calor.simulate.trials import simulate

    protocol = parse_protocol(files("calor.simulate").joinpath("ivory_protocol.toml").read_text(encoding="utf-8"))
    plan = declared(protocol)
    plan = plan.model_copy(update={"effort": plan.effort.model_copy(update={"confirm_trials": given.trials})})
    here = Basis(plan, finished_trial(protocol, reconstruct())).situation()
    rng = np.random.default_rng(given.seed)
    gates = [candidate_gates(plan)[i] for i in rng.choice(len(candidate_gates(plan)), given.gates, replace=False)]
    print(f"{platform.platform()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    evaluate(here, gates[0], ("adaptive",))
    spent = {"search": 0.0, "statistics": 0.0, "participants": 0.0}
    for gate in gates:
        for design in ("gated", "adaptive"):
            began = time.process_time()
            found = evaluate(here, gate, (design,))
            spent["search"] += time.process_time() - began
            if not found or found[0].events < 40:
                continue
            option, line = (
                found[0],
                f"{found[0].label}: assurance {found[0].assurance:.3f} ({found[0].assurance_se:.3f})",
            )
            if design == "adaptive":
                began, own = time.process_time(), study(here, gate)
                made = enrichment(plan, design, option.events)
                each = [simulate(made, t, trials=given.trials).power_any.value for t in truths(own, own.all)]
                spent["statistics"] += time.process_time() - began
                line += f", every world {np.mean(each):.3f} ({np.std(each) / np.sqrt(len(each)):.3f})"
            began = time.process_time()
            (seen,) = confirm(here, [option])
            spent["participants"] += time.process_time() - began
            power, se = seen.power
            print(f"{line}; power {option.power:.3f}, by participant {power:.3f} ({se:.3f})", flush=True)
    print({name: f"{seconds:.1f} s CPU" for name, seconds in spent.items()})


if __name__ == "__main__":
    main()
