"""What the values of settings may be, as marshmallow fields with messages for people."""

from __future__ import annotations

import re
from dataclasses import field
from ipaddress import ip_network
from typing import Any

import marshmallow
from marshmallow import validate
from marshmallow.fields import Field, Integer, String


def setting(default: Any, shape: Field[Any], text: str) -> Any:
    return field(default=default, metadata={"shape": shape, "help": text})


def number(least: int, most: int = 2**31) -> Integer:
    expected = f"a whole number from {least} to {most}"
    return Integer(
        strict=False,
        validate=validate.Range(least, most, error=expected),
        error_messages={"invalid": expected},
    )


def one_of(*choices: str) -> String:
    return String(validate=validate.OneOf(choices, error=f"one of {', '.join(choices)}"))


def are_networks(text: str) -> None:
    try:
        for each in filter(None, text.split(",")):
            ip_network(each.strip())
    except ValueError as failure:
        expected = f"networks with commas between, as 10.1.0.0/16 ({failure})"
        raise marshmallow.ValidationError(expected) from None


def are_seconds(text: str) -> None:
    if not re.fullmatch(r"\s*\d{1,7}(\.\d+)?\s*(,\s*\d{1,7}(\.\d+)?\s*)*", text):
        raise marshmallow.ValidationError("seconds with commas between, as 1,5,30")
