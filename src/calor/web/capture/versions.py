"""What is written in versions: a correction is a further row, with its reason, and the latest counts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from calor.web.models import KEEP, USER, Participant


class Version(models.Model):
    """One version of something about a participant; `KEY` names the columns that say of what."""

    KEY: ClassVar[tuple[str, ...]] = ()

    participant = models.ForeignKey(Participant, KEEP)
    version = models.IntegerField()
    reason = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()

    class Meta:
        """A pattern of tables, no table."""

        abstract = True

    @property
    def key(self) -> tuple[Any, ...]:
        """Of what this is a version."""
        return tuple(getattr(self, name) for name in self.KEY)


def once(name: str, *key: str) -> models.UniqueConstraint:
    """Return the rule that a version of a thing exists once."""
    return models.UniqueConstraint(fields=("participant", *key, "version"), name=name)
