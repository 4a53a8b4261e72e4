"""The door of every page: signed in, second factor given where there is one, and the page's action permitted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods
from django_otp import user_has_device

from calor.web.pages.visitor import visitor_of
from calor.web.permissions import Action

View = Callable[..., Any]


def page(action: Action, *methods: str) -> Callable[[View], View]:
    """Make a view a page that one action of the permission table opens; to others it looks absent.

    Args:
        action: What the page does; where it is permitted at a site only, the view asks for the site too.
        methods: HTTP methods; GET by default.
    """

    def guard(view: View) -> View:
        @require_http_methods(methods or ("GET", "HEAD"))
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            user = request.user
            if not user.is_authenticated:
                return _to_sign_in(request)
            if not user.is_verified() and user_has_device(user):
                return redirect("second-factor")
            request.visitor = visitor_of(user)
            if not request.visitor.may(action):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.action = action  # a test asks every route for it
        return guarded

    return guard


def anyone(view: View) -> View:
    """Mark a view as open to people who have not signed in."""
    view.action = None  # type: ignore[attr-defined]
    return view


def _to_sign_in(request: Any) -> Any:
    if request.htmx:  # a fragment cannot hold the sign-in page: the whole page goes there
        response = redirect_to_login(request.htmx.current_url_abs_path or "/")
        response["HX-Redirect"], response.status_code = response["Location"], 200
        return response
    return redirect_to_login(request.get_full_path())
