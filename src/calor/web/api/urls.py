"""The addresses of the JSON interface."""

from calor.web.api import alerts, arms, conduct, events, participants, queries, visits
from calor.web.api.interface import addresses

urlpatterns, app_name, _ = addresses(
    participants.router, visits.router, events.router, alerts.router, queries.router, arms.router, conduct.router
)
