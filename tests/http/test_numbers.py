"""No number is changed: it comes back as it was written, or is refused by name."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.http.asking import (
    JSON_PATCH,
    JSON_PATCH_QUERY,
    MERGE,
    USAGE,
    create,
    refused,
    total,
    unique,
)
from tests.serving import SQLITE, Server, select

from tmfserver.document.numbers import refuse_beyond
from tmfserver.document.reading import parse_json
from tmfserver.errors import Invalid

WRITTEN = [
    "0.1", "12.30", "0.10", "12345678901234.10", "9999999999999999999", "-9223372036854775809",
    "1e300", "1.5e-300", "1E3", "0.000001", "0.0000001230", "1.0", "100.00", "5e-324", "-0.0",
    "123456789.123456789123", "1234567890123456789012345678901234567890", "0.30000000000000004",
    "18446744073709551616", "1.7976931348623157e308", "0e0", "100000000000000000000.50",
]  # fmt: skip
BEYOND = [
    "1e-400", "1e309", "-1e99999999999999999999", "0." + "0" * 400 + "1", "1.23e400",
    "12345678901234567890123456789012345678901", "0.12345678901234567890123456789012345678901",
]  # fmt: skip


def usage(number: str, more: str = "") -> str:
    """A usage with this number in a characteristic, which may be anything, and in an amount."""
    return (
        f'{{"usageType": "{unique("numbers")}", "description": "counted", {more}'
        f'"usageCharacteristic": [{{"name": "n", "value": {number}}}], '
        f'"ratedProductUsage": [{{"taxRate": {number}}}]}}'
    )


def post(client: httpx.Client, body: str, path: str = USAGE) -> httpx.Response:
    return client.post(path, content=body, headers={"content-type": "application/json"})


def texts(response: httpx.Response) -> list[str]:
    """The number in the characteristic and the one in the amount, as they are written."""
    assert response.status_code < 300, response.text
    whole = json.loads(response.text, parse_float=Text, parse_int=Text)
    whole = whole[0] if isinstance(whole, list) else whole
    return [whole["usageCharacteristic"][0]["value"], whole["ratedProductUsage"][0]["taxRate"]]


class Text(str):
    """A number's text."""

    __slots__ = ()


def same(server: Server, found: list[str], written: str) -> None:
    """As it was written on SQLite; PostgreSQL writes exponents out, and its zero has no sign."""
    if server.database.startswith(SQLITE) or not {"e", "E", "-0.0"} & {*written, written}:
        assert found == [written] * 2
    assert [Decimal(each) for each in found] == [Decimal(written)] * 2


@pytest.mark.parametrize("written", WRITTEN)
def test_a_number_comes_back_as_it_was_written(
    server: Server, client: httpx.Client, written: str
) -> None:
    """On create, when read, in lists whole and in part, and after a patch of something else."""
    made = post(client, usage(written))
    assert texts(made) == [written] * 2
    path = made.headers["location"]
    only = {"fields": "usageCharacteristic,ratedProductUsage"}
    for response in (
        client.get(path),
        client.get(path, params=only),
        client.get(USAGE, params={"id": made.json()["id"]}),
        client.get(USAGE, params={"id": made.json()["id"], **only}),
        client.get(path, params={"depth": "1"}),
        client.patch(path, content='{"description": "changed"}'),
        client.get(path),
    ):
        same(server, texts(response), written)


@pytest.mark.parametrize("written", ["12.30", "12345678901234567890.10", "1.50E2"])
def test_patches_bring_numbers_as_they_are_written(
    server: Server, client: httpx.Client, written: str
) -> None:
    """All kinds of patches."""
    patches = {
        MERGE: '{"usageCharacteristic": [{"name": "n", "value": NUMBER}],'
        ' "ratedProductUsage": [{"taxRate": NUMBER}]}',
        JSON_PATCH: '[{"op": "replace", "path": "/usageCharacteristic/0/value", "value": NUMBER},'
        '{"op": "test", "path": "/usageCharacteristic/0/value", "value": NUMBER},'
        '{"op": "add", "path": "/ratedProductUsage/0/taxRate", "value": NUMBER}]',
        JSON_PATCH_QUERY: '[{"op": "replace", "path": "/usageCharacteristic?name=n", "value":'
        ' {"name": "n", "value": NUMBER}}, '
        '{"op": "replace", "path": "/ratedProductUsage/0/taxRate", "value": NUMBER}]',
    }
    for media, patch in patches.items():
        path = post(client, usage("7")).headers["location"]
        content = patch.replace("NUMBER", written)
        changed = client.patch(path, content=content, headers={"content-type": media})
        assert texts(changed) == [written] * 2, media
        same(server, texts(client.get(path)), written)


def test_the_same_value_written_otherwise_is_no_change(client: httpx.Client) -> None:
    """12.30 is 12.3: nothing is written, and the revision stays."""
    made = post(client, usage("12.3"))
    patch = '{"ratedProductUsage": [{"taxRate": 12.30}]}'
    patched = client.patch(made.headers["location"], content=patch)
    assert patched.headers["etag"] == made.headers["etag"]
    assert texts(patched) == ["12.3", "12.3"]


@pytest.mark.parametrize("written", BEYOND)
def test_what_cannot_be_kept_is_refused(client: httpx.Client, written: str) -> None:
    """The attribute is named, and what came."""
    error = refused(post(client, usage(written)), 400, "usageCharacteristic.0.value: got ")
    assert written[:10] in error["message"]


def test_lists_compare_to_the_last_digit(server: Server, client: httpx.Client) -> None:
    """Two numbers that are one float are two: equality and order, by name=value and JSONPath."""
    kind = unique("exact")
    for amount in ("12345678901234567.89", "12345678901234567.90", "12345678901234567.9", "5"):
        body = f'{{"usageType": "{kind}", "ratedProductUsage": [{{"taxRate": {amount}}}]}}'
        assert post(client, body).status_code == 201

    def found(**asked: str) -> int:
        return total(client, USAGE, usageType=kind, **asked)

    name, one = "ratedProductUsage.taxRate", "12345678901234567.89"
    assert found(**{name: one}) == 1
    assert found(**{name: "12345678901234567.90"}) == 2
    assert found(**{f"{name}.ne": one}) == 3
    assert found(**{f"{name}.gt": one}) == 2
    assert found(**{f"{name}.gte": one}) == 3
    assert found(**{f"{name}.lt": "12345678901234567.90"}) == 2
    assert found(**{f"{name}.lte": one}) == 2
    for sign, count in {"==": 1, "!=": 3, ">": 2, "<=": 2}.items():
        assert found(filter=f"$[?(@.ratedProductUsage[0].taxRate {sign} {one})]") == count, sign


def test_contract_bounds_hold_for_exact_numbers(client: httpx.Client) -> None:
    """What is no number stays refused beside an exact one, and so does a number for a text."""
    refused(post(client, usage("12.30", '"status": 12.30, ')), 400, "status: got 12.3")
    amount = '"bucketValueConvertedInAmount": {"value": "12.30"}'
    body = f'{{"usageType": "x", "ratedProductUsage": [{{"taxRate": 12.30, {amount}}}]}}'
    refused(post(client, body), 400, "value: got '12.30', expected number")


def test_events_tell_numbers_as_they_are_written(client: httpx.Client, server: Server) -> None:
    """The event's payload is the document."""
    hub = f"{USAGE.rpartition('/')[0]}/hub"
    callback = f"http://127.0.0.1:9/{unique('x').replace(' ', '')}"
    listener = create(client, hub, {"callback": callback})
    id = post(client, usage("12.30")).json()["id"]
    rows = select(server.database, f"SELECT document FROM event WHERE subject = '{id}'")
    client.delete(f"{hub}/{listener['id']}")
    assert '"value":12.30' in rows[0][0]
    assert '"taxRate":12.30' in rows[0][0]


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Any number within the bounds, spelled in any way that JSON knows."""
    whole = draw(st.from_regex(r"0|-?[1-9][0-9]{0,19}", fullmatch=True))
    fraction = draw(st.from_regex(r"(\.[0-9]{1,20})?", fullmatch=True))
    power = draw(st.from_regex(r"([eE][+-]?[0-9]{1,2})?", fullmatch=True))
    return whole + fraction + power


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(spellings(), min_size=20, max_size=60))
def test_any_number_comes_back(server: Server, client: httpx.Client, written: list[str]) -> None:
    """Any list of numbers in any spelling, and the same after a patch that reads it."""
    made = post(client, usage(f"[{', '.join(written)}]").replace("taxRate", "sums"))
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    client.patch(path, content='{"description": "changed"}')

    def numbers(response: httpx.Response) -> Any:
        whole = json.loads(response.text, parse_float=Text, parse_int=Text)
        return whole["usageCharacteristic"][0]["value"]

    assert numbers(made) == written
    read = numbers(client.get(path))
    assert [Decimal(each) for each in read] == [Decimal(each) for each in written]
    if server.database.startswith(SQLITE):
        assert read == written


def test_other_texts_of_digits_are_no_numbers() -> None:
    """A text of many digits is left alone, and a name too."""
    body = b'{"a": ["89014103211118510720123456789012345678901234567890"], "12.30": "1e999"}'
    assert parse_json(body, 10) == json.loads(body)


def test_a_refusal_cuts_what_came() -> None:
    """A thousand digits are not told in full."""
    with pytest.raises(Invalid, match=r"a\.0\.b: got 1{37}\.\.\., which") as told:
        refuse_beyond(b'{"a": [{"b": %s}]}' % (b"1" * 1000))
    assert len(str(told.value)) < 300
