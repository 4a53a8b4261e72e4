"""The tables of running trials.

All but the two kinds of head are append-only: triggers in both databases refuse UPDATE and DELETE, and a correction is
a further row. A head is a counter that may only go up by one.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models

from calor.web.audit_tables import AuditHead, AuditRow

__all__ = [
    "KEEP", "USER", "ActiveMethod", "Allocation", "AssessmentClosing", "AuditHead", "AuditRow", "Correction",
    "Delivery", "ImpactAssessment", "Kit", "Notice", "Participant", "PersonDigest", "RoleChange", "SealedDraw",
    "Signature", "Site", "Slot", "StratumHead", "Trial", "Unblinding", "Withdrawal",
]  # fmt: skip

USER = settings.AUTH_USER_MODEL
KEEP = models.PROTECT


class Trial(models.Model):
    """A trial, as it was opened."""

    code = models.CharField(max_length=40, unique=True)
    arms = models.JSONField()
    opened_at = models.DateTimeField()


class Site(models.Model):
    """A hospital that takes part."""

    trial = models.ForeignKey(Trial, KEEP)
    code = models.CharField(max_length=40)

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "code"), name="site_once"),)


class RoleChange(models.Model):
    """A role granted to a person or taken back; the latest row counts."""

    user = models.ForeignKey(USER, KEEP)
    trial = models.ForeignKey(Trial, KEEP)
    site = models.ForeignKey(Site, KEEP, null=True)
    role = models.CharField(max_length=40)
    granted = models.BooleanField()
    at = models.DateTimeField()


class ActiveMethod(models.Model):
    """How a trial allocates, fixed once before it is used, with what was known of it then."""

    trial = models.OneToOneField(Trial, KEEP)
    method = models.CharField(max_length=200)
    guessable = models.CharField(max_length=200)
    parameters = models.JSONField()
    configuration = models.CharField(max_length=64)
    contents = models.CharField(max_length=64)
    at = models.DateTimeField()


class StratumHead(models.Model):
    """The next free place of a stratum, or of the whole trial where that is balanced; locked while it is given."""

    trial = models.ForeignKey(Trial, KEEP)
    stratum = models.CharField(max_length=100)
    next_position = models.IntegerField(default=0)

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "stratum"), name="stratum_once"),)


class Slot(models.Model):
    """A place with its sealed arm: of a list drawn beforehand, or of an adaptive allocation when it is given."""

    trial = models.ForeignKey(Trial, KEEP)
    stratum = models.CharField(max_length=100)
    position = models.IntegerField()
    sealed_arm = models.BinaryField()

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "stratum", "position"), name="slot_once"),)


class SealedDraw(models.Model):
    """The random element of the n-th adaptive allocation, drawn beforehand and sealed."""

    trial = models.ForeignKey(Trial, KEEP)
    n = models.IntegerField()
    sealed = models.BinaryField()

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "n"), name="draw_once"),)


class Delivery(models.Model):
    """Kits that arrived at a site together."""

    site = models.ForeignKey(Site, KEEP)
    contents = models.CharField(max_length=64)
    at = models.DateTimeField()


class Kit(models.Model):
    """A numbered kit with its sealed arm; the number is random."""

    trial = models.ForeignKey(Trial, KEEP)
    delivery = models.ForeignKey(Delivery, KEEP)
    number = models.CharField(max_length=20)
    sealed_arm = models.BinaryField()

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "number"), name="kit_once"),)


class Participant(models.Model):
    """A person under the study identifier, as first recorded."""

    trial = models.ForeignKey(Trial, KEEP)
    site = models.ForeignKey(Site, KEEP)
    identifier = models.CharField(max_length=40)
    stratum = models.CharField(max_length=100)
    consent_version = models.CharField(max_length=40)
    eligible = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "identifier"), name="participant_once"),)


class PersonDigest(models.Model):
    """A keyed digest of what identifies a person, so that nobody takes part twice; it leads back to no one."""

    trial = models.ForeignKey(Trial, KEEP)
    participant = models.ForeignKey(Participant, KEEP)
    digest = models.CharField(max_length=64)

    class Meta:
        """What may exist only once."""

        constraints = (models.UniqueConstraint(fields=("trial", "digest"), name="person_once"),)


class Withdrawal(models.Model):
    """A participant's consent was withdrawn; it counts at once."""

    participant = models.OneToOneField(Participant, KEEP)
    reason = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class Allocation(models.Model):
    """A place of the list and a kit given to a participant, and the stratum that was valid then."""

    trial = models.ForeignKey(Trial, KEEP)
    participant = models.OneToOneField(Participant, KEEP)
    slot = models.OneToOneField(Slot, KEEP)
    kit = models.OneToOneField(Kit, KEEP)
    stratum = models.CharField(max_length=100)
    position = models.IntegerField()
    key = models.CharField(max_length=80)
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()

    class Meta:
        """What may exist only once."""

        constraints = (
            models.UniqueConstraint(fields=("trial", "key"), name="key_once"),
            models.UniqueConstraint(fields=("trial", "stratum", "position"), name="position_once"),
        )


class Correction(models.Model):
    """A corrected value of a participant; it counts once another person has signed it."""

    participant = models.ForeignKey(Participant, KEEP)
    field = models.CharField(max_length=40)
    old = models.JSONField()
    new = models.JSONField()
    reason = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class Signature(models.Model):
    """A person's signature, bound to one record as it then was."""

    trial = models.ForeignKey(Trial, KEEP)
    record = models.CharField(max_length=80)
    record_digest = models.CharField(max_length=64)
    by = models.ForeignKey(USER, KEEP)
    printed_name = models.CharField(max_length=200)
    meaning = models.CharField(max_length=200)
    at = models.DateTimeField()


class Unblinding(models.Model):
    """One participant's arm was told to one person, and why; the arm is not written here."""

    participant = models.ForeignKey(Participant, KEEP)
    by = models.ForeignKey(USER, KEEP)
    reason = models.TextField()
    at = models.DateTimeField()


class ImpactAssessment(models.Model):
    """The assessment that each unblinding owes."""

    unblinding = models.OneToOneField(Unblinding, KEEP)
    opened_at = models.DateTimeField()


class AssessmentClosing(models.Model):
    """What the assessment of an unblinding concluded; it counts with its author's signature."""

    assessment = models.OneToOneField(ImpactAssessment, KEEP)
    conclusion = models.TextField()
    by = models.ForeignKey(USER, KEEP)
    at = models.DateTimeField()


class Notice(models.Model):
    """Something that holders of a role must be told; kept here so that no mail server can lose it."""

    trial = models.ForeignKey(Trial, KEEP)
    role = models.CharField(max_length=40)
    text = models.TextField()
    at = models.DateTimeField()
