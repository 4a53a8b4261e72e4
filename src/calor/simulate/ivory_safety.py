"""Adverse events of the reconstructed IVORY: mostly mild injection-site reactions, as published; the counts are not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.simulate.ivory_conduct import dosing_days

_GENERAL = "General disorders and administration site conditions"
_NERVOUS, _CARDIAC, _SKIN = "Nervous system disorders", "Cardiac disorders", "Skin and subcutaneous tissue disorders"
_LUNG, _GUT = "Respiratory, thoracic and mediastinal disorders", "Gastrointestinal disorders"
_OTHER = ("Infections and infestations", "Investigations", "Musculoskeletal disorders", "Vascular disorders")


@dataclass(frozen=True)
class Term:
    """One kind of adverse event.

    Attributes:
        term: Plain words; no coded dictionary is used.
        body_system: Organ class.
        placebo, aldesleukin: Participants with it.
        related: Whether judged related to treatment.
        episodes: Mean number of episodes beyond the first, under aldesleukin.
        serious: Participants of each arm (placebo, aldesleukin) in whom the first episode was serious.
    """

    term: str
    body_system: str
    placebo: int
    aldesleukin: int
    related: bool = False
    episodes: float = 0.0
    serious: tuple[int, int] = (0, 0)


INJECTION_SITE = "Injection site reaction"
TERMS = (
    Term(INJECTION_SITE, _GENERAL, 5, 26, related=True, episodes=6.0),
    Term("Fatigue", _GENERAL, 6, 9, episodes=0.2),
    Term("Chest pain", _GENERAL, 7, 6, episodes=0.2, serious=(1, 1)),
    Term("Influenza-like illness", _GENERAL, 1, 4, related=True, episodes=0.3),
    Term("Fever", _GENERAL, 0, 2, related=True),
    Term("Headache", _NERVOUS, 4, 6, episodes=0.3),
    Term("Dizziness", _NERVOUS, 5, 4),
    Term("Shortness of breath", _LUNG, 4, 3),
    Term("Cough", _LUNG, 2, 2),
    Term("Bruising", _SKIN, 6, 5),
    Term("Rash", _SKIN, 1, 4, related=True),
    Term("Nausea", _GUT, 2, 4),
    Term("Diarrhea", _GUT, 2, 3),
    Term("Upper respiratory tract infection", _OTHER[0], 5, 4),
    Term("Eosinophil count increased", _OTHER[1], 0, 5, related=True),
    Term("Muscle pain", _OTHER[2], 3, 3),
    Term("Palpitations", _CARDIAC, 3, 2),
    Term("Atrial fibrillation", _CARDIAC, 1, 0, serious=(1, 0)),
    Term("Low blood pressure", _OTHER[3], 2, 2),
)
BEFORE_TREATMENT = Term("Catheter site bruise", _SKIN, 1, 2)
_GRADES = {"MILD": "1", "MODERATE": "2", "SEVERE": "3"}


def adverse_events(rng: np.random.Generator, table: pd.DataFrame) -> pd.DataFrame:
    """Give every participant adverse events, with exact numbers of participants per term and arm.

    >>> from calor.simulate.ivory_baseline import baseline
    >>> from calor.simulate.ivory_conduct import conduct
    >>> from calor.simulate.ivory_model import IvoryModel
    >>> rng = np.random.default_rng(1)
    >>> events = adverse_events(rng, conduct(rng, baseline(rng, IvoryModel())))
    >>> int(events.loc[events["term"] == "Injection site reaction", "row"].nunique())
    31

    Args:
        rng: Random generator.
        table: Participants, from `ivory_conduct.conduct`.

    Returns:
        One row per episode: `row` (of `table`), `term`, `body_system`, `severity`, `grade`, `related`, `serious`,
        `first` and `last` (ADaM days, `last` NaN while not resolved), `withdrawn`, `emergent`.
    """
    rows = []
    for arm, name in enumerate(("Placebo", "Aldesleukin")):
        people = np.flatnonzero(table["arm"] == name)
        for term in TERMS:
            count = (term.placebo, term.aldesleukin)[arm]
            for i, row in enumerate(rng.choice(people, count, replace=False)):
                extra = rng.poisson(term.episodes) if name == "Aldesleukin" else 0
                for episode in range(1 + extra):
                    serious = episode == 0 and i < term.serious[arm]
                    rows.append(_episode(rng, table.iloc[row], row, term, serious=serious))
        count = (BEFORE_TREATMENT.placebo, BEFORE_TREATMENT.aldesleukin)[arm]
        for row in rng.choice(people, count, replace=False):
            rows.append(_episode(rng, table.iloc[row], row, BEFORE_TREATMENT, serious=False) | {"emergent": False})
    for row in np.flatnonzero(table["reason"] == "ADVERSE EVENT"):
        rows.append(_withdrawal(table.iloc[row], int(row)))
    made = pd.DataFrame(rows)
    before = ~made["emergent"]
    made.loc[before, "first"], made.loc[before, "last"] = -1, 3
    return made.sort_values(["row", "first", "term"], kind="stable", ignore_index=True)


def _episode(rng: np.random.Generator, person: pd.Series, row: int, term: Term, *, serious: bool) -> dict[str, object]:
    """Draw one episode: reactions start on a dosing day, anything else on any day of the trial."""
    if term.term == INJECTION_SITE:
        first = int(rng.choice([day for day in dosing_days() if day <= person["last_dose"]]))
    else:
        first = int(rng.integers(1, person["last_day"]))
    mild = rng.random() < (0.96 if term.term == INJECTION_SITE else 0.88)
    severity = "SEVERE" if serious else "MILD" if mild else "MODERATE"
    last = first + int(rng.geometric(0.3))
    return {
        "row": row, "term": term.term, "body_system": term.body_system, "severity": severity,
        "grade": _GRADES[severity], "related": term.related, "serious": serious, "first": first,
        "last": last if last <= person["last_day"] else np.nan, "withdrawn": False, "emergent": True,
    }  # fmt: skip


def _withdrawal(person: pd.Series, row: int) -> dict[str, object]:
    """Give the event that ended treatment."""
    return {
        "row": row, "term": "Allergic skin reaction", "body_system": _SKIN, "severity": "MODERATE", "grade": "2",
        "related": True, "serious": False, "first": int(person["last_dose"]), "last": int(person["last_day"]),
        "withdrawn": True, "emergent": True,
    }  # fmt: skip
