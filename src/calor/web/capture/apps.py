"""Django's description of what is captured."""

from __future__ import annotations

from django.apps import AppConfig


class CaptureConfig(AppConfig):
    """The tables of captured data."""

    name = "calor.web.capture"
    label = "calor_capture"
    default_auto_field = "django.db.models.BigAutoField"
