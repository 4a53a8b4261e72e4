"""Create the tables (written by Django from the models)."""
# ruff: noqa: D101, RUF012

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("calor_web", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("person", models.BigIntegerField()),
                ("version", models.CharField(max_length=40)),
                ("signed_on", models.DateField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.site")),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="EligibilityCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(max_length=20)),
                ("answers", models.JSONField()),
                ("confirmed", models.JSONField()),
                ("records_as_of", models.DateField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("consent", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_capture.consent")),
            ],
        ),
        migrations.CreateModel(
            name="Enrollment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                (
                    "check_made",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, to="calor_capture.eligibilitycheck"
                    ),
                ),
                (
                    "consent",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_capture.consent"),
                ),
                (
                    "participant",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="consent",
            constraint=models.UniqueConstraint(fields=("site", "person"), name="consent_once"),
        ),
    ]
