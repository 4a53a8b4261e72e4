"""Cells of an adverse-event table: participants, events and time at risk, by class, term and property of the event."""

from __future__ import annotations

import pandas as pd

from calor.analyze.counts import clopper_pearson, poisson_rate

DAYS_PER_YEAR = 365.25
_KEYS = {"any": [], "soc": ["soc"], "term": ["soc", "term"]}
_ORDER = ["level", "soc", "term", "by", "category", "arm"]
# Each is a column of events that holds the category, blank where the event is not counted.
_PROPERTIES = ("all", "serious", "severity", "relation")


def count_cells(events: pd.DataFrame, population: pd.DataFrame) -> pd.DataFrame:
    """Count every cell of the table, also those where an arm had no event.

    Args:
        events: One row per event: id, arm, soc, term, the properties, `severity_rank` (worst is highest) and
            `unused_days` (the participant's days at risk less the day of onset).
        population: One row per participant: id, arm, days at risk.

    Example:
        >>> population = pd.DataFrame({"id": ["1", "2"], "arm": ["A", "P"], "days": [100.0, 80.0]})
        >>> events = pd.DataFrame({
        ...     "id": ["1"], "arm": "A", "soc": "Skin", "term": "Rash", "all": "all", "serious": None,
        ...     "severity": "MILD", "relation": "NONE", "severity_rank": 1, "unused_days": [97.0]})
        >>> table = count_cells(events, population)
        >>> list(table.loc[(table["level"] == "term") & (table["by"] == "all"), "participants"])
        [1, 0]
    """
    rows = _by_property(events)
    return pd.concat([_block(rows, population, where) for where in _KEYS], ignore_index=True)


def _by_property(events: pd.DataFrame) -> pd.DataFrame:
    """Repeat each event once for each property that it is counted by."""
    parts = [events.assign(by=by, category=events[by], rank=at) for at, by in enumerate(_PROPERTIES)]
    rows = pd.concat(parts, ignore_index=True)
    return rows[rows["category"].notna()]


def _block(rows: pd.DataFrame, population: pd.DataFrame, where: str) -> pd.DataFrame:
    """Count one level of the dictionary, with a row for every arm."""
    keys = _KEYS[where]
    worst = rows.groupby([*keys, "id"])["severity_rank"].transform("max")
    counted = rows[(rows["by"] != "severity") | (rows["severity_rank"] == worst)]
    index = [*keys, "by", "category", "arm"]
    first = counted.groupby([*index, "id"], as_index=False).agg(unused=("unused_days", "max"))
    participants = first.groupby(index, as_index=False).agg(participants=("id", "size"), unused=("unused", "sum"))
    number = rows.groupby(index, as_index=False).size().rename(columns={"size": "events"})
    cells = _cells(rows, population, where)
    table = cells.merge(participants, on=index, how="left").merge(number, on=index, how="left")
    counts = ["participants", "events"]
    table[counts] = table[counts].fillna(0).astype(int)
    arm_days = table["arm"].map(population.groupby("arm")["days"].sum()).astype(float)
    table["years_at_risk"] = (arm_days - table["unused"].astype(float).fillna(0.0)) / DAYS_PER_YEAR
    return table.drop(columns="unused")


def _cells(rows: pd.DataFrame, population: pd.DataFrame, where: str) -> pd.DataFrame:
    """List every cell that has a row in the table: a class or term that occurred, in every arm, also with no event."""
    keys = _KEYS[where]
    kinds = rows[[*keys, "rank", "by", "category"]]
    if not keys:
        always = pd.DataFrame({"rank": [0, 1], "by": ["all", "serious"], "category": ["all", "serious"]})
        kinds = pd.concat([always, kinds], ignore_index=True)
    arms = pd.DataFrame({"arm": population["arm"].unique()})
    kinds = kinds.drop_duplicates().sort_values([*keys, "rank", "category"])
    cells = kinds.drop(columns="rank").merge(arms, how="cross")
    for missing in {"soc", "term"} - set(keys):
        cells[missing] = ""
    return cells.assign(level=where)[_ORDER]


def with_exact_limits(table: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add percentages and rates with their exact limits.

    >>> cell = dict.fromkeys(_ORDER, "") | {"participants": 5, "events": 5, "n": 50, "years_at_risk": 14.2}
    >>> print(with_exact_limits(pd.DataFrame([cell]), 0.95)["rate"][0].round(1))
    35.2
    """
    events, n = table["participants"].to_numpy(float), table["n"].to_numpy(float)
    lower, upper = clopper_pearson.exact_limits(events, n, tail=(1 - level) / 2)
    fewest, most = poisson_rate.exact_limits(events, level=level)
    per_100_years = 100 / table["years_at_risk"].to_numpy()
    limits = {
        "percent": 100 * events / n,
        "percent_lower": 100 * lower,
        "percent_upper": 100 * upper,
        "rate": events * per_100_years,
        "rate_lower": fewest * per_100_years,
        "rate_upper": most * per_100_years,
    }
    table = table.assign(**limits)
    order = [*_ORDER, "participants", "events", "n", "percent", "percent_lower", "percent_upper", "years_at_risk"]
    return table[[*order, "rate", "rate_lower", "rate_upper"]]
