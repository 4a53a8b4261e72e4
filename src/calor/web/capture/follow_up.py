"""The tables of follow-up: visits, laboratory values, adverse events, medication."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from calor.web.capture.versions import Version, once
from calor.web.models import KEEP, USER


class VisitRecord(Version):
    """A visit took place on a day, or did not (no day, and a reason)."""

    KEY: ClassVar = ("visit",)

    visit = models.CharField(max_length=40)
    on = models.DateField(null=True)

    class Meta:
        """What may exist only once."""

        constraints = (once("visit_version_once", "visit"),)


class _Value(Version):
    """A laboratory value at a visit, in the protocol's unit.

    `told` is what was typed; `value` its number, the limit itself where it is below that; `upper` the laboratory's
    upper limit of normal.
    """

    KEY: ClassVar = ("visit", "biomarker")

    visit = models.CharField(max_length=40)
    biomarker = models.CharField(max_length=40)
    told = models.CharField(max_length=20)
    value = models.FloatField()
    below = models.BooleanField()
    upper = models.FloatField(null=True)

    class Meta:
        """A pattern of tables, no table."""

        abstract = True


class LabValue(_Value):
    """A value that blinded people may see."""

    class Meta:
        """What may exist only once."""

        constraints = (once("value_version_once", "visit", "biomarker"),)


class WithheldValue(_Value):
    """A value after baseline that could reveal an arm, in a table that the blinded cannot read."""

    class Meta:
        """What may exist only once."""

        constraints = (once("withheld_version_once", "visit", "biomarker"),)


class AdverseEvent(Version):
    """An adverse event in the site's own words."""

    KEY: ClassVar = ("number",)

    number = models.IntegerField()
    term = models.CharField(max_length=200)
    onset = models.DateField()
    ended = models.DateField(null=True)
    grade = models.IntegerField()
    criteria = models.JSONField()
    infection = models.BooleanField()
    related = models.BooleanField()
    expected = models.BooleanField()
    learned_at = models.DateTimeField()

    class Meta:
        """What may exist only once."""

        constraints = (once("event_version_once", "number"),)


class SafetyReport(models.Model):
    """A serious event was reported in time, or late, to those who must know."""

    event = models.ForeignKey(AdverseEvent, KEEP)
    kind = models.CharField(max_length=20)
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class Medication(Version):
    """A concomitant medication."""

    KEY: ClassVar = ("number",)

    number = models.IntegerField()
    name = models.CharField(max_length=200)
    dose = models.CharField(max_length=100)
    indication = models.CharField(max_length=200)
    started = models.DateField()
    ended = models.DateField(null=True)

    class Meta:
        """What may exist only once."""

        constraints = (once("medication_version_once", "number"),)
