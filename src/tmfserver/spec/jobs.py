"""Jobs (TMF630 Part 4): what is served of them beyond what TM Forum's contracts say.

A contract with an importJob or exportJob that can be created runs such jobs: a file may then be
sent with the job itself, and what jobs leave behind can be fetched.
"""

from __future__ import annotations

from typing import Any

from tmfserver.spec.openapi import JSON
from tmfserver.spec.verbs import OWN

IMPORT, EXPORT = "importJob", "exportJob"
JOBS = frozenset({IMPORT, EXPORT})
UPLOAD = "x-upload"  # marks a media type whose body is not read before the operation
MULTIPART = "multipart/form-data"

_BYTES = {"type": "string", "format": "binary"}
# The formats of records, plain; and what says only how it is packed.
_RECORDS = (
    "application/x-ndjson",
    "text/csv",
    "application/vnd.apache.parquet",
    "application/gzip",
    "application/zstd",
    "application/octet-stream",
)
_CONTENT = ("application/x-ndjson", JSON, "text/csv", "application/vnd.apache.parquet")


def declare_jobs(document: dict[str, Any]) -> int:
    """Declares uploads, exported files and error logs where the contract has jobs."""
    paths, places = document["paths"], 0
    create = paths.get(f"/{IMPORT}", {}).get("post")
    if create is not None and "requestBody" in create:
        _declare_uploads(create)
        _declare_file(document, IMPORT, "errorLog", "errors", (_CONTENT[0],))
        places += 1
    if "post" in paths.get(f"/{EXPORT}", {}):
        _declare_file(document, EXPORT, "content", "content", _CONTENT)
        places += 1
    return places


def _declare_uploads(create: dict[str, Any]) -> None:
    content = create["requestBody"]["content"]
    for media_type in _RECORDS:
        content.setdefault(media_type, {"schema": _BYTES, UPLOAD: True})
    file = {"type": "object", "required": ["file"], "properties": {"file": _BYTES}}
    content.setdefault(MULTIPART, {"schema": file, UPLOAD: True})
    parameters = create.setdefault("parameters", [])
    for name, text, schema in (
        ("path", "Where the records of the body go: a resource's name.", {"type": "string"}),
        ("dryRun", "Whether the body is only checked.", {"type": "boolean"}),
    ):
        parameters.append(
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": text,
                "schema": schema,
            }
        )


def _declare_file(
    document: dict[str, Any], resource: str, name: str, verb: str, media_types: tuple[str, ...]
) -> None:
    answers = {media_type: {"schema": _BYTES} for media_type in media_types}
    id = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    document["paths"].setdefault(
        f"/{resource}/{{id}}/{name}",
        {
            "get": {
                "operationId": f"retrieve{_capital(resource)}{_capital(name)}",
                "summary": f"The {name} of a job",
                "tags": [resource],
                "parameters": [id],
                "responses": {"200": {"description": "The file.", "content": answers}},
                OWN: {"verb": verb, "resource": resource},
            }
        },
    )


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
