"""No number is changed silently: it comes back as it went in, or is refused by name."""

from __future__ import annotations

import pytest

from tmfserver.errors import Invalid
from tmfserver.http.numbers import refuse_inexact


@pytest.mark.parametrize(
    "text",
    ["0.1", "12.30", "12345678901234.10", "18446744073709551615", "-9223372036854775808", "1e300",
     "1.5e-300", '"89014103211118510720"', "0.30000000000000004"],
)  # fmt: skip
def test_what_comes_back_as_it_is_passes(text: str) -> None:
    """Its value, to the last digit; a text of digits is no number."""
    refuse_inexact(f'{{"a": [{{"b": {text}}}]}}'.encode())


@pytest.mark.parametrize(
    "text",
    ["89014103211118510720", "-9223372036854775809", "0.12345678901234567891", "1e-400",
     "123456789.123456789123"],
)  # fmt: skip
def test_what_would_be_rounded_is_refused(text: str) -> None:
    """The attribute is named, and what came."""
    with pytest.raises(Invalid, match=r"a\.0\.b: got ") as refused:
        refuse_inexact(f'{{"a": [{{"b": {text}}}]}}'.encode())
    assert text[:10] in str(refused.value)
