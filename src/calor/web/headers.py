"""Headers of every answer: nothing from elsewhere, nothing inline, and no page that the browser keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

POLICY = "; ".join(
    (
        "default-src 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def headers(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Set the headers (Django middleware)."""

    def answer(request: Any) -> Any:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        response["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.setdefault("Cache-Control", "no-store")
        return response

    return answer
