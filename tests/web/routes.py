"""Every address of the web application, and requests to all of them."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

_PARAMETER = re.compile(r"<(?:(\w+):)?(\w+)>")


@dataclass(frozen=True)
class Route:
    """An address.

    Attributes:
        template: With its parameters, as `api/trials/<trial>/list`.
        view: What answers.
    """

    template: str
    view: Any

    @property
    def parameters(self) -> set[str]:
        """The names of what it takes."""
        return {name for _, name in _PARAMETER.findall(self.template)}

    @property
    def methods(self) -> set[str]:
        """The methods that it answers."""
        if isinstance(self.view.action, dict):
            return set(self.view.action)
        path = _PARAMETER.sub("1", self.template)
        refused = self.view(RequestFactory().generic("TRACE", f"/{path}"), **dict.fromkeys(self.parameters, "1"))
        return {method.strip() for method in refused.get("Allow", "GET").split(",")}

    def paths(self, values: Mapping[str, Sequence[object]]) -> list[str]:
        """Return the address with every combination of values, chosen by a parameter's name or else its kind."""
        parameters = _PARAMETER.findall(self.template)
        choices = [values.get(name, values.get(kind or "str", ("x",))) for kind, name in parameters]
        paths = []
        for chosen in itertools.product(*choices):
            path = self.template
            for value in chosen:
                path = _PARAMETER.sub(str(value), path, count=1)
            paths.append(f"/{path}")
        return paths


def routes() -> list[Route]:
    """Return every address, each once."""
    return list({route.template: route for route in _below(get_resolver(), "")}.values())


def _below(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        template = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Route(template, pattern.callback)
        else:
            yield from _below(pattern, template)


def signed_in(user: Any) -> Client:
    """Return a client in a person's session; a bug is an answer of 500, as in use."""
    client = Client(raise_request_exception=False, SERVER_NAME="localhost")
    client.force_login(user)
    return client


def post(client: Client, path: str, **body: object) -> Any:
    """Post JSON."""
    return client.post(path, json.dumps(body), content_type="application/json")
