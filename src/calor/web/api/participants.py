"""Participants: register, allocate, correct, sign, and what blinded people may read of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from ninja import Router

from calor.web import blinded
from calor.web.api import bodies, find
from calor.web.api.interface import stands_for
from calor.web.models import Correction
from calor.web.permissions import Action
from calor.web.persons import Person
from calor.web.services import allocation, consent, corrections

router = Router()
ONE = "/trials/{trial}/participants/{identifier}"


@router.get("/trials/{trial}/participants")
@stands_for(Action.VIEW)
def participants(request: HttpRequest, trial: str) -> Any:
    """List the participants of the sites that are yours."""
    return blinded.participants(request.user, find.trial(request, trial))


@router.post("/trials/{trial}/participants")
@stands_for(Action.REGISTER)
def register(request: HttpRequest, trial: str, body: bodies.NewParticipant) -> Any:
    """Register a participant under the study identifier."""
    new = allocation.register(
        request.user,
        find.site(request, trial, body.site),
        body.identifier,
        stratum=body.stratum,
        consent_version=body.consent_version,
        eligible=body.eligible,
        person=None if body.person is None else Person(**body.person.dict()),
    )
    return {"participant": new.identifier, "at": new.at}


@router.get(ONE)
@stands_for(Action.VIEW)
def participant(request: HttpRequest, trial: str, identifier: str) -> Any:
    """Show one participant."""
    return blinded.participant(request.user, find.participant(request, trial, identifier))


@router.post(ONE + "/allocation")
@stands_for(Action.ALLOCATE)
def allocate(request: HttpRequest, trial: str, identifier: str, body: bodies.NewAllocation) -> Any:
    """Allocate a participant; asked again, it tells the same allocation."""
    found = find.participant(request, trial, identifier)
    return asdict(allocation.allocate(request.user, found.trial, identifier, key=body.key, shown=body.stratum))


@router.post(ONE + "/withdrawal")
@stands_for(Action.WITHDRAW)
def withdraw(request: HttpRequest, trial: str, identifier: str, body: bodies.NewWithdrawal) -> Any:
    """Record that consent was withdrawn."""
    return {"at": consent.withdraw(request.user, find.participant(request, trial, identifier), reason=body.reason).at}


@router.get(ONE + "/corrections")
@stands_for(Action.VIEW)
def corrected(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List a participant's corrections, those that wait for a signature too."""
    return blinded.corrections_of(request.user, find.participant(request, trial, identifier))


@router.post(ONE + "/corrections")
@stands_for(Action.CORRECT)
def correct(request: HttpRequest, trial: str, identifier: str, body: bodies.NewCorrection) -> Any:
    """Add a corrected value; it counts once another person has signed it."""
    found = find.participant(request, trial, identifier)
    new = corrections.correct(request.user, found, body.field, body.new, reason=body.reason)
    return {"correction": new.pk, "at": new.at}


@router.post("/trials/{trial}/corrections/{int:number}/signature")
@stands_for(Action.SIGN_CORRECTION)
def sign_correction(request: HttpRequest, trial: str, number: int, body: bodies.Signed) -> Any:
    """Sign another person's correction."""
    correction = find.of(request, Correction.objects, trial, number)
    return _signed(corrections.sign_correction(request.user, correction, **body.dict()))


@router.get(ONE + "/signatures")
@stands_for(Action.VIEW)
def signatures(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List the signatures under a participant's record, and whether the record is still as it was signed."""
    return blinded.signatures_of(request.user, find.participant(request, trial, identifier))


@router.post(ONE + "/signatures")
@stands_for(Action.SIGN)
def sign(request: HttpRequest, trial: str, identifier: str, body: bodies.NewSignature) -> Any:
    """Sign a participant's record as it now is."""
    return _signed(corrections.sign(request.user, find.participant(request, trial, identifier), **body.dict()))


def _signed(signature: Any) -> dict[str, Any]:
    return {"signed_by": signature.printed_name, "meaning": signature.meaning, "at": signature.at}
