"""What touches arms: the list, kits, the pharmacist's reading and emergency unblinding."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from calor.web import blinded
from calor.web.api import bodies, find
from calor.web.api.interface import stands_for
from calor.web.models import ImpactAssessment
from calor.web.permissions import Action
from calor.web.services import activation, unblinding
from calor.web.services.plans import plan_of

router = Router()
ONE = "/trials/{trial}/participants/{identifier}"


@router.get("/trials/{trial}/list")
@stands_for(Action.VIEW)
def status(request: HttpRequest, trial: str) -> Any:
    """Say whether the trial can allocate; how its list is made is not told."""
    return blinded.list_status(request.user, find.trial(request, trial))


@router.post("/trials/{trial}/list/preview")
@stands_for(Action.ACTIVATE_LIST)
def preview(request: HttpRequest, trial: str, body: bodies.Preview) -> Any:
    """Show how a list could be guessed, before it is drawn."""
    find.trial(request, trial)
    guessable, configuration = activation.preview(plan_of(body.plan.dict()))
    return {"guessable": guessable, "configuration": configuration}


@router.post("/trials/{trial}/list")
@stands_for(Action.ACTIVATE_LIST)
def activate(request: HttpRequest, trial: str, body: bodies.Activation) -> Any:
    """Draw the trial's list, once, as it was previewed."""
    found = find.trial(request, trial)
    return {
        "at": activation.activate(request.user, found, plan_of(body.plan.dict()), configuration=body.configuration).at
    }


@router.get("/trials/{trial}/sites/{site}/kits")
@stands_for(Action.RECEIVE_KITS)
def stock(request: HttpRequest, trial: str, site: str) -> Any:
    """Count the kits left at a site by arm, for its unblinded pharmacist."""
    return activation.stock(request.user, find.site(request, trial, site))


@router.post("/trials/{trial}/kits")
@stands_for(Action.RECEIVE_KITS)
def receive_kits(request: HttpRequest, trial: str, body: bodies.NewDelivery) -> Any:
    """Enter a delivery of kits under random numbers."""
    return {"at": activation.receive_kits(request.user, find.site(request, trial, body.site), body.arms).at}


@router.post(ONE + "/arm")
@stands_for(Action.READ_ARM)
def read_arm(request: HttpRequest, trial: str, identifier: str) -> Any:
    """Tell the unblinded pharmacist an arm; each reading is in the audit trail."""
    return {"arm": unblinding.read_arm(request.user, find.participant(request, trial, identifier))}


@router.post(ONE + "/unblinding")
@stands_for(Action.UNBLIND)
def unblind(request: HttpRequest, trial: str, identifier: str, body: bodies.NewUnblinding) -> Any:
    """Tell an investigator one participant's arm in an emergency."""
    return {"arm": unblinding.unblind(request.user, find.participant(request, trial, identifier), **body.dict())}


@router.get("/trials/{trial}/assessments")
@stands_for(Action.CLOSE_ASSESSMENT)
def assessments(request: HttpRequest, trial: str) -> Any:
    """List the assessments that unblindings owe, with their conclusions."""
    return blinded.assessments(request.user, find.trial(request, trial))


@router.post("/trials/{trial}/assessments/{int:number}/closing")
@stands_for(Action.CLOSE_ASSESSMENT)
def close(request: HttpRequest, trial: str, number: int, body: bodies.NewConclusion) -> Any:
    """Close an assessment with a conclusion and a signature."""
    owed = ImpactAssessment.objects.filter(unblinding__participant__trial=find.trial(request, trial))
    assessment = owed.filter(pk=min(number, find.LARGEST)).first()
    if assessment is None:
        raise Http404
    return {"at": unblinding.close_assessment(request.user, assessment, **body.dict()).at}
