"""The trial around its participants: sites, roles, the audit trail, notices, copies."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from calor.web import blinded
from calor.web.api import bodies, find
from calor.web.api.interface import stands_for
from calor.web.pages.exports import kind_of
from calor.web.permissions import Action
from calor.web.services import accounts, exports

router = Router()


@router.get("/trials/{trial}/exports/{kind}")
@stands_for(Action.EXPORT)
def export(request: HttpRequest, trial: str, kind: str) -> Any:
    """Take the records of your sites without arms: `adam`, or a complete copy as `odm` or `csv`."""
    return _file(exports.export(request.user, find.trial(request, trial), kind_of(kind)))


@router.get("/trials/{trial}/unblinded-exports/{kind}")
@stands_for(Action.EXPORT_UNBLINDED)
def unblinded_export(request: HttpRequest, trial: str, kind: str) -> Any:
    """Take the same with arms and withheld values."""
    return _file(exports.export_unblinded(request.user, find.trial(request, trial), kind_of(kind)))


@router.get("/trials/{trial}/audit")
@stands_for(Action.VIEW_AUDIT)
def audit(request: HttpRequest, trial: str) -> Any:
    """Read the audit trail."""
    return blinded.audit_rows(request.user, find.trial(request, trial))


@router.get("/trials/{trial}/notices")
@stands_for(Action.ENTER)
def notices(request: HttpRequest, trial: str) -> Any:
    """Read what the holders of your roles must know."""
    return blinded.notices(request.user, find.trial(request, trial))


@router.post("/trials/{trial}/sites")
@stands_for(Action.ADD_SITE)
def add_site(request: HttpRequest, trial: str, body: bodies.NewSite) -> Any:
    """Add a site."""
    return {"site": accounts.add_site(request.user, find.trial(request, trial), body.site).code}


@router.post("/trials/{trial}/roles")
@stands_for(Action.GRANT_ROLE)
def change_role(request: HttpRequest, trial: str, body: bodies.NewRole) -> Any:
    """Grant a role to a person or take it back."""
    found = find.trial(request, trial)
    person = User.objects.filter(username=body.username).first()
    site = None if body.site is None else found.site_set.filter(code=body.site).first()
    if person is None or (site is None and body.site is not None):
        raise Http404
    accounts.change_role(request.user, person, body.role, found, site=site, granted=body.granted, reason=body.reason)
    return {"username": body.username, "role": body.role, "granted": body.granted}


def _file(made: exports.Exported) -> HttpResponse:
    return HttpResponse(made.content, content_type=made.media)
