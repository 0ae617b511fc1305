"""The schemas that an operator has of extended resources (TMF630 Part 2), read from a folder.

A document names its schema by `@schemaLocation`; it is found here by `$id` or file name, and never
fetched. A document that names none is matched by its `@type`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urldefrag, urljoin

import jsonschema_rs

from tmfserver.errors import BrokenContract, BrokenSchema
from tmfserver.spec import loader

_HOME = "tmfserver:///"  # where the files are, as far as their references know
_KEPT_APART = ("definitions", "$defs")


class Validator(Protocol):
    """What jsonschema-rs makes of a schema of any draft."""

    def is_valid(self, instance: Any) -> bool: ...

    def iter_errors(self, instance: Any) -> Iterator[jsonschema_rs.ValidationError]: ...


class ExtensionSchemas:
    """The schemas of a folder. `documents`: by file name."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]]) -> None:
        self._documents = documents
        self._ids = {
            document["$id"].rstrip("#"): name
            for name, document in documents.items()
            if isinstance(document.get("$id"), str)
        }
        resources = [(_HOME + name, self._local(name)) for name in documents]
        self._registry = jsonschema_rs.Registry(resources) if resources else None
        self._types = dict(self._named())
        # Asked by what clients send: so much is remembered, and no more.
        self.at = lru_cache(maxsize=1000)(self._at)

    def of_type(self, type_: Any) -> Validator | None:
        """The schema of this name: of a file, or of a definition in one."""
        place = self._types.get(type_) if isinstance(type_, str) else None
        return self.at(place) if place else None

    def _at(self, location: str) -> Validator | None:
        """The schema that a `@schemaLocation` means; None if it is not here."""
        url, fragment = urldefrag(location)
        name = self._name(url)
        if name is None:
            return None
        if fragment and not fragment.startswith("/"):
            groups = (
                group for group in _KEPT_APART if fragment in self._documents[name].get(group, ())
            )
            fragment = next((f"/{group}/{fragment}" for group in groups), fragment)
        return self._compiled(name, fragment)

    def _compiled(self, name: str, fragment: str) -> Validator | None:
        schema = {"$ref": f"{_HOME}{name}#{fragment}"}
        if draft := self._documents[name].get("$schema"):
            schema["$schema"] = draft
        try:
            return jsonschema_rs.validator_for(
                schema, registry=self._registry, validate_formats=True, offline=True
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return None

    def _name(self, url: str) -> str | None:
        """The file that a URL means: its `$id`, else its last step."""
        if url in self._ids:
            return self._ids[url]
        name = url.rpartition("/")[2]
        return name if name in self._documents else None

    def _named(self) -> Iterator[tuple[str, str]]:
        for name, document in self._documents.items():
            for group in _KEPT_APART:
                for inner in document.get(group, {}):
                    yield inner, f"{name}#/{group}/{inner}"
        for name in self._documents:
            yield name.partition(".")[0], name

    def _local(self, name: str) -> Any:
        """A file's schema, whose references lead to the files of this folder."""
        document = {key: value for key, value in self._documents[name].items() if key != "$id"}
        base = self._documents[name].get("$id") or _HOME + name
        return self._moved(document, base, name, "")

    def _moved(self, value: Any, base: str, name: str, place: str) -> Any:
        if isinstance(value, list):
            return [self._moved(each, base, name, f"{place}/{i}") for i, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        moved = {
            key: self._moved(each, base, name, f"{place}/{key}") for key, each in value.items()
        }
        target = moved.get("$ref")
        if isinstance(target, str) and not target.startswith("#"):
            url, fragment = urldefrag(target)
            found = self._name(urljoin(base, url)) or self._name(url)
            if found is None:
                problem = f"at {place or 'its top'}: '{target[:100]}' is not in this folder"
                raise BrokenSchema(file=name, problem=f"{problem}, and is never fetched")
            moved["$ref"] = f"{_HOME}{found}#{fragment}"
        return moved

    def refuse_broken(self) -> None:
        """Raises BrokenSchema for a file that is no JSON Schema."""
        for name in self._documents:
            if self._compiled(name, "") is None:
                raise BrokenSchema(file=name, problem="it is no JSON Schema that can be used")


def read_schemas(folder: str) -> ExtensionSchemas:
    """The schemas in a folder; none for "". Raises BrokenSchema, naming the file."""
    if not folder:
        return ExtensionSchemas({})
    if not Path(folder).is_dir():
        raise BrokenSchema(file=folder, problem="there is no such folder")
    documents = {}
    for file in sorted(Path(folder).iterdir()):
        if file.suffix.lower() in loader.SUFFIXES:
            try:
                document = loader.parsed(file, loader.content(file))
            except BrokenContract as failure:
                raise BrokenSchema(**failure.facts) from None
            if not isinstance(document, dict):
                raise BrokenSchema(file=file, problem="it is no JSON Schema: expected an object")
            documents[file.name] = document
    schemas = ExtensionSchemas(documents)
    schemas.refuse_broken()
    return schemas
