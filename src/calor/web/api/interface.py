"""The interface itself: who may call, what an error looks like, and the action that each address declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Router
from ninja.errors import ValidationError
from ninja.security import django_auth
from ninja.utils import replace_path_param_notation

from calor.errors import CalorError
from calor.web.permissions import Action

Handler = Callable[..., Any]


def stands_for(action: Action) -> Callable[[Handler], Handler]:
    """Declare the action that a handler stands for; `find` asks the address for it, so what is declared is checked."""

    def declare(handler: Handler) -> Handler:
        handler.action = action  # type: ignore[attr-defined]
        return handler

    return declare


def addresses(*routers: Router) -> tuple[list[Any], str, str]:
    """Join routers to one interface, and return its addresses, each with the action that it declares by method.

    A test asks every address for its action.
    """
    # No documentation page: it would load from elsewhere. The description holds no more than this source.
    api = NinjaAPI(title="Calor", version="1", auth=django_auth, docs_url=None, urls_namespace="api")
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
