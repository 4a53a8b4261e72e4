"""The addresses of the web application; each view names the action that opens it (`pages.page`)."""

from __future__ import annotations

from django.urls import include, path

from calor.web.pages import (
    alerts,
    candidate,
    dashboard,
    events,
    lock,
    medication,
    participant,
    participants,
    queries,
    sign_in,
    style,
    visit,
    worklist,
)

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
    path("participants/<str:identifier>/visits/<str:visit>/", visit.visit, name="visit"),
    path("participants/<str:identifier>/visits/<str:visit>/day/", visit.record_visit, name="record-visit"),
    path("participants/<str:identifier>/visits/<str:visit>/values/", visit.record_values, name="record-values"),
    path("participants/<str:identifier>/visits/<str:visit>/withheld/", visit.record_withheld, name="record-withheld"),
    path("participants/<str:identifier>/events/new/", events.new_event, name="new-event"),
    path("participants/<str:identifier>/events/<int:number>/", events.event, name="event"),
    path("participants/<str:identifier>/events/<int:number>/report/", events.report_serious, name="report-serious"),
    path("participants/<str:identifier>/medication/new/", medication.new_medication, name="new-medication"),
    path("participants/<str:identifier>/medication/<int:number>/", medication.medication, name="medication"),
    path("participants/<str:identifier>/ask/", queries.ask, name="ask"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:number>/", alerts.acknowledge, name="acknowledge"),
    path("alerts/withheld/<int:number>/", alerts.acknowledge_withheld, name="acknowledge-withheld"),
    path("queries/", queries.queries, name="queries"),
    path("queries/<int:number>/answer/", queries.answer, name="answer"),
    path("queries/<int:number>/close/", queries.close, name="close"),
    path("lock/", lock.lock, name="lock"),
    path("style.css", style.style, name="style"),
    path("static/<path:path>", style.static_file, name="static"),
]
