"""An idle session ends after 30 minutes; it is kept alive by use, without a write to the database at each page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

_EVERY_S = 60


def idle(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Prolong a session in use, at most once a minute (Django middleware)."""

    def answer(request: Any) -> Any:
        session, now = request.session, int(time.time())
        if request.user.is_authenticated and now - session.get("used", 0) >= _EVERY_S:
            session["used"] = now
        return get_response(request)

    return answer
