"""What may be sent; a field not named here is refused, so nobody sets an arm, a time or a site by sending it."""

from __future__ import annotations

from typing import Annotated

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


class NewParticipant(Body):
    """A participant to register."""

    site: Word
    identifier: Word
    stratum: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
    consent_version: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")]
    eligible: StrictBool


class NewAllocation(Body):
    """An allocation asked for."""

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


class NewDelivery(Body):
    """Kits that arrived: the index of each kit's arm."""

    site: Word
    arms: Annotated[list[StrictInt], Field(min_length=1, max_length=10_000)]


class Plan(Body):
    """A list before it is drawn."""

    ratio: Annotated[list[Annotated[StrictInt, Field(ge=1, le=20)]], Field(min_length=2, max_length=10)]
    sizes: Annotated[list[Annotated[StrictInt, Field(ge=1, le=60)]], Field(min_length=1, max_length=10)]
    strata: Annotated[list[Word], Field(min_length=1, max_length=100)]
    length: Annotated[StrictInt, Field(ge=1, le=10_000)]


class Activation(Plan):
    """A plan to draw, with the digest that its preview gave."""

    configuration: Word | Annotated[str, StringConstraints(max_length=64)]
