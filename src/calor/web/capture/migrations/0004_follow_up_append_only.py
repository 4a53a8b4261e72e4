"""Refuse to change or delete what follow-up captured."""

from django.db import migrations

from calor.web.append_only import install_captured

TABLES = (
    "visitrecord", "labvalue", "withheldvalue", "adverseevent", "safetyreport", "medication", "alert", "withheldalert",
    "acknowledgement", "withheldacknowledgement", "query", "querystep", "datalock",
)  # fmt: skip


class Migration(migrations.Migration):
    """Create the triggers; they go with their tables."""

    dependencies = (("calor_capture", "0003_follow_up"),)
    operations = (migrations.RunPython(install_captured(*TABLES), migrations.RunPython.noop),)
