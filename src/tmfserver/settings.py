"""Every setting once: its name, type, default, help and environment variable."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import marshmallow
from marshmallow import validate
from marshmallow.fields import Boolean, List, String

from tmfserver.errors import WrongSetting
from tmfserver.setting_shapes import (
    are_base_paths,
    are_networks,
    are_seconds,
    number,
    one_of,
    setting,
)

PREFIX = "TMFSERVER_"


@dataclass(frozen=True)
class Settings:
    """How a server runs. Flags of the command line win over environment variables."""

    host: str = setting("127.0.0.1", String(), "Address to listen on.")
    port: int = setting(8080, number(0, 65535), "Port to listen on.")
    database: str = setting(
        "sqlite:///tmfserver.db",
        String(),
        "Where documents are kept: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
    )
    specs: tuple[str, ...] = setting(
        (), List(String()), "Folders (or files) of contracts to serve instead of the bundled ones."
    )
    base_paths: str = setting(
        "",
        String(validate=are_base_paths),
        "Where contracts are served instead of where they say, by file name, e.g."
        " thing.json=/tmf-api/thing/v4,other.yaml=/other.",
    )
    shared_tables: str = setting(
        "",
        String(),
        "Resources of several contracts that are one, with attributes called otherwise, as"
        " api/v5/thing=api/v4/thing(new:old other:another), with commas between them.",
    )
    handlers: str = setting(
        "", String(), "A folder of handler modules that go before the bundled ones."
    )
    accept_contract: bool = setting(
        False,
        Boolean(),
        "Serve contracts even where they break documents stored under those served before.",
    )
    skip_broken: bool = setting(
        False,
        Boolean(),
        "Leave out contracts that cannot run, say so in the log, and serve the others.",
    )
    cache: str = setting(
        "",
        String(),
        "A folder to keep read contracts in for the next start; off: none; default: tmfserver in"
        " $XDG_CACHE_HOME or ~/.cache.",
    )
    workers: int = setting(1, number(1, 256), "Server processes; more than one run under gunicorn.")
    gunicorn: bool = setting(False, Boolean(), "Run under gunicorn even with one process.")
    public_url: str = setting(
        "",
        String(validate=validate.Regexp(r"^$|^https?://[^\s/]+$", error="http(s)://HOST[:PORT]")),
        "Scheme and host that clients see, e.g. https://api.example.com; default: as requested.",
    )
    page_limit: int = setting(100, number(1), "Documents in a list when the client names no limit.")
    largest_page: int = setting(
        1000, number(1), "Most documents in a list, whatever the client asks."
    )
    query_seconds: int = setting(
        10, number(1, 3600), "Longest time for a query, in seconds; a longer one is a 503."
    )
    totals_seconds: int = setting(
        60, number(1, 3600), "Longest time for adding up what matches, in seconds; more is a 503."
    )
    scan_limit: int = setting(
        50_000,
        number(1),
        "Most documents that are looked at for what the database cannot say of a query (JSONPath,"
        " regular expressions); more are a 501.",
    )
    total_limit: int = setting(
        0,
        number(0),
        "How far matches are counted; more give this X-Total-Count and X-Total-Count-Capped: true."
        " 0: always to the end.",
    )
    partial_content: bool = setting(
        False,
        Boolean(),
        "Answer a part of a list with 206 and Content-Range, and take Range: items=11-20.",
    )
    body_limit: int = setting(
        10 * 1024 * 1024, number(1), "Largest request body, in bytes; a larger one is a 413."
    )
    depth_limit: int = setting(
        100, number(2, 900), "Levels of objects and arrays in a request body."
    )
    schemas: str = setting(
        "",
        String(),
        "A folder of JSON Schemas of extended resources, which @schemaLocation and @type name.",
    )
    schema_policy: str = setting(
        "accept",
        one_of("accept", "warn", "strict"),
        "What becomes of a document whose @type or @schemaLocation nothing is known of: accept,"
        " warn or strict.",
    )
    idempotency_hours: int = setting(
        24, number(1, 87_600), "Hours that a request's Idempotency-Key is remembered."
    )
    references: str = setting(
        "off",
        one_of("off", "warn", "strict"),
        "Whether a reference to this server's own resources must exist: off, warn or strict.",
    )
    characteristics: str = setting(
        "warn",
        one_of("off", "warn", "strict"),
        "Whether characteristics must be as a specification of this server says, where one is"
        " referred to: off, warn or strict.",
    )
    user_header: str = setting(
        "X-Forwarded-User",
        String(),
        "The request header in which a proxy says who asks, for histories; empty: none.",
    )
    events: str = setting(
        "declared",
        one_of("declared", "all"),
        "Which changes are told: those whose events a contract declares, or all (create, change,"
        " change of state, delete).",
    )
    mirror: bool = setting(
        False,
        Boolean(),
        "Make copies of what a partner's events tell: its resources are created, changed and"
        " deleted here too.",
    )
    deliver: bool = setting(
        True,
        Boolean(),
        "Send notifications from the serving processes; else by `tmfserver deliver`.",
    )
    callback_networks: str = setting(
        "",
        String(validate=are_networks),
        "Networks that are not public and may be notified all the same, e.g."
        " 127.0.0.0/8,10.1.0.0/16.",
    )
    delivery_delays: str = setting(
        "1,5,30,120,600,3600,21600,86400",
        String(validate=are_seconds),
        "Seconds between one attempt and the next; after the last the notification is dead.",
    )
    delivery_retry_after: int = setting(
        3600, number(0, 604800), "Longest Retry-After that is honoured, in seconds."
    )
    delivery_connect_timeout: int = setting(
        5, number(1, 300), "Longest time to connect to a listener, in seconds."
    )
    delivery_timeout: int = setting(
        20, number(1, 600), "Longest time for a whole attempt, in seconds."
    )
    deliveries_at_once: int = setting(
        256, number(1, 10_000), "Notifications that a process sends at the same time."
    )
    deliveries_per_listener: int = setting(
        32, number(1, 10_000), "Notifications that a process sends to one listener at a time."
    )
    keep_sent_days: int = setting(
        7, number(0, 36_500), "Days that sent deliveries are kept, to be listed and replayed."
    )
    keep_events_days: int = setting(
        30, number(0, 36_500), "Days that events are kept, with their dead deliveries."
    )
    work: bool = setting(
        True,
        Boolean(),
        "Carry out imports and exports beside the serving processes; else by `tmfserver work`.",
    )
    jobs_folder: str = setting(
        "",
        String(),
        "Where files of imports and exports are kept, seen by all processes that work on them;"
        " default: FILE-jobs beside a SQLite file, else tmfserver-jobs.",
    )
    files_folder: str = setting(
        "",
        String(),
        "The folder that file: URLs of imports and exports may lead to; none if empty.",
    )
    transfer_speed: int = setting(
        1000, number(0), "Least bytes a second of a file from or to another server; 0: any."
    )
    upload_limit: int = setting(
        16 * 1024**3, number(1, 2**60), "Largest file that an import takes, in bytes."
    )
    record_limit: int = setting(
        10 * 1024 * 1024, number(1), "Largest record of an import, in bytes; others are refused."
    )
    error_log_limit: int = setting(
        10_000, number(0), "Most records that an import's error log tells of."
    )
    pool_size: int = setting(8, number(1, 1000), "PostgreSQL connections for each process.")
    log_level: str = setting(
        "info",
        one_of("debug", "info", "warning", "error"),
        "What is logged: debug, info, warning or error.",
    )


SHAPE: type[marshmallow.Schema] = marshmallow.Schema.from_dict(
    {entry.name: entry.metadata["shape"] for entry in fields(Settings)}, name="SettingsShape"
)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + name.upper()


def read(given: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from what was given by hand (None: not given), else the environment, else defaults.

    Raises WrongSetting, naming the setting, what came and what was expected.
    """
    values: dict[str, Any] = {}
    for entry in fields(Settings):
        value = given.get(entry.name)
        if value is None and (text := environment.get(variable(entry.name))):
            value = text.split(os.pathsep) if entry.name == "specs" else text
        if value is not None:
            values[entry.name] = [*value] if entry.name == "specs" else value
    try:
        loaded: dict[str, Any] = dict(SHAPE().load(values))
    except marshmallow.ValidationError as failure:
        problems_by_name: Any = failure.messages
        name, problems = next(iter(problems_by_name.items()))
        raise WrongSetting(
            setting=f"'{name}' ({variable(name)})",
            came=repr(values.get(name)),
            expected=" or ".join(str(problem).rstrip(".") for problem in problems),
        ) from None
    if "specs" in loaded:
        loaded["specs"] = tuple(loaded["specs"])
    return Settings(**loaded)


def read_base_paths(text: str, files: Iterable[str]) -> dict[str, str]:
    """The base paths that the setting gives to files, by file name. Raises WrongSetting for a name
    that is none of the files'."""
    chosen = dict(each.split("=") for each in text.split(",") if each)
    known = sorted(files)
    for name in chosen:
        if name not in known:
            raise WrongSetting(
                setting=f"'base_paths' ({variable('base_paths')})",
                came=repr(name),
                expected=f"the name of a file that is served: {', '.join(known)}",
            )
    return chosen


def environment(settings: Settings) -> dict[str, str]:
    """The environment variables by which another process gets the same settings."""
    texts = {}
    for entry in fields(Settings):
        value = getattr(settings, entry.name)
        text = os.pathsep.join(value) if isinstance(value, tuple) else str(value)
        if text:
            texts[variable(entry.name)] = text
    return texts


def describe() -> list[dict[str, Any]]:
    """Every setting as a plain value, for `--help`, `tmfserver settings` and the docs."""
    return [
        {
            "name": entry.name,
            "environment": variable(entry.name),
            "default": [] if entry.name == "specs" else entry.default,
            "help": entry.metadata["help"],
        }
        for entry in fields(Settings)
    ]
