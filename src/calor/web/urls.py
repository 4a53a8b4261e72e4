"""The addresses of the web application; each view names the action that opens it (`pages.page`)."""

from __future__ import annotations

from django.urls import include, path

from calor.web.pages import candidate, dashboard, participant, participants, sign_in, style, worklist

urlpatterns = [
    path("api/", include("calor.web.api.urls", namespace="api")),
    path("", dashboard.dashboard, name="dashboard"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-in/second-factor/", sign_in.second_factor, name="second-factor"),
    path("sign-out/", sign_in.sign_out, name="sign-out"),
    path("account/authenticator/", sign_in.authenticator, name="authenticator"),
    path("screening/", worklist.worklist, name="worklist"),
    path("screening/<int:person>/", candidate.candidate, name="candidate"),
    path("screening/<int:person>/consent/", candidate.consent, name="consent"),
    path("screening/<int:person>/randomize/", candidate.randomize, name="randomize"),
    path("participants/", participants.participants, name="participants"),
    path("participants/<str:identifier>/", participant.participant, name="participant"),
    path("style.css", style.style, name="style"),
    path("static/<path:path>", style.static_file, name="static"),
]
