"""The tables of what is captured while the trial runs; all append-only, as those of `calor.web.models`."""

from __future__ import annotations

from django.db import models

from calor.web.capture.alerts import Acknowledgement, Alert, WithheldAcknowledgement, WithheldAlert
from calor.web.capture.cuts import DataCut, WithheldCut
from calor.web.capture.files import UnblindedExport, WithheldFile, WithheldFileDone
from calor.web.capture.follow_up import AdverseEvent, LabValue, Medication, SafetyReport, VisitRecord, WithheldValue
from calor.web.capture.queries import DataLock, Query, QueryStep
from calor.web.models import KEEP, USER, Participant, Site, Trial

__all__ = [
    "Acknowledgement", "AdverseEvent", "Alert", "Consent", "DataCut", "DataLock", "EligibilityCheck", "Enrollment",
    "LabValue", "Medication", "Query", "QueryStep", "SafetyReport", "UnblindedExport", "VisitRecord",
    "WithheldAcknowledgement", "WithheldAlert", "WithheldCut", "WithheldFile", "WithheldFileDone", "WithheldValue",
]  # fmt: skip


class Consent(models.Model):
    """A candidate of the health records consented to the trial.

    `person` is the number in the site's records; it stays at the site and is in no export.
    """

    trial = models.ForeignKey(Trial, KEEP)
    site = models.ForeignKey(Site, KEEP)
    person = models.BigIntegerField()
    version = models.CharField(max_length=40)
    signed_on = models.DateField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("site", "person"), name="consent_once"),)


class EligibilityCheck(models.Model):
    """The criteria judged again on the records at the moment of randomization."""

    consent = models.ForeignKey(Consent, KEEP)
    status = models.CharField(max_length=20)
    answers = models.JSONField()
    confirmed = models.JSONField()
    records_as_of = models.DateField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class Enrollment(models.Model):
    """Which participant a consenting candidate became, and on which check."""

    consent = models.OneToOneField(Consent, KEEP)
    check_made = models.OneToOneField(EligibilityCheck, KEEP)
    participant = models.OneToOneField(Participant, KEEP)
    at = models.DateTimeField()
