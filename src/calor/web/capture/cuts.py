"""The tables of data cuts: the data as they stood, kept whole, from which the board's reports are made."""

from __future__ import annotations

from django.db import models

from calor.web.models import KEEP, USER, Trial


class DataCut(models.Model):
    """The data up to a day as they were known at a moment: what blinded people may have, and what it is called.

    `protocol` is the SHA-256 of the protocol's file, `version` that of Calor; `look` the planned look that the cut is
    made for, or empty. `digest` covers `content` and the content of the withheld part.
    """

    trial = models.ForeignKey(Trial, KEEP)
    number = models.IntegerField()
    name = models.CharField(max_length=80)
    reason = models.TextField()
    cutoff = models.DateField()
    look = models.CharField(max_length=40)
    protocol = models.CharField(max_length=64)
    version = models.CharField(max_length=40)
    content = models.TextField()
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()

    class Meta:
        """What may exist only once."""

        constraints = (
            models.UniqueConstraint(fields=("trial", "number"), name="cut_once"),
            models.UniqueConstraint(fields=("trial", "name"), name="cut_name_once"),
        )


class WithheldCut(models.Model):
    """The part of a cut that could reveal an arm, with the sealed arms, in a table that the blinded cannot read."""

    trial = models.ForeignKey(Trial, KEEP)
    cut = models.OneToOneField(DataCut, KEEP, related_name="withheld")
    content = models.TextField()
