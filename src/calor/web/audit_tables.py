"""The tables of the audit trail, which hang on no other table."""

from __future__ import annotations

from django.db import models


class AuditHead(models.Model):
    """The end of a chain of audit rows; locked while a row is added."""

    chain = models.CharField(max_length=40, unique=True)
    n = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, default="")


class AuditRow(models.Model):
    """Who did what to which record, when and why, chained to the row before."""

    chain = models.CharField(max_length=40)
    n = models.IntegerField()
    at = models.CharField(max_length=40)
    actor = models.CharField(max_length=150)
    action = models.CharField(max_length=60)
    record = models.CharField(max_length=80)
    record_digest = models.CharField(max_length=64)
    reason = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("chain", "n"), name="audit_once"),)
