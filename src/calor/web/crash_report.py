"""Django's own report of a crash, for whoever has one sent, without the form and the variables."""

from __future__ import annotations

from typing import Any

from django.views.debug import SafeExceptionReporterFilter


class NothingTyped(SafeExceptionReporterFilter):
    """Keep forms and variables out of Django's own reports, whoever has them sent."""

    def is_active(self, request: Any) -> bool:
        """Return that it is, always."""
        return True

    def get_post_parameters(self, request: Any) -> dict[str, str]:
        """Return the names of what was sent."""
        sent = () if request is None else request.POST
        return {str(name): str(self.cleansed_substitute) for name in sent}

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> list[tuple[str, str]]:
        """Return the names of a place's variables."""
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
