"""Create the tables (written by Django from the models)."""
# ruff: noqa: D101, RUF012

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chain", models.CharField(max_length=40, unique=True)),
                ("n", models.IntegerField(default=0)),
                ("digest", models.CharField(default="", max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contents", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="ImpactAssessment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opened_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Participant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identifier", models.CharField(max_length=40)),
                ("stratum", models.CharField(max_length=100)),
                ("consent_version", models.CharField(max_length=40)),
                ("eligible", models.BooleanField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Site",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name="Trial",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40, unique=True)),
                ("arms", models.JSONField()),
                ("opened_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chain", models.CharField(max_length=40)),
                ("n", models.IntegerField()),
                ("at", models.CharField(max_length=40)),
                ("actor", models.CharField(max_length=150)),
                ("action", models.CharField(max_length=60)),
                ("record", models.CharField(max_length=80)),
                ("record_digest", models.CharField(max_length=64)),
                ("reason", models.TextField()),
                ("digest", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("chain", "n"), name="audit_once")],
            },
        ),
        migrations.CreateModel(
            name="AssessmentClosing",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("conclusion", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "assessment",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.impactassessment"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Kit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=20)),
                ("sealed_arm", models.BinaryField()),
                ("delivery", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.delivery")),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field", models.CharField(max_length=40)),
                ("old", models.JSONField()),
                ("new", models.JSONField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="participant",
            name="site",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.site"),
        ),
        migrations.AddField(
            model_name="delivery",
            name="site",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.site"),
        ),
        migrations.CreateModel(
            name="Slot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stratum", models.CharField(max_length=100)),
                ("position", models.IntegerField()),
                ("sealed_arm", models.BinaryField()),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.AddField(
            model_name="site",
            name="trial",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial"),
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("record", models.CharField(max_length=80)),
                ("record_digest", models.CharField(max_length=64)),
                ("printed_name", models.CharField(max_length=200)),
                ("meaning", models.CharField(max_length=200)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="SealedDraw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("n", models.IntegerField()),
                ("sealed", models.BinaryField()),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="RoleChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=40)),
                ("granted", models.BooleanField()),
                ("at", models.DateTimeField()),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "site",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, to="calor_web.site"),
                ),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="PersonDigest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.AddField(
            model_name="participant",
            name="trial",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial"),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("role", models.CharField(max_length=40)),
                ("text", models.TextField()),
                ("at", models.DateTimeField()),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stratum", models.CharField(max_length=100)),
                ("position", models.IntegerField()),
                ("key", models.CharField(max_length=80)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("kit", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.kit")),
                (
                    "participant",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
                ("slot", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.slot")),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="ActiveMethod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("method", models.CharField(max_length=200)),
                ("guessable", models.CharField(max_length=200)),
                ("parameters", models.JSONField()),
                ("configuration", models.CharField(max_length=64)),
                ("contents", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("trial", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="Unblinding",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.AddField(
            model_name="impactassessment",
            name="unblinding",
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.unblinding"),
        ),
        migrations.CreateModel(
            name="Withdrawal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "participant",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, to="calor_web.participant"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StratumHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stratum", models.CharField(max_length=100)),
                ("next_position", models.IntegerField(default=0)),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("trial", "stratum"), name="stratum_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(fields=("trial", "stratum", "position"), name="slot_once"),
        ),
        migrations.AddConstraint(
            model_name="site",
            constraint=models.UniqueConstraint(fields=("trial", "code"), name="site_once"),
        ),
        migrations.AddConstraint(
            model_name="sealeddraw",
            constraint=models.UniqueConstraint(fields=("trial", "n"), name="draw_once"),
        ),
        migrations.AddConstraint(
            model_name="persondigest",
            constraint=models.UniqueConstraint(fields=("trial", "digest"), name="person_once"),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.UniqueConstraint(fields=("trial", "identifier"), name="participant_once"),
        ),
        migrations.AddConstraint(
            model_name="kit",
            constraint=models.UniqueConstraint(fields=("trial", "number"), name="kit_once"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.UniqueConstraint(fields=("trial", "key"), name="key_once"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.UniqueConstraint(fields=("trial", "stratum", "position"), name="position_once"),
        ),
    ]
