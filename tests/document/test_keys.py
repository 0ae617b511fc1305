"""What names a document together, whatever way its numbers are written."""

from __future__ import annotations

import pytest

from tmfserver import exact
from tmfserver.document.keys import key_of


def mark(text: str) -> str:
    key = key_of(exact.loads(f'{{"n": {text}}}'), ["n"])
    assert key is not None
    return key.mark


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("12.30", "12.3"),
        ("12.0", "12"),
        ("1.230e1", "12.3"),
        ("1234567890123456789012345678901234567.10", "1234567890123456789012345678901234567.1"),
        ('["a", 1.0]', '["a", 1]'),
    ],
)
def test_one_number_is_one_key(one: str, same: str) -> None:
    """However many noughts stand at its end."""
    assert mark(one) == mark(same)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", '"1"'),
        ("12345678901234567890.1", "12345678901234567890.2"),
        ("1234567890123456789012345678901234567.1", "1234567890123456789012345678901234567.2"),
        ("100000000000000000000000", "100000000000000000000001"),
    ],
)
def test_two_values_are_two_keys(one: str, other: str) -> None:
    """To the last digit."""
    assert mark(one) != mark(other)
