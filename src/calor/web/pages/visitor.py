"""Who is looking: the person, the trial, and at which sites each action is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import Http404

from calor.web import served
from calor.web.models import Participant, Site
from calor.web.permissions import PERMITTED, Action, Role, held


@dataclass(frozen=True)
class Visitor:
    """A signed-in person in the trial that is served.

    Attributes:
        user: The person.
        trial: The trial.
    """

    user: Any
    trial: Any

    @cached_property
    def roles(self) -> dict[Role, set[int | None]]:
        """Roles now held, each with the sites' keys; None stands for the whole trial."""
        return held(self.user, self.trial)

    @cached_property
    def sites(self) -> list[Any]:
        """All sites of the trial, by code."""
        return list(Site.objects.filter(trial=self.trial).order_by("code"))

    def may(self, action: Action, site: Any = None) -> bool:
        """Say whether an action is the person's, at a site or at any place at all."""
        places = [where for role in PERMITTED[action] for where in self.roles.get(role, ())]
        return bool(places) if site is None else None in places or site.pk in places

    def sites_for(self, action: Action) -> list[Any]:
        """Return the sites at which an action is the person's."""
        return [site for site in self.sites if self.may(action, site)]

    def participant(self, identifier: str, action: Action = Action.VIEW) -> Any:
        """Return a participant.

        Raises:
            Http404: There is none, or not for this person: both look alike.
        """
        found = Participant.objects.filter(trial=self.trial, identifier=identifier).select_related("site").first()
        if found is None or not self.may(action, found.site):
            raise Http404
        return found


def visitor_of(user: Any) -> Visitor:
    """Return a signed-in person as visitor of the trial that is served."""
    return Visitor(user, served.trial())
