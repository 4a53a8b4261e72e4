"""The addresses of the JSON interface."""

from calor.web.api import arms, conduct, participants
from calor.web.api.interface import addresses

urlpatterns, app_name, _ = addresses(participants.router, arms.router, conduct.router)
