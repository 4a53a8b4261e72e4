"""The interface itself: who may call, what an error looks like, and the action that each address declares."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django_otp import user_has_device
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError
from ninja.security import SessionAuth
from ninja.utils import replace_path_param_notation

from calor.errors import CalorError
from calor.web.permissions import Action

Handler = Callable[..., Any]


class _SignedIn(SessionAuth):
    """A session like that of the pages: who has an authenticator has given its code too."""

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:
        """Return who is signed in, or None."""
        user = request.user
        return user if user.is_authenticated and (user.is_verified() or not user_has_device(user)) else None


def stands_for(action: Action) -> Callable[[Handler], Handler]:
    """Declare the action that a handler stands for; `find` asks the address for it, so what is declared is checked."""

    def declare(handler: Handler) -> Handler:
        handler.action = action  # type: ignore[attr-defined]
        return handler

    return declare


class _Interface(NinjaAPI):
    """An interface whose description names the refusals that every address can give."""

    def get_openapi_schema(self, **_: Any) -> Any:
        """Return the description, which is made once: it is the same for everybody."""
        return self._described

    @cached_property
    def _described(self) -> Any:
        described = super().get_openapi_schema()
        for path in described["paths"].values():
            for operation in path.values():
                operation["responses"] |= _REFUSALS
        return described


def _described(why: str, detail: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": ["detail"], "properties": {"detail": detail}}
    return {"description": why, "content": {"application/json": {"schema": schema}}}


_PLACE = {"type": "object", "properties": {"where": {"type": "array"}, "rule": {"type": "string"}}}
_REFUSALS = {
    400: _described("No JSON", {"type": "string"}),
    401: _described("Not signed in", {"type": "string"}),
    403: {"description": "Without the token against forged requests"},
    404: {"description": "Absent, or not for this person: both look alike"},
    409: _described("Refused by a rule, which is told", {"type": "string"}),
    422: _described("Not as described", {"type": "array", "items": _PLACE}),
}


def addresses(*routers: Router) -> tuple[list[Any], str, str]:
    """Join routers to one interface, and return its addresses, each with the action that it declares by method.

    A test asks every address for its action.
    """
    # No documentation page: it would load from elsewhere. The description holds no more than this source.
    api = _Interface(title="Calor", version="1", auth=_SignedIn(), docs_url=None, urls_namespace="api")
    for router in routers:
        api.add_router("", router)
    api.add_exception_handler(CalorError, _refused)
    api.add_exception_handler(ValidationError, _malformed)
    patterns, application, namespace = api.urls
    handlers = {
        replace_path_param_notation(path).lstrip("/"): view.operations
        for router in routers
        for path, view in router.path_operations.items()
    }
    description = next(pattern for pattern in patterns if pattern.name == "openapi-json")
    for pattern in patterns:
        if pattern.name == "api-root":  # it would lead to the documentation page
            pattern.callback = description.callback
        declared = handlers.get(str(pattern.pattern), ())
        actions = {method: _action(each.view_func) for each in declared for method in each.methods}
        pattern.callback.action = actions or None
    return patterns, application, namespace


def _action(handler: Any) -> Action:
    return handler.action


def _refused(request: HttpRequest, error: Any) -> HttpResponse:
    return _answer({"detail": str(error)}, 409)


def _malformed(request: HttpRequest, error: Any) -> HttpResponse:
    # What was sent is not sent back, nor does it reach a log: it may be a password.
    found = [{"where": list(each["loc"]), "rule": each["msg"]} for each in error.errors]
    return _answer({"detail": found}, 422)


def _answer(body: dict[str, Any], status: int) -> HttpResponse:
    return JsonResponse(body, status=status)
