"""What JSON Schema 2020-12 can say and OpenAPI 3.0 cannot: conditions, tuples, names by pattern.

OpenAPI 3.1 lets schemas say so. Each schema keeps it in `x-more`, as groups of keywords, and where
a contract has any, all its schemas are checked as 2020-12 says (`spec/schemas.py`). Schemas of
documents in part, such as merge patches, do without: what a whole must be is asked of the whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from tmfserver.spec.walking import every_schema

MORE = "x-more"
# Which draft the schemas of a contract are of, where that is not the one of OpenAPI 3.0.
DRAFT = "x-schemas"
NEWER = "2020-12"
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")
CONDITIONS = (
    "if", "then", "else", "prefixItems", "contains", "minContains", "maxContains",
    "patternProperties", "propertyNames", "dependentRequired", "dependentSchemas", *_UNEVALUATED,
)  # fmt: skip
_BY_ANCHOR = ("$dynamicRef", "$recursiveRef")
_VALUES = ("const", "enum", "default", "example", "examples")


def leave_out_unreadable(document: dict[str, Any]) -> int:
    """Takes away conditions that are none, and references by anchors; counts the places."""
    places = 0
    for schema in every_schema(document) if is_newer(document) else ():
        unreadable = [key for key in _BY_ANCHOR if key in schema]
        group = {key: schema[key] for key in CONDITIONS if key in schema}
        if group and not _is_readable(group):
            unreadable += [key for key in group if not _is_readable({key: group[key]})] or group
        for key in unreadable:
            del schema[key]
            places += 1
    return places


def keep_conditions(document: dict[str, Any]) -> int:
    """Puts what OpenAPI 3.0 has no words for where it is kept; counts the schemas."""
    places = 0
    for schema in every_schema(document) if is_newer(document) else ():
        group = {key: schema.pop(key) for key in CONDITIONS if key in schema}
        if group:
            schema[MORE] = [group]
            if "prefixItems" in group:
                schema.setdefault("items", {})
            places += 1
    if places:
        document[DRAFT] = NEWER
    return places


def joined(known: list[dict[str, Any]], more: list[dict[str, Any]], *, own: bool) -> Any:
    """The groups of a schema that is made of parts. What it says itself stands first; what a part
    says of all attributes that are left would be about those of the whole."""
    if own:
        return [*more, *known]
    return [*known, *({k: v for k, v in each.items() if k not in _UNEVALUATED} for each in more)]


def is_newer(document: Mapping[str, Any]) -> bool:
    """Whether it is written in OpenAPI 3.1, or in 3.2, whose schemas are the same."""
    return str(document.get("openapi", "")).startswith(("3.1", "3.2"))


def _is_readable(group: Mapping[str, Any]) -> bool:
    try:
        jsonschema_rs.Draft202012Validator(_alone(group))
    except (ValueError, TypeError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return False
    return True


def _alone(value: Any) -> Any:
    """A schema without its references, which lead to what is somewhere else."""
    if isinstance(value, Mapping):
        return {
            key: inner if key in _VALUES else _alone(inner)
            for key, inner in value.items()
            if not (key == "$ref" and isinstance(inner, str))
        }
    return [_alone(inner) for inner in value] if isinstance(value, list) else value
