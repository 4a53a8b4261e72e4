"""Eligibility as a machine can judge it on health records: the source of the records and one rule per criterion."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from calor.protocol.biomarkers import Comparator
from calor.protocol.value import Identifier, Text, Value

Days = Annotated[int, Field(ge=0)]
CriterionId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""Short, in lower case: it names columns in every database."""


class InfarctionCriterion(Value):
    """The latest infarction on or before the day of screening lies in a window; it is the index of other rules.

    Attributes:
        days: Fewest and most days since the infarction, both included.
    """

    kind: Literal["recent_infarction"]
    id: CriterionId
    days: tuple[Days, Days] = (0, 365)


class AgeCriterion(Value):
    """Age in completed years.

    Attributes:
        by: `birthday` counts birthdays (29 February counts on 1 March in other years); `year` subtracts years of birth.
    """

    kind: Literal["age"]
    id: CriterionId
    at_least: int = Field(default=18, ge=0)
    at_most: int | None = None
    by: Literal["birthday", "year"] = "birthday"


class AliveCriterion(Value):
    """No death on or before the day of screening; a death without date leaves it undetermined."""

    kind: Literal["alive"]
    id: CriterionId


class DrugCoveredCriterion(Value):
    """A drug of a set is covered now: its end, else start plus days supply, is at most `grace_days` ago.

    No record counts as not covered; a record with neither end nor supply leaves it undetermined.
    """

    kind: Literal["drug_covered"]
    id: CriterionId
    drug: Identifier
    grace_days: Days = 30


class DrugAbsentCriterion(Value):
    """No drug of a set was covered within the last `within_days`, both ends included."""

    kind: Literal["drug_absent"]
    id: CriterionId
    drug: Identifier
    within_days: Days = 90


class EventAbsentCriterion(Value):
    """No condition or observation of a set within the last `within_days`, both ends included; None means never."""

    kind: Literal["event_absent"]
    id: CriterionId
    event: Identifier
    within_days: Days | None = None


class LatestLabCriterion(Value):
    """The latest result within the last `within_days` passes; none, or one that cannot be read, is undetermined.

    Of several results on one day the least favorable counts.
    """

    kind: Literal["latest_lab"]
    id: CriterionId
    lab: Identifier
    comparator: Comparator
    cutoff: float
    unit: Text
    within_days: Days = 365


class GateCriterion(Value):
    """The protocol's [gate] on serial results.

    Results of one day count as one test, the lowest. A test set aside, or a record that holds only the stand-in
    assay, leaves the answer undetermined where it could change it.

    Attributes:
        lab: Concept set of the assay.
        stand_in: Concept set of a less sensitive assay that is never taken for the real one.
        run_in_drug: Tests count from `run_in_days` after the first record of this drug on or after the infarction.
        pattern: `any` tests that pass; `last`, those since the last one that did not pass; `all` tests.
    """

    kind: Literal["biomarker_gate"]
    id: CriterionId
    lab: Identifier = "hscrp"
    stand_in: Identifier | None = "crp"
    run_in_drug: Identifier | None = "statin"
    run_in_days: Days = 28
    pattern: Literal["any", "last", "all"] = "any"


ScreeningCriterion = Annotated[
    InfarctionCriterion
    | AgeCriterion
    | AliveCriterion
    | DrugCoveredCriterion
    | DrugAbsentCriterion
    | EventAbsentCriterion
    | LatestLabCriterion
    | GateCriterion,
    Field(discriminator="kind"),
]


class BenefitModel(Value):
    """Where the predicted benefit comes from that leads the ranking of candidates.

    Attributes:
        finding: Folder of a stored interaction of effect and biomarker, `results/analyses/<id>` of a finished trial,
            relative to this trial's folder. Its biomarker must be the gate's, in the gate's unit.
        better: Whether a lower or a higher value of that trial's endpoint is better.
    """

    finding: Text
    better: Literal["lower", "higher"] = "lower"


class Screening(Value):
    """How candidates are found in health records.

    Attributes:
        records: A folder of OMOP tables or FHIR NDJSON in the trial's folder, a DuckDB file, or a database's address.
        as_of: Day of screening; None means the day on which the screen is run.
        infarction: Concept set of the index event.
        vocabulary: `site` resolves concept sets, with descendants, in the site's own vocabulary tables; `listed` takes
            the standard concepts as they are listed, for records that hold exactly those.
        concepts: Standard concept ids that replace a shipped set, by name of the set.
        absent: Sets that the site is known to lack; the criteria that need them are undetermined for everyone.
        time_zone: Zone in which a time-stamped column is turned into days.
        share_cells_from: Smallest count that is printed in tables meant for sharing; smaller ones read `<n`.
        molar_mass_g_per_mol: Of laboratory sets that `concepts` defines, by name: without it a result in units of mass
            is never turned into one in units of substance.
        benefit: The model whose predicted benefit leads the ranking; without one it is ranked by the rest.
        criteria: In the order in which the funnel asks them.
    """

    records: Text = "records"
    as_of: date | None = None
    infarction: Identifier = "mi"
    vocabulary: Literal["site", "listed"] = "site"
    concepts: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    absent: tuple[Identifier, ...] = ()
    time_zone: Text = "UTC"
    share_cells_from: int = Field(default=5, ge=1)
    molar_mass_g_per_mol: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    benefit: BenefitModel | None = None
    criteria: tuple[ScreeningCriterion, ...] = Field(min_length=1)

    def sets(self) -> tuple[str, ...]:
        """Return the concept sets that the criteria name, each once, the infarction first.

        >>> rule = GateCriterion(kind="biomarker_gate", id="persistent")
        >>> Screening(criteria=(rule,)).sets()
        ('mi', 'hscrp', 'crp', 'statin')
        """
        names = [self.infarction]
        for rule in self.criteria:
            for key in ("event", "drug", "lab", "stand_in", "run_in_drug"):
                name = getattr(rule, key, None)
                names += [name] if name else []
        return tuple(dict.fromkeys(names))
