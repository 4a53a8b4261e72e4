"""MedDRA, read from the licensee's own files: reported text to preferred term and primary system organ class.

MedDRA is licensed: no term is shipped. The distribution's ASCII files end every field with a dollar sign and have no
header; of them `llt.asc`, `pt.asc` and `mdhier.asc` are read. Text is matched as a whole, without regard to case and
spacing; nothing is guessed, since coding is the work of a trained coder.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from calor.errors import DatasetError

_FIELDS = {
    "llt.asc": {0: "llt_code", 1: "llt", 2: "pt_code", 9: "current"},
    "pt.asc": {0: "pt_code", 1: "pt", 3: "primary_soc_code"},
    "mdhier.asc": {0: "pt_code", 3: "soc_code", 7: "soc", 11: "primary"},
}
"""Which field of a line holds what, as the MSSO's distribution file format document numbers them from 0; six public
readers of the files agree (docs/methods/meddra.md). The primary class stands in two files and is compared."""


FILES = tuple(_FIELDS)
"""The files that are read."""


@dataclass(frozen=True, eq=False)
class Coded:
    """Hold reported texts with their codes.

    Attributes:
        table: One row per reported text, in order: `verbatim` as reported, `llt`, `llt_code`, `pt`, `pt_code`, `soc`
            and `soc_code` (primary), missing where the text is no term; `current`, whether the lowest level term is.
        version: Version of the dictionary.
    """

    table: pd.DataFrame
    version: str

    @property
    def uncoded(self) -> tuple[str, ...]:
        """Texts that are no lowest level term, each once: a coder's work."""
        return tuple(dict.fromkeys(self.table.loc[self.table["pt"].isna(), "verbatim"]))

    def __str__(self) -> str:
        coded = int(self.table["pt"].notna().sum())
        old = int((self.table["current"] == "N").sum())
        stale = f", {old} of them to terms no longer current" if old else ""
        return (
            f"MedDRA {self.version}: {coded} of {len(self.table)} reported texts coded{stale}; "
            f"{len(self.uncoded)} different texts left to a coder"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table."""
        return self.table.copy()


@dataclass(frozen=True, eq=False)
class MedDRA:
    """Hold the terms of one version.

    Attributes:
        version: Version as the licensee names it, such as "27.1".
        terms: One row per lowest level term: `llt`, `llt_code`, `current`, `pt`, `pt_code`, and the primary class as
            `soc`, `soc_code`.
    """

    version: str
    terms: pd.DataFrame

    def __str__(self) -> str:
        preferred = self.terms["pt_code"].nunique()
        return f"MedDRA {self.version}: {len(self.terms)} lowest level terms, {preferred} preferred terms"

    def code(self, reported: Iterable[str | None]) -> Coded:
        """Find the preferred term and primary class of each reported text; a text that is no term stays uncoded."""
        texts = pd.Series(list(reported), dtype="object")
        key = texts.map(term_key, na_action="ignore").fillna("")
        known = self.terms.assign(key=self.terms["llt"].map(term_key)).sort_values(
            "current", ascending=False, kind="stable"
        )
        found = pd.DataFrame({"verbatim": texts, "key": key}).merge(
            known.drop_duplicates("key"), on="key", how="left", validate="m:1"
        )
        return Coded(found.drop(columns="key"), self.version)


def read_meddra(folder: Path | str, *, version: str) -> MedDRA:
    r"""Read a licensee's MedDRA files.

    Args:
        folder: The distribution's ASCII folder, with llt.asc, pt.asc and mdhier.asc.
        version: Version of the files; it is recorded with every coding.

    Raises:
        DatasetError: A file is missing, is not UTF-8, or has a line with too few fields; a lowest level term leads to
            no preferred term, or a preferred term has not one primary class.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "llt.asc").write_text("11$Sore spot$1$$$$$$$Y$$\n")
        >>> _ = (folder / "pt.asc").write_text("1$Soreness$$9$$$$$$$$\n")
        >>> _ = (folder / "mdhier.asc").write_text("1$2$3$9$Soreness$H$G$Skin, invented$Skin$$9$Y$\n")
        >>> print(read_meddra(folder, version="0.0").code(["SORE  SPOT", "Ache"]))
        MedDRA 0.0: 1 of 2 reported texts coded; 1 different texts left to a coder

    Reference:
        MedDRA MSSO, MedDRA Distribution File Format Document.
    """
    folder = Path(folder)
    if not version.strip():
        raise DatasetError.must("version", "name the MedDRA version", repr(version), fix='Give it, such as "27.1".')
    llt, pt, hierarchy = (_read(folder / name) for name in _FIELDS)
    primary = hierarchy[hierarchy["primary"] == "Y"].drop_duplicates(["pt_code", "soc_code"])
    twice = primary["pt_code"].duplicated(keep=False)
    lost = pd.concat([pt.loc[~pt["pt_code"].isin(primary["pt_code"]), "pt_code"], primary.loc[twice, "pt_code"]])
    if len(lost):
        raise DatasetError.must(
            "mdhier.asc", "give each preferred term one primary class", f"another number for code {lost.iloc[0]}",
            fix="Take all files from one version.",
        )  # fmt: skip
    both = primary.merge(pt[["pt_code", "primary_soc_code"]], on="pt_code")
    apart = both.loc[both["soc_code"] != both["primary_soc_code"], "pt_code"]
    if len(apart):
        raise DatasetError.must(
            "mdhier.asc", "name the same primary class as pt.asc", f"another one for code {apart.iloc[0]}",
            fix="Take all files from one version.",
        )  # fmt: skip
    stray = llt.loc[~llt["pt_code"].isin(pt["pt_code"]), "llt_code"]
    if len(stray):
        raise DatasetError.must(
            "llt.asc", "lead to preferred terms of pt.asc", f"none for code {stray.iloc[0]}",
            fix="Take all files from one version.",
        )  # fmt: skip
    classes = primary[["pt_code", "soc", "soc_code"]]
    terms = llt.merge(pt[["pt_code", "pt"]], on="pt_code", validate="m:1").merge(classes, on="pt_code", validate="m:1")
    return MedDRA(version.strip(), terms[["llt", "llt_code", "current", "pt", "pt_code", "soc", "soc_code"]])


def _read(path: Path) -> pd.DataFrame:
    """Read the fields that are used from one file, codes as text."""
    fields = _FIELDS[path.name]
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except OSError:
        raise DatasetError.must(
            "folder", f"hold {path.name}", "no such file", fix="Name the folder of the licensed ASCII files."
        ) from None
    except UnicodeDecodeError:
        raise DatasetError.must(
            path.name, "hold UTF-8 text", "another encoding", fix="Convert the file to UTF-8."
        ) from None
    rows = [line.split("$") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) <= max(fields):
            raise DatasetError.must(
                path.name, f"have {max(fields) + 1} fields in each line", len(row), where=f"line {number}",
                fix="Take the file as it was distributed.",
            )  # fmt: skip
    table = pd.DataFrame([[row[at].strip() for at in fields] for row in rows], columns=list(fields.values()))
    if table.empty:
        raise DatasetError.must(path.name, "hold terms", "none", fix="Take the file as it was distributed.")
    return table


def term_key(text: str) -> str:
    """Write a text as it is compared: without regard to case and spacing.

    >>> term_key("SORE  Spot ")
    'sore spot'
    """
    return " ".join(text.split()).casefold()
