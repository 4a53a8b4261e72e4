"""Concept sets: source codes as shipped, resolved to what the site's own records hold."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain

from calor.errors import RecordsError


@dataclass(frozen=True)
class ConceptSet:
    """A clinical idea as codes of the source vocabularies.

    Attributes:
        codes: By vocabulary, each code (a trailing `*` stands for every continuation) with its standard OMOP id, or 0.
        excluded: Codes that are left out with all their descendants.
        label: How sentences call it, where its name does not do.
        unit: Unit, in UCUM, in which results of a laboratory set are compared.
        molar_mass_g_per_mol: For units of mass turned into units of substance.
        least_mg: Smallest strength of a drug's ingredient that belongs, by code.
        verified: Codes whose standard id was read in a vocabulary.
        published: By public source, the codes whose standard id it gives; all others were written from memory.
    """

    name: str
    about: str
    codes: Mapping[str, Mapping[str, int]]
    excluded: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    label: str = ""
    unit: str | None = None
    molar_mass_g_per_mol: float | None = None
    least_mg: Mapping[str, float] = field(default_factory=dict)
    verified: tuple[str, ...] = ()
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def listed(self) -> tuple[int, ...]:
        """Standard ids as they are listed.

        >>> concept_set("hscrp").listed
        (3010156,)
        """
        return tuple(sorted({i for codes in self.codes.values() for i in codes.values() if i}))

    @property
    def unverified(self) -> tuple[int, ...]:
        """Standard ids that were neither read in a vocabulary nor found with their code in a public source.

        >>> concept_set("hscrp").unverified, concept_set("other_trial").listed
        ((), ())
        """
        sure = {*self.verified, *chain.from_iterable(self.published.values())}
        found = {i for codes in self.codes.values() for code, i in codes.items() if code not in sure}
        return tuple(sorted(found - {0}))


def shipped() -> tuple[str, ...]:
    """Return the names of the concept sets that come with Calor.

    >>> "hscrp" in shipped()
    True
    """
    folder = files("calor.records") / "concept_sets"
    return tuple(sorted(path.name.removesuffix(".toml") for path in folder.iterdir() if path.name.endswith(".toml")))


@cache
def concept_set(name: str) -> ConceptSet:
    """Return a shipped concept set.

    Raises:
        RecordsError: There is none of this name.

    >>> concept_set("hscrp").codes["LOINC"]
    {'30522-7': 3010156}
    """
    if name not in shipped():
        fix = f"Shipped: {', '.join(shipped())}. Give another set's concepts in [screening.concepts]."
        raise RecordsError.must("concept set", "be one that is known", repr(name), fix=fix)
    text = (files("calor.records") / "concept_sets" / f"{name}.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    return ConceptSet(name, **{**told, "verified": tuple(told.get("verified", ()))})


def matches(pattern: str, codes: Iterable[str]) -> list[str]:
    """Return the codes that a pattern covers; `I21.*` covers `I21` too.

    >>> matches("I21.*", ["I21", "I21.4", "I210", "I25.2"])
    ['I21', 'I21.4']
    """
    if not pattern.endswith("*"):
        return [code for code in codes if code == pattern]
    stem = pattern[:-1]
    return [code for code in codes if code.startswith(stem) or (stem.endswith(".") and code == stem[:-1])]
