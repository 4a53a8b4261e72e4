"""Refuse to change or delete what has been captured."""

from django.db import migrations

from calor.web.append_only import install_captured


class Migration(migrations.Migration):
    """Create the triggers; they go with their tables."""

    dependencies = (("calor_capture", "0001_initial"),)
    operations = (
        migrations.RunPython(install_captured("consent", "eligibilitycheck", "enrollment"), migrations.RunPython.noop),
    )
