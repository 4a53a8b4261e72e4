"""The tables of data cleaning: queries with their answers, and the lock of the data."""

from __future__ import annotations

from django.db import models

from calor.web.models import KEEP, USER, Participant, Trial


class Query(models.Model):
    """A monitor's question about a participant's data."""

    participant = models.ForeignKey(Participant, KEEP)
    about = models.CharField(max_length=80)
    text = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class QueryStep(models.Model):
    """An answer to a query, or its end."""

    query = models.ForeignKey(Query, KEEP, related_name="steps")
    kind = models.CharField(max_length=20)
    text = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class DataLock(models.Model):
    """The data as they were when they were locked; from then on nothing more is captured."""

    trial = models.OneToOneField(Trial, KEEP)
    digest = models.CharField(max_length=64)
    records = models.IntegerField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()
