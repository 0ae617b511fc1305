"""Counts, sums and distinct counts of documents, by groups."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.query.plainly import ATTRIBUTES, DOCUMENTS, added, asked_for

from tmfserver.errors import BadQuery
from tmfserver.query.folding import Fold, Folded
from tmfserver.query.summing import read_summing

TYPES: Any = {"kind": "string", "date": "date-time", "size": "number", "part.amount.unit": "string"}


def folded(text: str, *documents: Any) -> Folded:
    summing, others = read_summing(text, TYPES)
    assert not others
    fold = Fold(summing)
    for document in documents:
        fold.take(document)
    return fold.folded


def sums(result: Folded, *key: Any) -> dict[str | None, Decimal]:
    return {unit: entry.value for unit, entry in result.totals[key].sums[0].items()}


def amount(value: Any, unit: str = "EUR", **more: Any) -> Any:
    return {"amount": {"unit": unit, "value": value}, **more}


def test_sums_are_exact() -> None:
    """Twenty thousand times 0.1 is 2,000, and not 1999.9999999999."""
    result = folded("sum=part.amount", *[{"part": [amount(0.1)]}] * 20_000)
    assert sums(result) == {"EUR": Decimal(2000)}
    assert result.totals[()].count == 20_000


def test_large_and_small_numbers_add_up() -> None:
    """No digit is lost between a trillion and a millionth."""
    result = folded("sum=size", {"size": 10**18}, {"size": 1e-06}, {"size": Decimal("0.1")})
    assert sums(result) == {None: Decimal("1000000000000000000.100001")}


def test_units_are_not_mixed() -> None:
    """Euros are never added to dollars."""
    parts = [amount(1), amount(2, "USD"), amount(3)]
    assert sums(folded("sum=part.amount", {"part": parts})) == {"EUR": 4, "USD": 2}


def test_what_is_no_number_is_not_added() -> None:
    """Texts, truth values, null and what is missing."""
    documents = [{"size": value} for value in ("7", True, None, [], {})]
    result = folded("sum=size", {"size": 1}, {}, *documents)
    assert sums(result) == {None: 1}
    assert result.totals[()].sums[0][None].count == 1


def test_a_document_counts_once_in_each_of_its_groups() -> None:
    """An attribute inside an array has many values; the same one twice is one."""
    document = {"party": [{"id": "A"}, {"id": "B"}, {"id": "A"}], "size": 5}
    result = folded("groupBy=party.id&sum=size", document, {"size": 1})
    assert {key: total.count for key, total in result.totals.items()} == {
        ("A",): 1, ("B",): 1, (None,): 1,
    }  # fmt: skip
    assert sums(result, "A") == sums(result, "B") == {None: 5}


def test_the_same_element_holds_together() -> None:
    """What stands in one element of an array is summed in that element's group alone."""
    parts = [amount(1, tag="x"), amount(2, tag="y"), amount(4, tag="x")]
    result = folded("groupBy=part.tag&sum=part.amount", {"part": parts})
    assert sums(result, "x") == {"EUR": 5}
    assert sums(result, "y") == {"EUR": 2}


def test_groups_of_two_attributes_of_one_element() -> None:
    """No group is made of one party's id and another's role."""
    party = [{"id": "A", "role": "payer"}, {"id": "B", "role": "user"}]
    result = folded("groupBy=party.id,party.role", {"party": party})
    assert set(result.totals) == {("A", "payer"), ("B", "user")}


def test_a_part_of_a_moment_is_that_of_utc() -> None:
    """Half an hour before midnight in UTC is another day, whatever the offset says."""
    documents = [{"date": "2026-03-01T00:30:00+01:00"}, {"date": "2026-03-01T00:30:00Z"}]
    assert set(folded("groupBy=date.day", *documents).totals) == {("2026-02-28",), ("2026-03-01",)}
    assert set(folded("groupBy=date.month", *documents).totals) == {("2026-02",), ("2026-03",)}
    assert set(folded("groupBy=date.hour", {"date": "never"}).totals) == {(None,)}


def test_true_is_not_one() -> None:
    """Neither as a group nor as a value that is counted; 1.0 is."""
    documents = [{"kind": value} for value in (True, 1, 1.0, False, 0)]
    assert len(folded("groupBy=kind", *documents).totals) == 4
    assert len(folded("distinct=kind", *documents).totals[()].distinct[0]) == 4


def test_different_values_are_counted() -> None:
    """What is missing is no value."""
    documents = [{"kind": "a"}, {"kind": "b"}, {"kind": "a"}, {}]
    assert folded("distinct=kind", *documents).totals[()].distinct == [{"a", "b"}]


def test_what_is_no_parameter_of_totals_filters() -> None:
    """The rest of the query string is a list's."""
    summing, others = read_summing("kind=a&groupBy=kind&size.gt=3&sum=size", TYPES)
    assert others == "kind=a&size.gt=3"
    assert [group.name for group in (*summing.groups, *summing.sums)] == ["kind", "size"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sum=kind", ("sum", "'kind'", "numbers")),
        ("sum=date.day", ("sum", "date.day")),
        ("groupBy=kind.month", ("groupBy", "date-time", "'.month'")),
        ("groupBy=" + ",".join(f"a{n}" for n in range(11)), ("groupBy", "11", "at most 10")),
        ("groupBy=a..b", ("groupBy", "a..b")),
        ("groupBy=", ("groupBy", "attribute names")),
        ("sum=size,", ("sum", "attribute names")),
        ("distinct=size!", ("distinct", "size!", "attribute names")),
    ],
)
def test_what_cannot_be_added_up_is_refused(text: str, words: tuple[str, ...]) -> None:
    """The refusal names the parameter, what came and what was expected."""
    with pytest.raises(BadQuery) as failure:
        read_summing(text, TYPES)
    for word in words:
        assert word in str(failure.value)


NUMBERS = st.decimals(-(10**6), 10**6, places=3, allow_nan=False)


@given(st.lists(st.tuples(st.sampled_from("abc"), NUMBERS), max_size=30))
def test_totals_are_those_of_plain_arithmetic(rows: list[tuple[str, Decimal]]) -> None:
    """Whatever the documents, each group has its own sum and count."""
    documents = [{"kind": kind, "size": number} for kind, number in rows]
    result = folded("groupBy=kind&sum=size", *documents)
    assert {key[0]: total.count for key, total in result.totals.items()} == Counter(
        kind for kind, _ in rows
    )
    for kind in {kind for kind, _ in rows}:
        assert sums(result, kind)[None] == sum(number for other, number in rows if other == kind)


@settings(max_examples=500)
@given(
    st.lists(DOCUMENTS, max_size=5),
    *[st.lists(st.sampled_from(ATTRIBUTES), max_size=3, unique=True)] * 3,
)
def test_totals_are_what_they_are_meant_to_be(
    documents: list[Any], groups: list[str], sums: list[str], distinct: list[str]
) -> None:
    """Attribute by attribute, as it is done, adds up to the same as row by row, as it is meant."""
    summing = asked_for(groups, sums, distinct)
    fold = Fold(summing)
    for document in documents:
        fold.take(document)
    assert fold.folded == added(summing, documents)
