"""Simulated trials for the survival tests: not anybody's data, and no reference values."""

from __future__ import annotations

import numpy as np
import pandas as pd

ARMS = ("placebo", "active")


def trial(seed: int = 1, n: int = 80, *, log_hazard_ratio: float = -0.5, digits: int = 1) -> pd.DataFrame:
    """Draw a two-arm trial with exponential times, rounded so that some tie."""
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 2
    age = rng.normal(60, 8, n)
    event_time = rng.exponential(1, n) * 10 / np.exp(log_hazard_ratio * arm + 0.03 * (age - 60))
    censored = rng.uniform(2, 20, n)
    time = np.maximum(np.round(np.minimum(event_time, censored), digits), 10.0**-digits)
    return pd.DataFrame(
        {
            "time": time,
            "event": (event_time <= censored).astype(int),
            "arm": np.array(ARMS)[arm],
            "active": arm,
            "age": age,
            "site": np.array(["x", "y"])[(np.arange(n) // 2) % 2],
            "status": np.where(event_time <= censored, 1 + rng.integers(0, 2, n), 0),
        },
        index=pd.Index([f"S{i:03d}" for i in range(n)], name="USUBJID"),
    )


def recurrent_trial(seed: int = 1, n: int = 40) -> pd.DataFrame:
    """Draw intervals between recurrent events over ten years, the index being the participant."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        rate = 0.3 * rng.gamma(2, 0.5) * (0.6 if i % 2 else 1.0)
        start, end = 0.0, rng.uniform(4, 10)
        while start < end:
            stop = min(start + rng.exponential(1 / rate), end)
            rows.append((f"S{i:03d}", ARMS[i % 2], start, stop, int(stop < end)))
            start = stop
    frame = pd.DataFrame(rows, columns=["USUBJID", "arm", "start", "stop", "event"])
    return frame.set_index("USUBJID")
