"""Exact numbers: read and printed as they were written, equal by value whatever they are."""

from __future__ import annotations

import copy
import json
import pickle
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfserver import exact
from tmfserver.exact import Exact, equal

NUMBERS = st.from_regex(
    r"(0|-?[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?", fullmatch=True
)
GAPS = st.sampled_from(["", " ", "\n", "\t"])


@given(st.lists(NUMBERS, min_size=1, max_size=4), GAPS)
def test_any_number_is_printed_as_it_was_read(numbers: list[str], gap: str) -> None:
    """Alone, in an array and in an object, whatever follows it."""
    array = f"{gap},".join(numbers)
    for text in (numbers[0], f"[{array}{gap}]", f'{{"a":{numbers[0]}{gap}}}'):
        assert exact.dumps(exact.loads(text)).decode() == text.replace(gap, "")


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_all_else_is_read_as_ever(value: Any) -> None:
    """Texts, names, truth values and whole numbers of 64 bits, whichever way they are read."""
    body = orjson.dumps(value)
    assert exact.loads(body) == exact.read_slowly(body) == orjson.loads(body)


def test_what_is_common_is_read_fast() -> None:
    """Dates, prices, ids and hosts do not send a body the slow way."""
    body = {
        "at": "2026-01-31T12:00:00.120Z", "price": 12.35, "share": 1.0, "count": 100, "n": -5,
        "id": "0198e5d2-7c3b-7e10-a0e1-123456789012", "href": "https://host.example.com:8080/0e1",
    }  # fmt: skip
    assert not exact.may_change(orjson.dumps(body))
    assert not exact.may_change(json.dumps(body, indent=1).encode())


def test_numbers_are_equal_by_value() -> None:
    """To the decimal number that a float is printed as, in any order, in sets and in documents."""
    tenth = Exact("0.10")
    assert tenth == 0.1
    assert 0.1 == tenth  # noqa: SIM300
    assert not tenth != 0.1  # noqa: SIM202
    assert {tenth, 0.1, Exact("1e-1"), Decimal("0.1")} == {tenth, Decimal("0.1")}
    assert hash(Exact("20.00")) == hash(20)
    assert Exact("12345678901234567.89") != Exact("12345678901234567.90")
    assert 0.1 < Exact("0.100000000000000001") < 0.2 >= tenth <= 0.1
    assert Exact("0.3") > 0.2
    assert equal({"a": [Exact("1.00")]}, {"a": [1]})
    assert not equal(Exact("1.00"), True)
    assert {"a": tenth} == {"a": 0.1}


def test_copies_keep_the_text() -> None:
    """Also those that go to another process."""
    for made in (copy.deepcopy(Exact("1E3")), pickle.loads(pickle.dumps(Exact("1E3")))):
        assert exact.dumps([made]) == b"[1E3]"


def test_what_is_computed_is_printed_too() -> None:
    """A handler's sum is a Decimal, which must be a number."""
    assert exact.dumps(sum([Exact("0.10")] * 3)) == b"0.30"
    with pytest.raises(TypeError):
        exact.dumps(Decimal("NaN"))


def test_validators_get_plain_numbers() -> None:
    """A whole number stays one."""
    value = exact.plain({"a": [Exact("1.50"), Exact("9" * 20), "1.50"]})
    assert value == {"a": [1.5, int("9" * 20), "1.50"]}
