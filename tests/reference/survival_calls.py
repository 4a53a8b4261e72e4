"""Read R calls of the survival cases: data with R's derived columns, Surv(), formulas, options."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.reference.registry import Case, data_file

# What a call without Surv() or formula means for a data set: time, event, arm.
_DEFAULTS = {
    "lung": ("time", "ev", "sex"),
    "veteran": ("time", "status", "trt"),
    "aml": ("time", "status", "x"),
    "ovarian": ("futime", "fustat", "rx"),
    "pbc": ("time", "ev", "trt"),
    "gbsg": ("rfstime", "status", "hormon"),
    "colon": ("time", "status", "trt"),
    "mgus2": ("etime", "event", "sex"),
    "competing": ("time", "status", "trt"),
    "breast": ("TIME", "CENS", "T"),
    "bladder2": ("stop", "event", "rx"),
}


@dataclass(frozen=True)
class Call:
    """A case's data and the words of its call.

    Attributes:
        table: Data with derived columns, filtered as the call says.
        text: Model and description.
        time: Time column.
        event: 0/1 event column.
        start: Start column, or None.
        arm: The right-hand side's first variable, or the data set's usual one.
        right: Right-hand side of the formula, or "".
    """

    table: pd.DataFrame
    text: str
    time: str
    event: str
    start: str | None
    arm: str
    right: str


def read_call(case: Case) -> Call:
    name = case["data_file"]
    text = f"{case['model']} ; {case['what']}"
    table = _filter(_derive(pd.read_csv(data_file(name)), name, text), text)
    stem = next((key for key in _DEFAULTS if key in name), "")
    time, event, arm = _DEFAULTS.get(stem, ("time", "event", "trt"))
    start = None
    surv = re.search(r"Surv\(((?:[^()]|\([^()]*\))*)\)", text)
    if surv:
        parts = [part.strip() for part in surv[1].split(",")]
        time, event = parts[-2], parts[-1]
        start = parts[0] if len(parts) == 3 else None
    elif "bladder" in name:
        start = "start"
    if surv or event in table:
        table = table.assign(_event=_event(table, event))
    found = re.search(r"~\s*([^,;]+)", case["model"])
    right = _balanced(found[1]) if found else ""
    bare = re.sub(r"strata\([^)]*\)\s*\+?", "", right)
    first = re.match(r"\s*(?:as\.|factor|\()*([\w.]+)", bare)
    named = first is not None and first[1] in table
    return Call(table, text, time, "_event", start, first[1] if first and named else arm, right)


def _balanced(text: str) -> str:
    depth = 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return text[:i].strip()
    return text.strip()


def _derive(table: pd.DataFrame, name: str, text: str) -> pd.DataFrame:
    if "lung" in name:
        return table.assign(ev=(table["status"] == 2).astype(int), event=(table["status"] == 2).astype(int))
    if "pbc" in name:
        return table.assign(ev=(table["status"] == 2).astype(int))
    if "colon" in name:
        table = table.assign(trt=(table["rx"] == "Lev+5FU").astype(int))
        return table if "etype" in text else table[table["etype"] == 2]
    if "mgus2" in name:
        etime = np.where(table["pstat"] == 1, table["ptime"], table["futime"])
        event = np.where(table["pstat"] == 1, 1, 2 * table["death"])
        return table.assign(etime=etime, event=event, male=(table["sex"] == "M").astype(int))
    return table


def _filter(table: pd.DataFrame, text: str) -> pd.DataFrame:
    """Apply conditions such as `etype==2` that stand outside Surv() and define neither arm nor event."""
    bare = re.sub(r"Surv\((?:[^()]|\([^()]*\))*\)", "", text)
    bare = re.sub(r"arm\s*[01]?\s*=\s*[\w.]+\s*==\s*[\w'\"+]+", "", bare)
    for column, sign, raw in re.findall(r"([\w.]+)\s*(==|!=|<=|>=|<|>)\s*('[^']*'|\"[^\"]*\"|-?[\d.]+)", bare):
        if column not in table:
            continue
        value = raw.strip("'\"") if raw[0] in "'\"" else float(raw)
        compare = {"==": "eq", "!=": "ne", "<=": "le", ">=": "ge", "<": "lt", ">": "gt"}[sign]
        table = table[getattr(table[column], compare)(value)]
    return table.reset_index(drop=True)


def _event(table: pd.DataFrame, expression: str) -> pd.Series:
    expression = re.sub(r"^(as\.numeric|as\.integer|factor|I)\((.*)\)$", r"\2", expression)
    condition = re.fullmatch(r"\s*([\w.]+)\s*(==|>|!=)\s*(\d+)\s*", expression)
    if condition:
        column, sign, value = condition.groups()
        compare = {"==": "eq", ">": "gt", "!=": "ne"}[sign]
        return getattr(table[column], compare)(int(value)).astype(int)
    values = table[expression.strip()]
    return (values == 2).astype(int) if set(values.unique()) == {1, 2} else values


def coefficient_columns(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Build the column of each of R's coefficient names; columns are v0, v1, ... in that order."""
    return pd.DataFrame({f"v{i}": _column(table, name) for i, name in enumerate(names)}, index=table.index)


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    if ":" in name:
        parts = [_column(table, part) for part in name.split(":")]
        return pd.concat(parts, axis=1).prod(axis=1, skipna=False)
    name = re.sub(r"^(I|as\.numeric)\(([\w.]+)\)$", r"\2", name)
    if name in table and pd.api.types.is_numeric_dtype(table[name]):
        return table[name].astype(float)
    function = re.fullmatch(r"(log|sqrt|log2|log10|exp)\(([\w.]+)\)", name)
    if function:
        return getattr(np, function[1])(table[function[2]].astype(float))
    name = re.sub(r"^(?:factor|as\.factor)\(([\w.]+)\)", r"\1", name)
    truth = re.fullmatch(r"([\w.]+)\s*(==|>=|>|<=|<)\s*\"?([^\"]+?)\"?TRUE", name)
    if truth:
        value = float(truth[3]) if re.fullmatch(r"-?[\d.]+", truth[3]) else truth[3]
        compare = {"==": "eq", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}[truth[2]]
        return getattr(table[truth[1]], compare)(value).astype(float)
    for column in sorted(table.columns, key=len, reverse=True):
        if name.startswith(column) and name[len(column) :] in set(table[column].dropna().astype(str)):
            return (table[column].astype(str) == name[len(column) :]).astype(float).where(table[column].notna())
    raise AssertionError(f"no column makes {name!r}")


def strata(text: str) -> list[str]:
    """Return the columns inside strata()."""
    return [c.strip() for found in re.findall(r"strata\(([^)]*)\)", text) for c in found.split(",")]


def ties(text: str) -> str:
    """Return the way with ties that the call names, else R's default."""
    found = re.search(r"efron|breslow|exact", text.lower())
    return found[0] if found else "efron"


def numbers_after(text: str, word: str) -> list[float]:
    """Return the numbers that follow a word, such as `at 180/365`."""
    found = re.search(rf"{word}\s*=?\s*c?\(?\s*(\d[\d./, ]*)", text)
    return [float(n) for n in re.findall(r"\d+\.?\d*", found[1])] if found else []
