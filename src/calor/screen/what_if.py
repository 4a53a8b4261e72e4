"""What if the gate were another: eligible per month and screen failures under other cut-offs, repeats and windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
import pandas as pd
from ibis.expr import types as ir

from calor.errors import ScreenError
from calor.records.records import rows
from calor.screen.decide import decide
from calor.screen.facts import Facts
from calor.screen.rules import Rules
from calor.screen.screened import Screened

MONTH_DAYS = 365.25 / 12


@dataclass(frozen=True)
class Setting:
    """What is moved; None stays as the protocol has it.

    Attributes:
        cutoff: Of the gate, in its unit.
        tests: Passing tests that the gate asks for.
        least_interval_days: Fewest days between the first and the last of them.
        days: Fewest and most days since the infarction.
    """

    cutoff: float | None = None
    tests: int | None = None
    least_interval_days: int | None = None
    days: tuple[int, int] | None = None


def what_if(facts: Facts, screened: Screened, settings: Sequence[Setting]) -> pd.DataFrame:
    """Judge the gate and the window under each setting, in one query over the staged rows.

    Args:
        facts: Staged records.
        screened: Their screen under the protocol; the answers to all other criteria are taken from it.
        settings: What to move.

    Returns:
        One row per setting: `cutoff`, `tests`, `least_interval_days`, `first_day`, `last_day`; `eligible`,
        `undetermined`; `eligible_per_month`, the eligible divided by the months that the window spans (in a steady
        state, as many become eligible each month); `screen_failures`, the share that fails the gate among those who
        meet everything else and whose gate is determined.

    Raises:
        ScreenError: There is no setting, or the protocol has no gate or window to move.
    """
    rules = screened.rules
    gate, gated = rules.gate, rules.gate_rule
    window = next((rule for rule in rules.screening.criteria if rule.kind == "recent_infarction"), None)
    if gate is None or gated is None or window is None or not settings:
        fix = "Declare a biomarker_gate and a recent_infarction criterion, and give a setting."
        raise ScreenError.must("what-if", "have a gate, a window and a setting to move", "none", fix=fix)
    moved = [_moved(rules, setting) for setting in settings]
    ids = (window.id, gated.id)
    parts = [_answers(facts, asked, ids).mutate(setting=ibis.literal(i, "int64")) for i, asked in enumerate(moved)]
    answers = rows(ibis.union(*parts) if len(parts) > 1 else parts[0])
    kept = [j for j, name in enumerate(rules.ids) if name not in ids]
    others = pd.DataFrame(
        {"person_id": screened.answers["person_id"], "others": screened.met[:, kept].min(axis=1, initial=1)}
    )
    others["others"] = np.where((screened.met[:, kept] == 0).any(axis=1), 0, others["others"])
    merged = answers.merge(others, on="person_id", how="inner")
    return pd.DataFrame([_counted(merged[merged["setting"] == i], asked, ids) for i, asked in enumerate(moved)])


def _moved(rules: Rules, setting: Setting) -> Rules:
    """Return the rules under a setting, with the window and the gate alone."""
    gate, gated = rules.gate, rules.gate_rule
    window = next(rule for rule in rules.screening.criteria if rule.kind == "recent_infarction")
    if gate is None or gated is None:
        raise ScreenError.must("protocol", "have a gate", "none", fix="Declare [gate].")
    changes = {name: getattr(setting, name) for name in ("cutoff", "tests", "least_interval_days")}
    gate = gate.model_copy(update={name: value for name, value in changes.items() if value is not None})
    window = window.model_copy(update={} if setting.days is None else {"days": setting.days})
    return replace(rules, gate=gate, screening=rules.screening.model_copy(update={"criteria": (window, gated)}))


def _answers(facts: Facts, rules: Rules, ids: tuple[str, str]) -> ir.Table:
    window, gate = ids
    table = decide(facts, rules)
    return table.select("person_id", window=table[f"{window}__met"], gate=table[f"{gate}__met"])


def _counted(answers: pd.DataFrame, rules: Rules, ids: tuple[str, str]) -> dict[str, float]:
    window = next(rule for rule in rules.screening.criteria if rule.id == ids[0])
    gate = rules.gate
    days = getattr(window, "days", (0, 0))
    inside = answers["window"].fillna(value=False).to_numpy(dtype=bool)
    met = answers["gate"].astype("Int8").fillna(-1).to_numpy()
    others = answers["others"].to_numpy()
    fits = inside & (others == 1)
    eligible, fell = int((fits & (met == 1)).sum()), int((fits & (met == 0)).sum())
    unknown = inside & (others != 0) & (met != 0) & ~(fits & (met == 1))
    return {
        "cutoff": gate.cutoff if gate else np.nan,
        "tests": gate.tests if gate else 0,
        "least_interval_days": gate.least_interval_days if gate else 0,
        "first_day": days[0],
        "last_day": days[1],
        "eligible": eligible,
        "undetermined": int(unknown.sum()),
        "eligible_per_month": eligible / ((days[1] - days[0] + 1) / MONTH_DAYS),
        "screen_failures": fell / (eligible + fell) if eligible + fell else np.nan,
    }
