"""Findings on disk: one folder per analysis, JSON for words and Parquet for tables."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from calor.analyze.finding import Finding
from calor.trial.atomic import whole_folder
from calor.trial.provenance import Provenance

FILE = "finding.json"
WORDS = ("id", "label", "role", "kind", "method", "estimand", "population", "arms", "sentences", "p_values", "notes")


def words(finding: Finding) -> dict[str, Any]:
    """Return a finding's words, the names of its tables and its main table as plain values."""
    plain = {name: getattr(finding, name) for name in WORDS}
    main = json.loads(finding.to_frame().to_json(orient="records", double_precision=15))
    return {**plain, "tables": list(finding.tables), "result": main}


def store(folder: Path, finding: Finding, made_of: Provenance) -> None:
    """Write a finding and what it is made of, whole or not at all."""
    with whole_folder(folder) as aside:
        for name, table in finding.tables.items():
            table.to_parquet(aside / f"{name}.parquet", index=False)
        content = {**words(finding), "provenance": asdict(made_of), "fingerprint": made_of.fingerprint}
        (aside / FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")


def load(folder: Path) -> Finding:
    """Read a stored finding."""
    content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in content["tables"]}
    plain = {name: content[name] for name in WORDS}
    plain |= {name: tuple(plain[name]) for name in ("arms", "sentences", "p_values", "notes")}
    return Finding(**plain, tables=tables)


def fingerprint(folder: Path) -> str | None:
    """Return the fingerprint of what a stored finding was made of; None when it is not all there."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
        whole = all((folder / f"{name}.parquet").exists() for name in content["tables"])
        return str(content["fingerprint"]) if whole else None
    except (OSError, ValueError, KeyError):
        return None
