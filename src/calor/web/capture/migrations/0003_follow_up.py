"""Create the tables of follow-up (written by Django from the models)."""
# ruff: noqa: D101, RUF012

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("calor_capture", "0002_append_only"),
        ("calor_web", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AdverseEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("number", models.IntegerField()),
                ("term", models.CharField(max_length=200)),
                ("onset", models.DateField()),
                ("ended", models.DateField(null=True)),
                ("grade", models.IntegerField()),
                ("criteria", models.JSONField()),
                ("infection", models.BooleanField()),
                ("related", models.BooleanField()),
                ("expected", models.BooleanField()),
                ("learned_at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=120)),
                ("text", models.TextField()),
                ("action", models.TextField()),
                ("roles", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "participant",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"
                    ),
                ),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="Acknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("done", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("alert", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_capture.alert")),
            ],
        ),
        migrations.CreateModel(
            name="DataLock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                ("records", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("trial", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="LabValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("visit", models.CharField(max_length=40)),
                ("biomarker", models.CharField(max_length=40)),
                ("told", models.CharField(max_length=20)),
                ("value", models.FloatField()),
                ("below", models.BooleanField()),
                ("upper", models.FloatField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Medication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("number", models.IntegerField()),
                ("name", models.CharField(max_length=200)),
                ("dose", models.CharField(max_length=100)),
                ("indication", models.CharField(max_length=200)),
                ("started", models.DateField()),
                ("ended", models.DateField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Query",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(max_length=80)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QueryStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "query",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="calor_capture.query"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SafetyReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "event",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_capture.adverseevent"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VisitRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("visit", models.CharField(max_length=40)),
                ("on", models.DateField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WithheldAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=120)),
                ("text", models.TextField()),
                ("action", models.TextField()),
                ("roles", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "participant",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"
                    ),
                ),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="WithheldAcknowledgement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("done", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "alert",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acknowledgement",
                        to="calor_capture.withheldalert",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WithheldValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("visit", models.CharField(max_length=40)),
                ("biomarker", models.CharField(max_length=40)),
                ("told", models.CharField(max_length=20)),
                ("value", models.FloatField()),
                ("below", models.BooleanField()),
                ("upper", models.FloatField(null=True)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="adverseevent",
            constraint=models.UniqueConstraint(fields=("participant", "number", "version"), name="event_version_once"),
        ),
        migrations.AddConstraint(
            model_name="alert",
            constraint=models.UniqueConstraint(fields=("trial", "key"), name="alert_once"),
        ),
        migrations.AddConstraint(
            model_name="labvalue",
            constraint=models.UniqueConstraint(
                fields=("participant", "visit", "biomarker", "version"), name="value_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="medication",
            constraint=models.UniqueConstraint(
                fields=("participant", "number", "version"), name="medication_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="visitrecord",
            constraint=models.UniqueConstraint(fields=("participant", "visit", "version"), name="visit_version_once"),
        ),
        migrations.AddConstraint(
            model_name="withheldalert",
            constraint=models.UniqueConstraint(fields=("trial", "key"), name="withheld_alert_once"),
        ),
        migrations.AddConstraint(
            model_name="withheldvalue",
            constraint=models.UniqueConstraint(
                fields=("participant", "visit", "biomarker", "version"), name="withheld_version_once"
            ),
        ),
    ]
