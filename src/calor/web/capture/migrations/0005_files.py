"""The tables of laboratory files that wait for unblinded people, and of exports with arms."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from calor.web.append_only import install_captured


class Migration(migrations.Migration):
    """Create them with their triggers."""

    dependencies = (
        ("calor_capture", "0004_follow_up_append_only"),
        ("calor_web", "0002_append_only"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    )

    operations = (
        migrations.CreateModel(
            name="UnblindedExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("sha256", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="WithheldFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("content", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.site")),
                ("trial", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="calor_web.trial")),
            ],
        ),
        migrations.CreateModel(
            name="WithheldFileDone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("what", models.TextField()),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to=settings.AUTH_USER_MODEL)),
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="done",
                        to="calor_capture.withheldfile",
                    ),
                ),
            ],
        ),
        migrations.RunPython(
            install_captured("withheldfile", "withheldfiledone", "unblindedexport"), migrations.RunPython.noop
        ),
    )
