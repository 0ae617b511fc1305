"""Who files what: the small YAML file that an operator writes for the certification document."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marshmallow
import yaml
from marshmallow import validate
from marshmallow.fields import Email, Nested, String

from tmfserver.errors import WrongFiling

_TEXT = "a text; put it in quotes if it looks like a number or a date"
_CONTACT = "a name and an email below it"
_LONGEST = 200
_NAMES = (1, _LONGEST)


@dataclass(frozen=True)
class Contact:
    """Whom TM Forum may ask."""

    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True)
class Filing:
    """A company, its product with its release, and whom to ask.

    supports: what the product supports by the API, in the company's words. font: a TrueType file
    for the PDF, for scripts that the bundled font has no letters for.
    """

    company: str
    product: str
    release: str
    contact: Contact
    supports: str = ""
    font: Path | None = None


def _text(least: int, most: int = _LONGEST, *, required: bool = True) -> String:
    size = f"{least} to {most} characters" if least else f"at most {most} characters"
    return String(
        required=required,
        validate=[validate.Length(least, most, error=size), _is_printable],
        error_messages={"invalid": _TEXT, "null": _TEXT, "required": ""},
    )


def _is_printable(text: str) -> None:
    if any(not sign.isprintable() and not sign.isspace() for sign in text):
        raise marshmallow.ValidationError("a text without control characters")


class _ContactShape(marshmallow.Schema):
    error_messages = {"type": _CONTACT}  # noqa: RUF012 marshmallow's own way
    name = _text(*_NAMES)
    email = Email(
        required=True,
        error_messages={
            "invalid": "an e-mail address",
            "null": "an e-mail address",
            "required": "",
        },
    )
    phone = _text(0, required=False)


class _FilingShape(marshmallow.Schema):
    company = _text(*_NAMES)
    product = _text(*_NAMES)
    release = _text(*_NAMES)
    contact = Nested(
        _ContactShape,
        required=True,
        error_messages={"null": _CONTACT},
    )
    supports = _text(0, 5000, required=False)
    font = _text(0, 1000, required=False)


def read(file: Path) -> Filing:
    """The filing in a YAML file. Raises errors.WrongFiling, naming the first key that is wrong."""
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as failure:
        reason = getattr(failure, "strerror", None) or "it is not UTF-8"
        raise WrongFiling(file=file, problem=f"it cannot be read: {reason}") from failure
    except (yaml.YAMLError, ValueError, RecursionError) as failure:
        where = " ".join(str(failure).split())
        raise WrongFiling(file=file, problem=f"it is not YAML: {where}") from failure
    if not isinstance(given, dict):
        expected = "keys such as company and product, each with its value"
        raise WrongFiling(file=file, problem=f"expected {expected}")
    try:
        found = _FilingShape().load(given)
    except marshmallow.ValidationError as failure:
        messages: Any = failure.messages
        problem = next(_sentences(messages, given, _FilingShape()))
        raise WrongFiling(file=file, problem=problem) from failure
    return _filing(file, found)


def _filing(file: Path, found: dict[str, Any]) -> Filing:
    contact = Contact(**found.pop("contact"))
    font = found.pop("font", "")
    path = file.parent / font if font else None
    if path is not None and not path.is_file():
        raise WrongFiling(file=file, problem=f"font: there is no file '{path}'")
    return Filing(contact=contact, font=path, **found)


def _sentences(
    messages: dict[str, Any], given: dict[Any, Any], shape: marshmallow.Schema, above: str = ""
) -> Iterator[str]:
    """What is wrong, key by key, in the order of the file's description."""
    known = list(shape.fields)
    for key in sorted(messages, key=lambda key: known.index(key) if key in known else -1):
        name, found = f"{above}{key}", messages[key]
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            meant = f", did you mean '{near[0]}'?" if near else f"; known are {', '.join(known)}"
            yield f"{name}: there is no such key{meant}"
        elif key not in given:
            yield f"{name}: it is missing"
        elif isinstance(found, dict) and isinstance(given[key], dict):
            inner = shape.fields[key]
            assert isinstance(inner, Nested)  # noqa: S101 only a nested field has messages by key
            yield from _sentences(found, given[key], inner.schema, f"{name}.")
        else:
            came = "nothing" if given[key] is None else repr(given[key])[:_LONGEST]
            expected = found["_schema"] if isinstance(found, dict) else found
            yield f"{name}: got {came}, expected {expected[0]}"
