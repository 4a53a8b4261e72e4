"""Resolve concept sets in the site's own vocabulary tables: codes, the standard concepts they map to, descendants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ibis
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from calor.errors import RecordsError
from calor.records.concept_set import ConceptSet, concept_set, matches, shipped
from calor.records.records import Records, in_query, rows

DOWNWARD = ("Subsumes", "RxNorm ing of", "Constitutes", "Has tradename", "Has quantified form")
"""Relationships from a concept to a narrower one, for a site whose concept_ancestor has no rows."""


@dataclass(frozen=True)
class Members:
    """Which concepts of the site belong to which set.

    Attributes:
        frame: `role` (the set's name), `concept_id`, and `certain`: whether the concept alone shows that it belongs.
        notes: What the vocabulary lacks, in sentences.
    """

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def resolve(
    records: Records,
    names: tuple[str, ...],
    *,
    vocabulary: str = "site",
    concepts: Mapping[str, tuple[int, ...]] | None = None,
    absent: tuple[str, ...] = (),
) -> Members:
    """Resolve concept sets to the concepts that the records may hold.

    Args:
        records: Opened health records.
        names: Sets to resolve.
        vocabulary: `site` uses the records' vocabulary tables, `listed` the standard ids as shipped.
        concepts: Ids that replace a set, by name; they are resolved with their descendants where `site`.
        absent: Sets that may resolve to nothing.

    Raises:
        RecordsError: A set resolves to nothing, or the vocabulary has no descendants.

    >>> records = Records(ibis.duckdb.connect(), {})
    >>> resolve(records, ("hscrp", "crp"), vocabulary="listed").frame["concept_id"].to_list()
    [3010156, 3020460]
    """
    given = dict(concepts or {})
    if vocabulary == "listed":
        frame = _frame({name: given.get(name) or concept_set(name).listed for name in names})
        notes: tuple[str, ...] = ("Concept sets were taken as listed: no vocabulary was asked for descendants.",)
        memory = [name for name in names if name in shipped() and not given.get(name) and concept_set(name).unverified]
        if memory:
            notes = (*notes, f"Ids from memory, to be checked against the site's vocabulary: {', '.join(memory)}.")
    else:
        site = _Site(records)
        parts = [_resolved(site, name, given.get(name)) for name in names]
        frame, notes = pd.concat(parts, ignore_index=True), site.notes
    empty = [name for name in names if name not in set(frame["role"])]
    refused = [name for name in empty if name not in absent]
    if refused:
        fix = "Give the site's ids in [screening.concepts], or accept it with [screening] absent."
        raise RecordsError.must("concept sets", "resolve in the site's vocabulary", f"nothing for {refused}", fix=fix)
    if empty:
        notes = (*notes, f"The vocabulary holds nothing for: {', '.join(empty)}.")
    return Members(frame, notes)


def standard_ids(tables: Mapping[str, ir.Table], codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the standard concept of each code that a vocabulary holds: what it maps to, else itself.

    Args:
        tables: `concept` and, where there is one, `concept_relationship`.
        codes: Vocabulary and code of each.

    Raises:
        RecordsError: The vocabulary cannot be read.

    >>> concept = pa.table({"concept_id": [7], "vocabulary_id": ["RxNorm"], "concept_code": ["259255"]})
    >>> standard_ids({"concept": ibis.memtable(concept)}, [("RxNorm", "259255"), ("RxNorm", "1")])
    {('RxNorm', '259255'): 7}
    """
    pairs = pd.DataFrame(sorted(set(codes)), columns=["vocabulary_id", "concept_code"])
    wanted = in_query(pairs, {"vocabulary_id": pa.string(), "concept_code": pa.string()})
    concept = tables["concept"].inner_join(wanted, ["vocabulary_id", "concept_code"])
    found = rows(concept.select("vocabulary_id", "concept_code", "concept_id"))
    ids: dict[tuple[str, str], int] = {(str(v), str(c)): int(i) for v, c, i in found.itertuples(index=False)}
    if "concept_relationship" not in tables or not ids:
        return ids
    relation = tables["concept_relationship"]
    mapped = rows(_among(relation.filter(relation.relationship_id == "Maps to"), "concept_id_1", set(ids.values())))
    # A code that maps to several concepts becomes the first of them: a row of OMOP holds one.
    to = mapped.sort_values("concept_id_2", ascending=False).set_index("concept_id_1")["concept_id_2"].to_dict()
    return {code: int(to.get(i, i)) for code, i in ids.items()}


class _Site:
    """A site's vocabulary, with what descendants are read from settled once."""

    def __init__(self, records: Records) -> None:
        self.records = records
        self.by_relationship = False
        self.notes: tuple[str, ...] = ()
        if _has_rows(records, "concept_ancestor"):
            return
        if not _has_rows(records, "concept_relationship") or not self._downward_exists():
            fix = 'Export concept_ancestor with the vocabulary, or set vocabulary = "listed" knowing what that misses.'
            raise RecordsError.must("vocabulary", "know the descendants of a concept", "no concept_ancestor", fix=fix)
        self.by_relationship = True
        self.notes = ("concept_ancestor is empty: descendants were followed through concept_relationship.",)

    def _downward_exists(self) -> bool:
        table = self.records["concept_relationship"]
        return not rows(table.filter(table.relationship_id.isin(DOWNWARD)).limit(1)).empty

    def standard(self, codes: Mapping[str, Mapping[str, int]]) -> dict[str, set[int]]:
        """Return the standard concepts of each code or pattern that the vocabulary holds."""
        table = self.records["concept"]
        conditions = [
            (table.vocabulary_id == vocabulary) & _covers(table.concept_code, pattern)
            for vocabulary, patterns in codes.items()
            for pattern in patterns
        ]
        found = rows(table.filter(ibis.or_(*conditions)).select("concept_id", "vocabulary_id", "concept_code"))
        of_code: dict[str, set[int]] = {}
        mapped = self._mapped(found["concept_id"])
        for vocabulary, patterns in codes.items():
            here = found[found["vocabulary_id"] == vocabulary]
            for pattern in patterns:
                source = here.loc[here["concept_code"].isin(matches(pattern, here["concept_code"])), "concept_id"]
                of_code[pattern] = {t for s in source for t in mapped.get(int(s), {int(s)})}
        return of_code

    def _mapped(self, ids: pd.Series) -> dict[int, set[int]]:
        if ids.empty or "concept_relationship" not in self.records:
            return {}
        table = self.records["concept_relationship"]
        pairs = rows(_among(table.filter(table.relationship_id == "Maps to"), "concept_id_1", set(ids)))
        return {int(str(s)): set(g["concept_id_2"].astype(int)) for s, g in pairs.groupby("concept_id_1")}

    def descendants(self, ids: set[int]) -> dict[int, set[int]]:
        """Return each concept with itself and everything beneath it."""
        if not ids:
            return {}
        if not self.by_relationship:
            pairs = rows(_among(self.records["concept_ancestor"], "ancestor_concept_id", ids))
            grouped = pairs.groupby("ancestor_concept_id")["descendant_concept_id"]
            below = {int(str(a)): set(ids.astype(int)) for a, ids in grouped}
            return {i: below.get(i, set()) | {i} for i in ids}
        table = self.records["concept_relationship"]
        links = table.filter(table.relationship_id.isin(DOWNWARD)).select("concept_id_1", "concept_id_2")
        reach, frontier = {i: {i} for i in ids}, set(ids)
        seen = set(ids)
        while frontier:
            pairs = rows(_among(links, "concept_id_1", frontier))
            children = {int(str(a)): set(g["concept_id_2"].astype(int)) for a, g in pairs.groupby("concept_id_1")}
            for reached in reach.values():
                reached |= {c for parent in reached & children.keys() for c in children[parent]}
            frontier = {c for found in children.values() for c in found} - seen
            seen |= frontier
        return reach


def _resolved(site: _Site, name: str, given: tuple[int, ...] | None) -> pd.DataFrame:
    """Return the members of one set with its descendants, less what it excludes."""
    if given:
        below = site.descendants(set(given))
        return _frame({name: sorted(set().union(*below.values()))})
    what = concept_set(name)
    of_code = site.standard(what.codes)
    below = site.descendants({i for ids in of_code.values() for i in ids})
    without = (
        site.descendants({i for ids in site.standard(what.excluded).values() for i in ids}) if what.excluded else {}
    )
    excluded = set().union(*without.values()) if without else set()
    if what.least_mg:
        return _by_strength(site.records, what, of_code, below)
    members = {d for ids in of_code.values() for i in ids for d in below[i]} - excluded
    return _frame({name: sorted(members)})


def _by_strength(
    records: Records, what: ConceptSet, of_code: Mapping[str, set[int]], below: Mapping[int, set[int]]
) -> pd.DataFrame:
    """Keep drugs whose strength suffices; a drug without strength belongs perhaps."""
    drugs = {code: set().union(*(below[i] for i in ids)) if ids else set() for code, ids in of_code.items()}
    everything = set().union(*drugs.values())
    strength: dict[int, float] = {}
    if "drug_strength" in records and everything:
        table = rows(_among(records["drug_strength"], "drug_concept_id", everything)).dropna(subset=["amount_value"])
        strength = dict(zip(table["drug_concept_id"].astype(int), table["amount_value"].astype(float), strict=True))
    kept = [
        (what.name, drug, drug in strength)
        for code, members in drugs.items()
        for drug in sorted(members)
        if strength.get(drug, what.least_mg[code]) >= what.least_mg[code]
    ]
    return pd.DataFrame(kept, columns=["role", "concept_id", "certain"])


def _frame(members: Mapping[str, tuple[int, ...] | list[int]]) -> pd.DataFrame:
    found = [(role, int(i), True) for role, ids in members.items() for i in ids]
    frame = pd.DataFrame(found, columns=["role", "concept_id", "certain"])
    return frame.astype({"concept_id": "int64", "certain": bool})


def _among(table: ir.Table, column: str, ids: set[int]) -> ir.Table:
    wanted = in_query(pd.DataFrame({"wanted_id": sorted(int(i) for i in ids)}), {"wanted_id": pa.int64()})
    return table.semi_join(wanted, table[column] == wanted.wanted_id)


def _covers(code: ir.StringValue, pattern: str) -> ir.BooleanValue:
    if not pattern.endswith("*"):
        return code == pattern
    stem = pattern[:-1]
    return code.startswith(stem) | (code == stem.removesuffix("."))


def _has_rows(records: Records, name: str) -> bool:
    return name in records and not rows(records[name].limit(1)).empty
