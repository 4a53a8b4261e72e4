"""Refuse to change or delete what has been written."""

from django.db import migrations

from calor.web.append_only import install


class Migration(migrations.Migration):
    """Create the triggers; they go with their tables."""

    dependencies = (("calor_web", "0001_tables"), ("auth", "0012_alter_user_first_name_max_length"))
    operations = (migrations.RunPython(install, migrations.RunPython.noop),)
