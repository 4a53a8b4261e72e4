"""Django's description of the application."""

from __future__ import annotations

from django.apps import AppConfig


class CalorWebConfig(AppConfig):
    """The tables and services of a running trial."""

    name = "calor.web"
    label = "calor_web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Write every login, logout and failure to the audit trail."""
        from calor.web import access  # noqa: PLC0415  (models exist only now)

        access.record_logins()
