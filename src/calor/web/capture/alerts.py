"""The tables of alerts: what a rule found, to whom it went, and who took it up."""

from __future__ import annotations

from django.db import models

from calor.web.models import KEEP, USER, Participant, Trial


class _Alert(models.Model):
    """A rule's finding, once for each key; `roles` are those to whom it goes."""

    trial = models.ForeignKey(Trial, KEEP)
    participant = models.ForeignKey(Participant, KEEP, null=True)
    rule = models.CharField(max_length=40)
    key = models.CharField(max_length=120)
    text = models.TextField()
    action = models.TextField()
    roles = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        """A pattern of tables, no table."""

        abstract = True


class Alert(_Alert):
    """A finding that blinded people may read."""

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "key"), name="alert_once"),)


class WithheldAlert(_Alert):
    """A finding that could reveal an arm, in a table that the blinded cannot read."""

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "key"), name="withheld_alert_once"),)


class Acknowledgement(models.Model):
    """A person took up an alert, and what was done."""

    alert = models.OneToOneField(Alert, KEEP)
    done = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class WithheldAcknowledgement(models.Model):
    """The same of a withheld alert."""

    alert = models.OneToOneField(WithheldAlert, KEEP, related_name="acknowledgement")
    done = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()
