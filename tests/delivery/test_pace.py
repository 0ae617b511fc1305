"""Other servers that send or take a byte now and then."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.jobs.partner import partner_server
from tmfserver.delivery.networks import read_networks
from tmfserver.delivery.pace import Dripping, Pace
from tmfserver.delivery.transfer import Places
from tmfserver.errors import Unreachable

LOOPBACK = read_networks("127.0.0.0/8")
# More than any test machine has: whatever takes longer than the window is too slow.
LEAST, WINDOW = 10**12, 0.2


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_pace_is_kept_on_the_average_of_a_window() -> None:
    """Fast and slow take turns within one; one that is too slow as a whole ends it."""
    clock = Clock()
    pace = Pace(100, 30, clock)
    clock.now += 1000  # before the first byte nothing is counted
    pace.passed(1)
    for count in (0, 0, 2999, 1, 0, 3000):
        clock.now += 10
        pace.passed(count)
    clock.now += 29
    pace.passed(1)
    clock.now += 2
    with pytest.raises(Dripping, match=r"2 bytes in 31 s, expected 100 a second"):
        pace.passed(1)


def test_any_pace_will_do_where_the_setting_says_so() -> None:
    """With 0 nothing is too slow."""
    clock = Clock()
    pace = Pace(0, 30, clock)
    for _ in range(3):
        pace.passed(0)
        clock.now += 1000


@pytest.mark.parametrize("behaviour", ["drip", "drip-head", "drip-chunk"])
def test_a_file_that_drips_is_given_up(behaviour: str) -> None:
    """In its content, its headers or the sizes of its chunks, though no single wait is long."""
    places = Places(LOOPBACK, "", 30, 30, LEAST, WINDOW)
    with partner_server() as partner:
        url = partner.url(f"/{behaviour}/x")
        with pytest.raises(Unreachable) as caught:
            places.fetch(url, io.BytesIO(), 2_000_000, lambda: None)
    assert f"{url} cannot be fetched or written: it is too slow: " in str(caught.value)
    assert str(caught.value).endswith("a second (the setting transfer_speed).")


def test_a_server_that_takes_a_file_in_drips_is_given_up(tmp_path: Path) -> None:
    """As soon as what lies between the two servers is full of it."""
    places = Places(LOOPBACK, "", 30, 30, LEAST, WINDOW)
    file = tmp_path / "x"
    with file.open("wb") as made:
        made.truncate(200_000_000)
    with partner_server() as partner, pytest.raises(Unreachable, match="it is too slow"):
        places.send(partner.url("/drip/x"), file, "text/csv", lambda: None)


def test_who_drips_can_be_left_at_once() -> None:
    """A job that is deleted, or told to stop, does not wait for a whole piece."""

    class Stopped(Exception):
        pass

    def stop() -> None:
        raise Stopped

    places = Places(LOOPBACK, "", 30, 30)
    with partner_server() as partner, pytest.raises(Stopped):
        places.fetch(partner.url("/drip/x"), io.BytesIO(), 2_000_000, stop)
