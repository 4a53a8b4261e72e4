"""Create the tables of data cuts (written by Django from the models), and refuse to change or delete them."""
# ruff: noqa: D101, RUF012

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from calor.web.append_only import install_captured


class Migration(migrations.Migration):
    dependencies = [
        ("calor_capture", "0005_files"),
        ("calor_web", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataCut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                ("name", models.CharField(max_length=80)),
                ("reason", models.TextField()),
                ("cutoff", models.DateField()),
                ("look", models.CharField(max_length=40)),
                ("protocol", models.CharField(max_length=64)),
                ("version", models.CharField(max_length=40)),
                ("content", models.TextField()),
                ("digest", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="WithheldCut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.TextField()),
                (
                    "cut",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="withheld", to="calor_capture.datacut"
                    ),
                ),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.AddConstraint(
            model_name="datacut", constraint=models.UniqueConstraint(fields=("trial", "number"), name="cut_once")
        ),
        migrations.AddConstraint(
            model_name="datacut", constraint=models.UniqueConstraint(fields=("trial", "name"), name="cut_name_once")
        ),
        migrations.RunPython(install_captured("datacut", "withheldcut"), migrations.RunPython.noop),
    ]
