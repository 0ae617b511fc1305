"""Query strings that cannot be answered: 400, naming the parameter; never a wrong list."""

from __future__ import annotations

import httpx
import pytest
from tests.http.asking import FORMAT, USAGE, create, raw, refused, request_bytes, unchanged
from tests.serving import Server

BAD_NUMBERS = ("-1", "-0.5", "1.5", "1e3", "abc", "", "0x10", "٣", "+5", "1 000", "NaN", "null",
               str(2**63), "9" * 30, "9" * 5000)  # fmt: skip
NOT_UTF8 = ("name=%ff", "name=%C3", "%ff=x", "name=%ED%A0%80", "sort=%ff", "fields=%fe")
BROKEN_ESCAPES = ("name=%", "name=%zz", "name=100%")


@pytest.mark.parametrize("parameter", ["limit", "offset"])
@pytest.mark.parametrize("value", BAD_NUMBERS, ids=lambda value: value[:12] or "nothing")
def test_limit_and_offset_are_whole_numbers(
    client: httpx.Client, parameter: str, value: str
) -> None:
    """A limit or offset that is negative, huge or no number is 400, naming it."""
    refused(client.get(FORMAT, params={parameter: value}), 400, parameter)


@pytest.mark.parametrize("parameter", ["limit", "offset"])
def test_a_number_is_given_once(client: httpx.Client, parameter: str) -> None:
    """Two different limits or offsets are 400; nobody guesses which was meant."""
    refused(client.get(f"{FORMAT}?{parameter}=1&{parameter}=2"), 400, parameter)


@pytest.mark.parametrize("query", NOT_UTF8 + BROKEN_ESCAPES)
def test_a_query_is_utf_8(client: httpx.Client, server: Server, query: str) -> None:
    """Percent-encoding that is broken, or that spells no UTF-8, is 400."""
    for path in (FORMAT, USAGE):
        request = request_bytes(b"GET", f"{path}?{query}".encode())
        refused(raw(server.port, request), 400)


def test_bytes_beyond_ascii_in_a_query(server: Server) -> None:
    """Bytes that should have been encoded are refused with a TM Forum Error, or understood."""
    for value in ("é".encode(), b"\xff"):
        response = raw(server.port, request_bytes(b"GET", FORMAT.encode() + b"?name=" + value))
        if response.status_code == 200:
            assert response.json() == []
        else:
            refused(response, 400)


@pytest.mark.parametrize("query", ["name=%00", "%00=x", "fields=%00", "sort=%00"])
def test_no_query_holds_nul(client: httpx.Client, query: str) -> None:
    """The character NUL in a query is 400."""
    refused(client.get(f"{FORMAT}?{query}"), 400)


def test_a_huge_query_is_refused(client: httpx.Client) -> None:
    """A query too long to be meant is refused, not tried."""
    many = "&".join(f"a{number}=1" for number in range(1000))
    refused(client.get(f"{FORMAT}?{many}"), 400)


def test_a_bad_selection_creates_nothing(client: httpx.Client) -> None:
    """A create or patch whose `fields` cannot be read is 400, and changes nothing."""
    with unchanged(client, FORMAT):
        refused(client.post(FORMAT, params={"fields": "a..b"}, json={"name": "x"}), 400, "fields")
    made = create(client, FORMAT, {"name": "stays"})
    path = f"{FORMAT}/{made['id']}"
    refused(client.patch(path, params={"fields": "a..b"}, json={"name": "x"}), 400, "fields")
    assert client.get(path).json() == made


def test_other_parameters_are_no_obstacle(client: httpx.Client) -> None:
    """Parameters that mean nothing on one resource are passed over there."""
    made = create(client, FORMAT, {"name": "x"})
    response = client.get(f"{FORMAT}/{made['id']}", params={"anything": "x"})
    assert response.json() == made
