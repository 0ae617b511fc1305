from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmfserver.query.scalars import asked_instant, boolean, instant, number


@pytest.mark.parametrize("text", ["0", "-0", "12", "1.5", "1e3", "1E+3", "-2.5e-3"])
def test_number(text):
    """What JSON takes for a number is one."""
    assert number(text) == float(text)


@pytest.mark.parametrize("text", ["", "+1", "01", ".5", "1.", "0x1", "1_0", " 1", "NaN", "١", "1e"])
def test_no_number(text):
    """What JSON does not take for a number is none."""
    assert number(text) is None


def test_big_numbers():
    """Whole numbers are exact; one too long to be compared with anything is beyond everything."""
    assert number("9" * 30) == 10**30 - 1
    assert number("9" * 5000) == float("inf")


def test_boolean():
    """The truth values are spelled as in JSON."""
    assert [boolean(text) for text in ("true", "false", "True", "1", "")] == [
        True,
        False,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00z", 0),
        ("1970-01-01 00:00:00", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1969-12-31T23:00:00-01:00", 0),
        ("1970-01-01T00:00:00.1Z", 100_000),
        ("1970-01-01T00:00:00.1234567Z", 123_456),
        ("1969-12-31T23:59:59.75Z", -250_000),
        ("1970-01-01T00:00:60Z", 60_000_000),
    ],
)
def test_instant(text, microseconds):
    """An RFC 3339 date-time is a moment, told in microseconds."""
    assert instant(text) == microseconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01",
        "2026-01-01T00:00Z",
        "2026-02-30T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+0100",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+01:60",
        "2026-01-01T00:00:00Z ",
        "２026-01-01T00:00:00Z",
    ],
)
def test_no_instant(text):
    """What is no RFC 3339 date-time is no moment."""
    assert instant(text) is None


def test_asked_instant():
    """A query may name a day, which means its midnight in UTC."""
    assert asked_instant("1970-01-02") == instant("1970-01-02T00:00:00Z") == 86_400_000_000
    assert asked_instant("1970-13-02") is None
    assert asked_instant("yesterday") is None


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=offsets | st.just(UTC)))
def test_instants_are_those_of_the_calendar(moment):
    """Every date and offset is the moment that Python's calendar says."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert instant(moment.isoformat()) == since // timedelta(microseconds=1)
