"""Documents drawn from a contract as it is published, read apart from how the server reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Contract = Mapping[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
MOMENT = "2026-01-31T12:00:00Z"
_FORMATS = {
    "date-time": MOMENT,
    "date": "2026-01-31",
    "time": "12:00:00Z",
    "uri": "https://example.com/thing/1",
    "url": "https://example.com/thing/1",
    "email": "ada@example.com",
    "uuid": "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "ipv4": "192.0.2.1",
    "hostname": "example.com",
}
DEEPEST = 3


def followed(contract: Contract, node: Any) -> Any:
    """The node itself, or what its reference leads to."""
    while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
        target: Any = contract
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~").replace("%20", " ")]
        node = target
    return node


def operations(contract: Contract) -> Iterator[tuple[str, str, Any]]:
    """(method, path, operation) of all."""
    for path, item in contract["paths"].items():
        for method in METHODS:
            if method in item:
                yield method, path, item[method]


def body_schema(contract: Contract, operation: Mapping[str, Any]) -> Any:
    """The schema of an operation's body, if it has one."""
    for parameter in operation.get("parameters", ()):
        described = followed(contract, parameter)
        if described.get("in") == "body":
            return described.get("schema", {})
    body = followed(contract, operation.get("requestBody", {}))
    contents = body.get("content", {})
    plain = sorted(contents, key=lambda media: not media.startswith("application/json"))
    return contents[plain[0]].get("schema", {}) if plain else None


def merged(contract: Contract, schema: Any) -> dict[str, Any]:
    """A schema with its references followed and its allOf in one, the first of several taken."""
    schema = followed(contract, schema)
    whole: dict[str, Any] = {"properties": {}, "required": []}
    parts = [merged(contract, part) for part in schema.get("allOf", ())]
    chosen = next(iter([*schema.get("oneOf", ()), *schema.get("anyOf", ())]), None)
    if chosen is not None and chosen != {"type": "null"}:
        parts.append(merged(contract, chosen))
    for part in [*parts, schema]:
        properties = {**whole["properties"], **part.get("properties", {})}
        required = [*whole["required"], *(part.get("required") or ())]
        whole |= part
        whole |= {"properties": properties, "required": required}
    return whole


def draw(contract: Contract, schema: Any, *, rich: bool, depth: int = 0, name: str = "") -> Any:
    """The smallest value that a schema takes, or one with all that it names, some levels deep."""
    target = followed(contract, schema)
    whole = merged(contract, schema)
    kind = _kind(whole)
    if "enum" in whole or "const" in whole:
        return whole["const"] if "const" in whole else whole["enum"][0]
    if kind == "object":
        return _object(contract, target, whole, rich=rich, depth=depth)
    if kind == "array":
        if not rich and not whole.get("minItems"):
            return [] if depth else [draw(contract, whole["items"], rich=rich, depth=depth)]
        return [draw(contract, whole.get("items", {}), rich=rich, depth=depth + 1)]
    return _scalar(kind, whole, name)


def _kind(whole: Mapping[str, Any]) -> str:
    kind = whole.get("type")
    if isinstance(kind, list):
        kind = next(each for each in kind if each != "null")
    return str(kind or ("object" if whole["properties"] else "any"))


def _scalar(kind: str, whole: Mapping[str, Any], name: str) -> Any:
    if kind == "string" and name == "id":
        return "some-id"
    if kind == "string":
        return _FORMATS.get(whole.get("format", ""), "Some text"[: whole.get("maxLength", 9)])
    if kind == "boolean":
        return True
    if kind in ("integer", "number"):
        return max(1, whole.get("minimum", 1))
    return "anything"


def _object(
    contract: Contract, target: Any, whole: Mapping[str, Any], *, rich: bool, depth: int
) -> dict[str, Any]:
    made = {}
    for name, inner in whole["properties"].items():
        if name in whole["required"] or (rich and depth < DEEPEST and name not in ("id", "href")):
            made[name] = draw(contract, inner, rich=rich, depth=depth + 1, name=name)
    for name in whole["required"]:
        made.setdefault(name, "anything")
    if "@type" in whole["properties"]:
        made = _typed(target, whole, made)
    return made


def _typed(target: Any, whole: Mapping[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    """With the type that the schema's discriminator knows this kind of object by."""
    mapping = target.get("discriminator", whole.get("discriminator", {}))
    mapping = mapping.get("mapping", {}) if isinstance(mapping, Mapping) else {}
    if mapping and ("@type" in made or "@type" in whole["required"]):
        made["@type"] = next(iter(mapping))
    return made
