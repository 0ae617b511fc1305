"""What a specification says of characteristics, and what is wrong with some."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfserver.document.keys import key_of, make_key
from tmfserver.engine.specified import read
from tmfserver.engine.value_types import is_of

NAMES = ("open", "closed", "closedBottom", "closedTop")
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def listing(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"characteristicValueSpecification": [*entries]}


def problems(specified: dict[str, Any], *values: Any) -> list[tuple[str, str]]:
    """(what came, what was expected) for these values of one characteristic."""
    given = [{"name": "x", "value": value} for value in values]
    found = read([{"name": "x", **specified}]).problems(given)
    return [(each.came, each.expected) for each in found]


def allows(specified: dict[str, Any], *values: Any) -> bool:
    return not problems(specified, *values)


@pytest.mark.parametrize(
    ("types", "right", "wrong"),
    [
        (("string", "String", "TEXT"), ("", "12"), (12, True, {}, None)),
        (("integer", "Int", "long"), (12, 12.0, "12", -1, 10**30), (1.5, "1.5", "x", True, None)),
        (("number", "Decimal", "float"), (1.5, 2, "1.5", Decimal("0.1")), ("1,5", "", False, {})),
        (("boolean", "Bool"), (True, False, "true"), (1, 0, "yes", None, "True")),
        (("date", "DATE"), ("2026-02-28",), ("2026-02-29", "2026-02-28T00:00:00Z", 20260228, "")),
        (
            ("dateTime", "date-time", "DateTime"),
            ("2026-02-28T01:02:03Z", "2026-02-28T01:02:03.5+01:00"),
            ("2026-02-28", "2026-02-30T01:02:03Z", 5, "now"),
        ),
        (("", "array", "object", "somethingElse"), (1, "x", None, [1], {}), ()),
    ],
)
def test_types(types: tuple[str, ...], right: tuple[Any, ...], wrong: tuple[Any, ...]) -> None:
    """A type is known in any case; texts that spell a number are one; unknown types are free."""
    for type in types:
        for value in right:
            assert is_of(type, value), (type, value)
            assert allows({"valueType": type}, value), (type, value)
        for value in wrong:
            assert not is_of(type, value), (type, value)
            ((_, expected),) = problems({"valueType": type}, value)
            assert expected == f"a value of type {type}"


@pytest.mark.parametrize("interval", NAMES)
@pytest.mark.parametrize("value", [4, 5, 5.5, 6, 7, 8, "5", "6", "8", "6.5"])
def test_ranges(interval: str, value: Any) -> None:
    """The ends belong to a range as its interval says."""
    low = ">=" if interval in ("closed", "closedBottom") else ">"
    high = "<=" if interval in ("closed", "closedTop") else "<"
    expected = eval(f"{float(value)} {low} 5 and {float(value)} {high} 8")
    entry = {"valueFrom": 5, "valueTo": 8, "rangeInterval": interval}
    assert allows(listing(entry), value) == expected


@given(st.integers(), st.integers(), st.integers() | st.floats(allow_nan=False))
def test_a_range_is_closed_unless_it_says_so(low: int, high: int, value: float) -> None:
    """Without an interval both ends belong to a range; with one end it has no other."""
    both = {"characteristicValueSpecification": [{"valueFrom": low, "valueTo": high}]}
    assert allows(both, value) == (low <= value <= high)
    assert allows({"characteristicValueSpecification": [{"valueTo": high}]}, value) == (
        value <= high
    )
    assert allows({"characteristicValueSpecification": [{"valueFrom": low}]}, value) == (
        low <= value
    )


def test_ranges_of_moments() -> None:
    """A range may be of moments and days; what is neither number nor moment is in none."""
    entry = {
        "valueFrom": "2026-01-01",
        "valueTo": "2026-02-01T00:00:00Z",
        "rangeInterval": "closedBottom",
    }
    specified = listing(entry)
    assert allows(specified, "2026-01-01T01:00:00+01:00", "2026-01-31")
    for value in ("2025-12-31T23:59:59Z", "2026-02-01", "soon", True, None, {}):
        assert not allows(specified, value)


def test_allowed_values() -> None:
    """One of the values, ranges or expressions that are listed must hold; blanks say nothing."""
    listed = [
        {"value": "voice"},
        {"value": 7},
        {"valueFrom": 10, "valueTo": 12},
        {"regex": "[a-c]+"},
    ]
    specified = listing(*listed)
    assert allows(specified, "voice", 7, "7", 7.0, 11, "abc")
    for value in ("Voice", 8, True, "abcd", None, ["voice"]):
        ((_, expected),) = problems(specified, value)
        assert expected == '"voice" or 7 or 10 to 12 (closed) or what matches [a-c]+'
    blank = [{"valueType": "number", "value": "", "valueFrom": "", "valueTo": "", "regex": ""}]
    assert allows(listing(*blank), 5, "5")
    assert not allows(listing(*blank), "x")


def test_expressions() -> None:
    """An expression is RE2's and must match the whole; one that RE2 cannot read is not asked."""
    assert allows({"regex": "[0-9]{3}"}, "123", 123)
    assert problems({"regex": "[0-9]{3}"}, "1234") == [('"1234"', "what matches [0-9]{3}")]
    assert allows({"regex": r"(?<=a)b\1("}, "anything")


def test_cardinality() -> None:
    """Values are counted by name, an array as its elements where the type is of single values."""
    two = {"minCardinality": 1, "maxCardinality": 2}
    assert allows(two, 1)
    assert allows(two, 1, 2)
    assert problems(two) == [("none", "at least 1")]
    assert problems(two, 1, 2, 3) == [("3 values", "at most 2")]
    assert problems({**two, "valueType": "integer"}, [1, 2, 3]) == [("3 values", "at most 2")]
    assert problems({**two, "valueType": "integer"}, [1, "x"]) == [
        ('"x"', "a value of type integer")
    ]
    assert allows({**two, "valueType": "array"}, [1, 2, 3])
    assert allows({}, *range(9))


def test_extensible() -> None:
    """An extensible characteristic takes values that are not listed, of its type; and names that
    a specification does not have are taken where one of its characteristics is extensible."""
    listed = {"valueType": "integer", "characteristicValueSpecification": [{"value": 1}]}
    assert not allows(listed, 2)
    assert allows({**listed, "extensible": True}, 2)
    assert not allows({**listed, "extensible": True}, "x")
    other = [{"name": "other", "value": 1}]
    ((name, _, expected),) = read([{"name": "x", **listed}]).problems(other)
    assert (name, expected) == ("other", "only 'x'")
    assert not list(read([{"name": "x", "extensible": True}]).problems(other))


@given(JSON, JSON)
def test_any_specification_can_be_read(specification: Any, values: Any) -> None:
    """Whatever stands where characteristics should, nothing fails."""
    list(read(specification).problems(values))
    list(read([specification, {"name": "x", "isUnique": True}]).problems([values]))
    list(
        read([{"name": "x", **specification}] if isinstance(specification, dict) else []).problems(
            [{"name": "x", "value": values}]
        )
    )
    read([{"name": "x", "isUnique": True}]).key([{"name": "x", "value": values}], ("spec", "s"))


def test_keys() -> None:
    """A key is of all its values: none without one of them, and the same for the same values."""
    document = {"a": {"b": [{"c": 1}, {"c": 2}, {}]}, "d": False, "n": None}
    key = key_of(document, ["a.b.c", "d"])
    assert key is not None
    assert key.says == "a.b.c 1, 2 and d false"
    assert key == key_of({**document, "a": {"b": [{"c": 1.0}, {"c": 2}]}}, ["a.b.c", "d"])._replace(
        says=key.says
    )
    for paths in (["a.b.c", "n"], ["a.b.c", "x"], ["a.b.c.e"]):
        assert key_of(document, paths) is None


@given(JSON, JSON)
def test_other_values_make_another_key(one: Any, other: Any) -> None:
    """Two values have one key exactly if they are the same JSON value."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(each) for name, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return (type(value) is bool, value) if isinstance(value, bool | int | float) else value

    same = make_key([("x", [one])]).mark == make_key([("x", [other])]).mark
    assert same == (plain(one) == plain(other))
