"""Check trial data against the protocol: every problem at once, nothing dropped, nothing half used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from calor.datasets.contents import Contents
from calor.datasets.rules import columns, dates, subjects, values
from calor.datasets.rules.rule import Given, Problem, Rule
from calor.errors import DatasetError
from calor.protocol import Protocol

RULES: tuple[Rule, ...] = (*columns.RULES, *subjects.RULES, *dates.RULES, *values.RULES)
_SHOWN = 5


def check(datasets: Mapping[str, Contents], protocol: Protocol, *, today: dt.date | None = None) -> pd.DataFrame:
    """Find everything in the datasets that breaks a rule or does not fit the protocol.

    Args:
        datasets: Datasets by file stem, as `read_folder` gives them.
        protocol: The trial as written.
        today: No date may lie after it; the present day when left out.

    Returns:
        A table with a row per problem: `dataset`, `row` (counted from 1; missing where the problem is of the whole
        dataset), `subject`, `column`, `value`, `rule`. Without rows the data are fit for analysis.
    """
    given = Given(datasets, protocol, today or dt.datetime.now(dt.UTC).date())
    found = [asdict(problem) for rule in RULES for problem in rule.problems(given)]
    names = list(Problem.__dataclass_fields__)
    return pd.DataFrame(found, columns=names).astype({name: "Int64" if name == "row" else "str" for name in names})


def refuse(problems: pd.DataFrame, *, table: str = "the table of problems") -> None:
    """Raise while there is any problem: data that fail are not used in part.

    Args:
        problems: From `check`.
        table: Where the whole table, with the values, is to be found.

    Raises:
        DatasetError: There are problems. The message counts them and names the first, without any value.

    >>> refuse(pd.DataFrame(columns=["dataset", "row", "subject", "column", "value", "rule"]))
    """
    if problems.empty:
        return
    count = len(problems)
    per_dataset = ", ".join(f"{n} in {name}" for name, n in problems["dataset"].value_counts(sort=False).items())
    first = "; ".join(_line(row) for _, row in problems.head(_SHOWN).iterrows())
    more = f"; and {count - _SHOWN} more" if count > _SHOWN else ""
    got = f"{count} problem{'s' * (count != 1)} ({per_dataset}): {first}{more}"
    raise DatasetError.must("datasets", "fit the protocol", got, fix=f"Correct them at the source; {table} lists all.")


def _line(problem: pd.Series) -> str:
    row = "" if pd.isna(problem["row"]) else f" row {problem['row']}"
    subject = f" ({problem['subject']})" if problem["subject"] else ""
    column = f" {problem['column']}" if problem["column"] else ""
    return f"{problem['dataset']}{row}{subject}{column} {problem['rule']}"
