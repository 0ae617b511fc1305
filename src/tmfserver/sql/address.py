"""Reads the setting `database`: which driver, and what it is to open."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tmfserver.errors import WrongSetting

EXPECTED = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"

_SCHEME = re.compile(r"(?P<scheme>[a-zA-Z0-9+]+)://(?P<rest>.*)", re.DOTALL)
_SECRETS = re.compile(r"(?<=:)[^/:@]*(?=@)|(?<=[?&]password=)[^&]*|(?<=[?&]sslpassword=)[^&]*")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is.

    place: the file's path, or the URL as PostgreSQL's client library takes it.
    shown: the same for people and logs, without a password.
    """

    driver: Literal["sqlite", "postgresql"]
    place: str
    shown: str


def read_address(url: str) -> Address:
    """Raises errors.WrongSetting for what names no database that can be opened."""
    shown = without_secrets(url)
    match = _SCHEME.fullmatch(url)
    if match is None:
        raise _wrong(shown)
    scheme, rest = match["scheme"].lower(), match["rest"]
    if scheme in {"sqlite", "sqlite+pysqlite"}:
        path = rest.removeprefix("/")
        if not rest.startswith("/") or not path or path == ":memory:" or "\0" in path:
            raise _wrong(shown, "a file, as in sqlite:///tmfserver.db or sqlite:////var/lib/tmf.db")
        return Address("sqlite", path, shown)
    if scheme in {"postgresql", "postgres", "postgresql+psycopg", "postgres+psycopg"}:
        if rest.partition("/")[0].count("@") > 1:
            raise _wrong(shown, f"{EXPECTED}, where '@' in a password is written %40")
        return Address("postgresql", f"postgresql://{rest}", shown)
    raise _wrong(shown)


def without_secrets(text: str) -> str:
    """The text with passwords of URLs in it blotted out."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "***" if "@" in text else text
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    if at and ":" in user:
        authority = f"{user.partition(':')[0]}:***@{host}"
    return scheme + separator + _SECRETS.sub("***", authority + slash + path)


def _wrong(shown: str, expected: str = EXPECTED) -> WrongSetting:
    return WrongSetting(setting="database", came=f"'{shown}'", expected=expected)
