"""What may be sent; a field not named here is refused, so nobody sets an arm, a time or a site by sending it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from calor.web.permissions import Role

Word = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f/]*$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Secret = Annotated[str, StringConstraints(max_length=128)]


class Body(Schema):
    """A body without further fields."""

    model_config = ConfigDict(extra="forbid")


class Signed(Body):
    """A body that its sender signs with name and password."""

    username: Annotated[str, StringConstraints(max_length=150)]
    password: Secret


class NewSite(Body):
    """A site to add."""

    site: Word


class NewRole(Body):
    """A role to grant or take back."""

    username: Annotated[str, StringConstraints(max_length=150, pattern=r"^[^\x00]*$")]
    role: Role
    site: Word | None = None
    granted: StrictBool = True
    reason: Sentence


class NewPerson(Body):
    """What identifies a person; kept as keyed digests only."""

    number: Annotated[str, StringConstraints(max_length=60)] = ""
    names: Annotated[str, StringConstraints(max_length=200)] = ""
    born: date | None = None


class NewParticipant(Body):
    """A participant to register."""

    site: Word
    identifier: Word
    stratum: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
    consent_version: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")]
    eligible: StrictBool
    person: NewPerson | None = None


class NewWithdrawal(Body):
    """Consent withdrawn."""

    reason: Sentence


class NewAllocation(Body):
    """An allocation asked for, in the stratum as it was shown."""

    stratum: Annotated[str, StringConstraints(max_length=100)]
    key: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]


class NewCorrection(Body):
    """A corrected value."""

    field: Word
    new: StrictBool | Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
    reason: Sentence


class NewSignature(Signed):
    """A signature under a participant's record."""

    meaning: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class NewUnblinding(Signed):
    """An emergency."""

    confirm: Word
    reason: Sentence


class NewConclusion(Signed):
    """What the assessment of an unblinding concluded."""

    conclusion: Sentence


class NewDelivery(Body):
    """Kits that arrived: the index of each kit's arm."""

    site: Word
    arms: Annotated[list[StrictInt], Field(min_length=1, max_length=10_000)]


class _Plan(Body):
    """How a trial is to allocate."""

    ratio: Annotated[list[Annotated[StrictInt, Field(ge=1, le=20)]], Field(min_length=2, max_length=10)]
    length: Annotated[StrictInt, Field(ge=1, le=10_000)]


class Blocks(_Plan):
    """Permuted blocks within strata."""

    plan: Literal["ListPlan"]
    sizes: Annotated[list[Annotated[StrictInt, Field(ge=1, le=60)]], Field(min_length=1, max_length=10)]
    strata: Annotated[list[Word], Field(min_length=1, max_length=100)]


Weight = Annotated[float, Field(ge=0, le=1000)]
Factors = Annotated[list[Annotated[list[Word], Field(min_length=2, max_length=10)]], Field(min_length=1, max_length=6)]


class Minimized(_Plan):
    """Pocock and Simon's minimization."""

    plan: Literal["MinimizationPlan"]
    factors: Factors
    probability: Annotated[float, Field(gt=0, le=1)]
    weights: list[Weight]
    spread: Literal["range", "variance", "sd"] = "range"


class HuHu(_Plan):
    """Hu and Hu's covariate-adaptive randomization."""

    plan: Literal["HuHuPlan"]
    factors: Factors
    probability: Annotated[float, Field(gt=0, le=1)]
    overall: Weight
    stratum: Weight
    margins: list[Weight]


class Preview(Body):
    """A plan to look at."""

    plan: Annotated[Blocks | Minimized | HuHu, Field(discriminator="plan")]


class Activation(Preview):
    """A plan to draw, with the digest that its preview gave."""

    configuration: Annotated[str, StringConstraints(max_length=64)]
