"""The tables of files that the blinded must not know: laboratory files that wait, and exports with arms."""

from __future__ import annotations

from django.db import models

from calor.web.models import KEEP, USER, Site, Trial


class WithheldFile(models.Model):
    """Values of a site's laboratory file that could reveal an arm, in a table that the blinded cannot read."""

    trial = models.ForeignKey(Trial, KEEP)
    site = models.ForeignKey(Site, KEEP)
    content = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class WithheldFileDone(models.Model):
    """Unblinded people imported such a file, or set it aside, and why."""

    file = models.OneToOneField(WithheldFile, KEEP, related_name="done")
    what = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class UnblindedExport(models.Model):
    """An export with arms; its digest depends on them."""

    trial = models.ForeignKey(Trial, KEEP)
    kind = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()
