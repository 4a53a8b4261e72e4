"""The tables of laboratory files that wait for unblinded people."""

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
