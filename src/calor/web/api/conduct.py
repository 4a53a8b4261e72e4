"""The trial around its participants: sites, roles, the audit trail, notices, copies."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router

from calor.web import blinded
from calor.web.api import bodies, find
from calor.web.api.interface import stands_for
from calor.web.permissions import Action
from calor.web.services import accounts, exports

router = Router()


@router.get("/trials/{trial}/export.csv")
@stands_for(Action.EXPORT)
def export(request: HttpRequest, trial: str) -> Any:
    """Export the blinded data of your sites as CSV."""
    content = blinded.export(request.user, find.trial(request, trial))
    return HttpResponse(content, content_type="text/csv; charset=utf-8")


@router.get("/trials/{trial}/copy.zip")
@stands_for(Action.EXPORT)
def copy_as_csv(request: HttpRequest, trial: str) -> Any:
    """Take a complete copy of your sites' records, with signatures and audit rows, as CSV."""
    return _file(exports.export(request.user, find.trial(request, trial), exports.CSV))


@router.get("/trials/{trial}/copy.xml")
@stands_for(Action.EXPORT)
def copy_as_odm(request: HttpRequest, trial: str) -> Any:
    """Take the same as CDISC ODM-XML."""
    return _file(exports.export(request.user, find.trial(request, trial), exports.ODM))


@router.get("/trials/{trial}/adam.zip")
@stands_for(Action.EXPORT)
def adam(request: HttpRequest, trial: str) -> Any:
    """Take ADaM datasets of your sites, without arms and withheld values."""
    return _file(exports.export(request.user, find.trial(request, trial), exports.ADAM))


@router.get("/trials/{trial}/unblinded/copy.zip")
@stands_for(Action.EXPORT_UNBLINDED)
def unblinded_copy_as_csv(request: HttpRequest, trial: str) -> Any:
    """Take a complete copy with arms and withheld values as CSV."""
    return _file(exports.export_unblinded(request.user, find.trial(request, trial), exports.CSV))


@router.get("/trials/{trial}/unblinded/copy.xml")
@stands_for(Action.EXPORT_UNBLINDED)
def unblinded_copy_as_odm(request: HttpRequest, trial: str) -> Any:
    """Take the same as CDISC ODM-XML."""
    return _file(exports.export_unblinded(request.user, find.trial(request, trial), exports.ODM))


@router.get("/trials/{trial}/unblinded/adam.zip")
@stands_for(Action.EXPORT_UNBLINDED)
def unblinded_adam(request: HttpRequest, trial: str) -> Any:
    """Take ADaM datasets with arms and withheld values."""
    return _file(exports.export_unblinded(request.user, find.trial(request, trial), exports.ADAM))


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
