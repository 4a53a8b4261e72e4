"""Columns of a regression from named covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.columns import finite_column, need_columns, refuse_rows
from calor.analyze.survival.time_to_event import Arm, values_in_order
from calor.errors import AnalysisError

Categories = Mapping[str, Sequence[Arm]]


@dataclass(frozen=True)
class Terms:
    """Covariates as numbers.

    Attributes:
        names: Name of each column; `arm[active]` is the indicator of `active` against the reference.
        terms: The covariate (or `a:b` interaction) each column belongs to.
        against: The reference value an indicator is compared with; empty for numbers and interactions.
        values: One column per name.
    """

    names: tuple[str, ...]
    terms: tuple[str, ...]
    against: tuple[str, ...]
    values: Float[np.ndarray, "participant p"]

    def index(self, name: str) -> int:
        """Return where a column stands, or refuse a name that the model does not have."""
        if name not in self.names:
            known = ", ".join(self.names)
            raise AnalysisError.must("name", f"be one of {known}", name, fix="Name a column of the model.")
        return self.names.index(name)

    def label(self, name: str) -> str:
        """Say what a column compares: `arm[active]` is "active v placebo"."""
        reference = self.against[self.index(name)]
        return f"{name[:-1].partition('[')[2]} v {reference}" if reference else name


def terms(table: pd.DataFrame, covariates: Sequence[str], categories: Categories | None = None) -> Terms:
    """Turn covariates into the columns of a regression.

    Args:
        table: One row per participant.
        covariates: Columns, or interactions as `"arm:age"`. Numbers enter as they are; text and columns named in
            `categories` enter as indicators against their first value.
        categories: Values of a categorical column, reference first: `{"arm": ("placebo", "aldesleukin")}`.

    Returns:
        The columns.

    Raises:
        AnalysisError: No covariate, one named twice or missing, a value that is missing, infinite or not among its
            categories, a stated category with one participant.

    Example:
        >>> table = pd.DataFrame({"arm": ["p", "a", "p", "a"], "age": [50, 60, 55, 70]})
        >>> terms(table, ["arm", "age", "arm:age"], {"arm": ("p", "a")}).names
        ('arm[a]', 'age', 'arm[a]:age')
    """
    if not covariates or len(set(covariates)) < len(covariates):
        fix = "List each covariate once."
        raise AnalysisError.must("covariates", "name each covariate once", list(covariates), fix=fix)
    known = dict(categories or {})
    for column in known:
        if not any(column in covariate.split(":") for covariate in covariates):
            fix = "Name only covariates of the model."
            raise AnalysisError.must("categories", "belong to covariates", column, fix=fix)
    names: list[str] = []
    owners: list[str] = []
    against: list[str] = []
    columns: list[np.ndarray] = []
    for covariate in covariates:
        for name, values in _interaction(table, covariate, known).items():
            names.append(name)
            owners.append(covariate)
            against.append(_reference(table, covariate, known) if name.endswith("]") and ":" not in covariate else "")
            columns.append(values)
    return Terms(tuple(names), tuple(owners), tuple(against), np.column_stack(columns))


def _reference(table: pd.DataFrame, column: str, categories: Categories) -> str:
    return str(_values(table, column, categories)[0])


def _values(table: pd.DataFrame, column: str, categories: Categories) -> list[Arm]:
    return list(categories.get(column, values_in_order(table[column])))


def _interaction(table: pd.DataFrame, covariate: str, categories: Categories) -> dict[str, np.ndarray]:
    product = {"": np.ones(len(table))}
    for part in covariate.split(":"):
        product = {
            f"{left}:{right}" if left else right: a * b
            for left, a in product.items()
            for right, b in _main(table, part, categories).items()
        }
    return product


def _main(table: pd.DataFrame, column: str, categories: Categories) -> dict[str, np.ndarray]:
    need_columns(table, [column])
    if column not in categories and pd.api.types.is_numeric_dtype(table[column]):
        return {column: finite_column(table, column)}
    refuse_rows(table, table[column].isna().to_numpy(), column, "be known", "Complete or remove these rows.")
    values = _values(table, column, categories)
    rule = f"be one of {', '.join(map(str, values))}"
    refuse_rows(table, ~table[column].isin(values).to_numpy(), column, rule, "Name every value in `categories`.")
    if len(set(values)) < 2:
        fix = "A constant covariate explains nothing: leave it out."
        raise AnalysisError.must(column, "have at least two values", ", ".join(map(str, values)), fix=fix)
    alone = [value for value in categories.get(column, ()) if (table[column] == value).sum() == 1]
    if alone:  # stated values are the groups compared; a lone value of another covariate is estimated as R and SAS do
        rule = "have at least two participants at each value"
        fix = "One participant cannot be told from what the value does: join values, or leave the covariate out."
        raise AnalysisError.must(column, rule, f"1 at {alone[0]}", fix=fix)
    return {f"{column}[{value}]": (table[column] == value).to_numpy(dtype=float) for value in values[1:]}
