"""Incidence of adverse events: participants, events, exact percentages and exposure-adjusted rates, by arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import pandas as pd

from calor.analyze.columns import need_columns
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level
from calor.analyze.safety.incidence_cells import count_cells, with_exact_limits
from calor.errors import AnalysisError

NOT_STATED = "not stated"
NOT_CODED = "not coded"


@dataclass(frozen=True)
class AdverseEventColumns:
    """Name the columns of ADAE and ADSL; the defaults are ADaM's.

    Attributes:
        participant: Study identifier, in both tables.
        arm: Treatment received, in ADAE.
        population_arm: Treatment received, in ADSL.
        exposure_days: Days at risk of a participant without an event, in ADSL.
        soc: System organ class.
        term: Preferred term.
        severity: Severity or grade; `"AETOXGR"` for CTCAE grades.
        relation: Relation to treatment.
        serious: `"Y"` for a serious event.
        emergent: `"Y"` for a treatment-emergent event; other rows are left out.
        onset_day: Study day of onset, 1 on the first day of treatment.
    """

    participant: str = "USUBJID"
    arm: str = "TRTA"
    population_arm: str = "TRT01A"
    exposure_days: str = "TRTDURD"
    soc: str = "AEBODSYS"
    term: str = "AEDECOD"
    severity: str = "AESEV"
    relation: str = "AEREL"
    serious: str = "AESER"
    emergent: str = "TRTEMFL"
    onset_day: str = "ASTDY"


@dataclass(frozen=True, eq=False)
class AdverseEvents(Drawable):
    """Hold the incidence table.

    Attributes:
        table: One row per level (any, soc, term), class, term, `by` (all, serious, severity, relation), category and
            arm, with `participants`, `events`, `n`, `percent` with exact limits `percent_lower` and `percent_upper`,
            `years_at_risk`, and `rate` per 100 participant-years with exact limits `rate_lower` and `rate_upper`.
        arms: Arms in order, each with its participants in the safety set.
        level: Confidence level of the limits.
        onset_unknown: Treatment-emergent events without a day of onset; they count from the first day.
    """

    table: pd.DataFrame
    arms: tuple[tuple[str, int], ...]
    level: float
    onset_unknown: int

    def __str__(self) -> str:
        rows = self.table[(self.table["level"] == "any") & self.table["by"].isin(["all", "serious"])]
        parts = []
        for by, word in (("all", "any event"), ("serious", "serious")):
            cells = rows[rows["by"] == by]
            counts = [f"{r.arm} {r.participants}/{r.n} ({r.percent:.1f} %)" for r in cells.itertuples()]
            parts.append(f"{word}: {', '.join(counts)}")
        return f"Participants with treatment-emergent adverse events, {'; '.join(parts)}"

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the tidy table."""
        return self.table.copy()


def adverse_events(
    adae: pd.DataFrame,
    adsl: pd.DataFrame,
    *,
    columns: AdverseEventColumns | None = None,
    severity_order: Sequence[str] = ("MILD", "MODERATE", "SEVERE"),
    level: float = 0.95,
) -> AdverseEvents:
    """Tabulate treatment-emergent adverse events by class, term, severity, relation and seriousness.

    A participant counts once in a cell, however many events there were; in the severity rows once, at the worst
    severity. The rate is participants with an event over the time to their first event, or all the time at risk for
    those without. A relation or severity left blank is a category of its own, `"not stated"`.

    Args:
        adae: Adverse events, one row per event.
        adsl: The safety set, one row per participant; its arms and time at risk are the denominators.
        columns: Names of the columns, ADaM's by default.
        severity_order: Severities from the least to the worst; `("1", "2", "3", "4", "5")` for CTCAE grades.
        level: Confidence level of all limits, 0 to 1.

    Raises:
        AnalysisError: A column is missing, a participant appears twice in `adsl`, has no arm or no time at risk, has
            events but is not in `adsl`, changes arm between the tables, or a severity is not in `severity_order`.

    Example:
        >>> adsl = pd.DataFrame({"USUBJID": ["1", "2", "3"], "TRT01A": ["A", "A", "P"], "TRTDURD": [100, 80, 90]})
        >>> adae = pd.DataFrame({
        ...     "USUBJID": ["1", "1"], "TRTA": ["A", "A"], "AEBODSYS": ["Skin"] * 2, "AEDECOD": ["Rash"] * 2,
        ...     "AESEV": ["MILD", "SEVERE"], "AEREL": ["POSSIBLE", ""], "AESER": ["N", "N"], "TRTEMFL": ["Y", "Y"],
        ...     "ASTDY": [3, 40]})
        >>> print(adverse_events(adae, adsl))
        Participants with treatment-emergent adverse events, any event: A 1/2 (50.0 %), P 0/1 (0.0 %); serious: A 0/2
        (0.0 %), P 0/1 (0.0 %)

    Reference:
        ICH E3 section 12.2 (1995). Liu GF, Wang J, Liu K, Snavely DB. Stat Med 2006;25:1275-1286 (exposure-adjusted
        incidence rate).
    """
    check_level(level)
    names = columns or AdverseEventColumns()
    population = _population(adsl, names)
    events, onset_unknown = _emergent_events(adae, population, names)
    events["severity_rank"] = _severity_ranks(events, severity_order)
    n = population.groupby("arm", sort=False)["id"].size()
    table = count_cells(events, population)
    table["n"] = table["arm"].map(n).astype(int)
    return AdverseEvents(
        table=with_exact_limits(table, level),
        arms=tuple((str(arm), int(size)) for arm, size in n.items()),
        level=level,
        onset_unknown=onset_unknown,
    )


def _population(adsl: pd.DataFrame, names: AdverseEventColumns) -> pd.DataFrame:
    """Return identifier, arm and days at risk of the safety set, sorted by arm."""
    wanted = {"id": names.participant, "arm": names.population_arm, "days": names.exposure_days}
    need_columns(adsl, wanted.values(), "adsl")
    population = pd.DataFrame({ours: adsl[theirs].to_numpy() for ours, theirs in wanted.items()})
    if population.empty:
        raise AnalysisError.must("adsl", "hold at least one participant", "none", fix="Give the safety set.")
    faults = {
        "name each participant once": population["id"].duplicated(keep=False),
        "give each participant an arm": population["arm"].isna() | (population["arm"] == ""),
        f"give each participant a positive {names.exposure_days}": ~(population["days"] > 0),
    }
    for rule, wrong in faults.items():
        if wrong.any():
            raise AnalysisError.must(
                "adsl", rule, _some(population.loc[wrong, "id"]), fix="Give the safety set, one row per participant."
            )
    return population.sort_values("arm", kind="stable").reset_index(drop=True)


def _emergent_events(
    adae: pd.DataFrame, population: pd.DataFrame, names: AdverseEventColumns
) -> tuple[pd.DataFrame, int]:
    """Return the treatment-emergent events with our column names, arm and days taken from the population."""
    wanted = {f.name: getattr(names, f.name) for f in fields(names)}
    own = {k: v for k, v in wanted.items() if k not in ("population_arm", "exposure_days")}
    need_columns(adae, own.values(), "adae")
    rows = adae[adae[names.emergent] == "Y"]
    events = pd.DataFrame({ours: rows[theirs].to_numpy() for ours, theirs in own.items()})
    events = events.rename(columns={"participant": "id", "arm": "stated_arm"}).merge(population, on="id", how="left")
    strangers = events["days"].isna()
    if strangers.any():
        raise AnalysisError.must(
            "adae",
            "name only participants of adsl",
            _some(events.loc[strangers, "id"]),
            fix="Give adsl the whole safety set, or leave these events out.",
        )
    moved = events["stated_arm"] != events["arm"]
    if moved.any():
        raise AnalysisError.must(
            "adae",
            "agree with adsl on each participant's arm",
            _some(events.loc[moved, "id"]),
            fix="Use the treatment received in both tables.",
        )
    for column, word in (("soc", NOT_CODED), ("term", NOT_CODED), ("severity", NOT_STATED), ("relation", NOT_STATED)):
        events[column] = events[column].astype("object").where(events[column].notna() & (events[column] != ""), word)
    unknown = events["onset_day"].isna()
    events["onset_day"] = events["onset_day"].astype(float).where(~unknown, 1.0).clip(lower=1.0)
    # Time at risk ends at the first event; what is left of the participant's days is not needed.
    events["unused_days"] = events["days"] - events["onset_day"]
    events["all"] = "all"
    events["serious"] = events["serious"].map({"Y": "serious"})
    return events, int(unknown.sum())


def _severity_ranks(events: pd.DataFrame, order: Sequence[str]) -> pd.Series[int]:
    """Rank severities from 1; 0 where not stated, so that any stated severity is worse."""
    ranks = {NOT_STATED: 0} | {name: rank for rank, name in enumerate(order, start=1)}
    unknown = sorted(set(events["severity"].astype(str)) - set(ranks))
    if unknown:
        raise AnalysisError.must(
            "severity_order", "name every severity in adae", unknown, fix="List severities from least to worst."
        )
    return events["severity"].map(ranks).astype(int)


def _some(identifiers: pd.Series[str]) -> str:
    """Name up to three participants of a fault."""
    distinct = sorted(set(identifiers.astype(str)))
    more = f" and {len(distinct) - 3} more" if len(distinct) > 3 else ""
    return ", ".join(distinct[:3]) + more
