"""OpenAPI 3 contracts in the form that Swagger 2.0 ones have: what operations share stands in each
of them, and the base path is a path. Each function changes the contract and counts the places."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

from tmfserver.spec.naming import at, camel_case
from tmfserver.spec.openapi import METHODS
from tmfserver.spec.verbs import is_parameter


def take_server_path(document: dict[str, Any]) -> int:
    """Takes the path out of the server's URL; TM Forum's form (TMF630 11) where it has none."""
    servers = document.setdefault("servers", [])
    if not servers:
        servers.append({"url": ""})
    server = servers[0]
    variables: Mapping[str, Any] = server.pop("variables", {})
    before = url = str(server.get("url") or "")
    for name, variable in variables.items():
        url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    path = urlsplit(url if "://" in url else f"//{url}" if url[:1] not in "/{" else url).path
    steps = [step for step in path.split("/") if step and not is_parameter(step)]
    server["url"] = "/" + "/".join(steps) if steps else _usual_path(document.get("info", {}))
    return int(server["url"] != before.rstrip("/"))


def _usual_path(info: Mapping[str, Any]) -> str:
    """/tmf-api/{title in camel case}/v{major}"""
    name = camel_case(str(info.get("title", ""))) or "api"
    major = str(info.get("version", "")).split(".")[0].lstrip("v") or "1"
    return f"/tmf-api/{name}/v{major}"


def unfold_shared(document: dict[str, Any]) -> int:
    """Puts a copy of a shared parameter, body or answer in place of each reference to it."""
    places = 0
    for item in document["paths"].values():
        if "$ref" in item:
            shared = at(document, item.pop("$ref"))
            item.update({**deepcopy(shared), **item})
        places += _unfold(document, item.get("parameters", []))
        for method in METHODS:
            if method in item:
                operation = item[method]
                operation.setdefault("parameters", [])
                places += _unfold(document, operation["parameters"])
                places += _unfold(document, operation.get("responses", {}))
                if "$ref" in operation.get("requestBody", {}):
                    places += _unfold(document, operation, "requestBody")
    for kind in ("parameters", "requestBodies", "responses"):
        document.get("components", {}).pop(kind, None)
    return places


def _unfold(document: Mapping[str, Any], holder: Any, *keys: str) -> int:
    places = 0
    found = keys or (holder if isinstance(holder, dict) else range(len(holder)))
    for key in list(found):
        target = holder[key].get("$ref") if isinstance(holder[key], dict) else None
        if isinstance(target, str):
            holder[key] = deepcopy(at(document, target))
            places += 1
    return places
