"""Files that are not what they should be: by a job over HTTP, and by `tmfserver import`."""

from __future__ import annotations

import gzip
import io
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import zstandard
from click.testing import CliRunner

from tests.http.asking import ACCOUNTS, USAGE, total
from tests.jobs.conftest import ended, log
from tests.serving import Server, select
from tmfserver.cli import commands
from tmfserver.records import Columns, open_writer

COUNTS = ("read", "created", "duplicate", "invalid")
NDJSON, ARRAY, CSV = "application/x-ndjson", "application/json", "text/csv"
PARQUET, UNTOLD = "application/vnd.apache.parquet", "application/octet-stream"
MANY = 3_000
CUT = -1  # how many came in is the disk's and the packing's business: some, not all


pytestmark = pytest.mark.slow


class Told(NamedTuple):
    """What becomes of a file. counts: read, created, duplicate, invalid, CUT where it depends;
    reason: of the failure, of the whole file; reasons: of the records that were refused."""

    counts: tuple[int, int, int, int]
    reason: str = ""
    reasons: tuple[str, ...] = ()


class Bad(NamedTuple):
    make: Callable[[str], bytes]
    media_type: str
    told: Told
    path: str = "usage"


def usages(mark: str, count: int = MANY) -> bytes:
    """Records that do not pack well, so that half of a file has half of them."""
    lines = [{"usageType": mark, "description": uuid.uuid4().hex} for _ in range(count)]
    return "".join(json.dumps(each) + "\n" for each in lines).encode()


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_of_three(mark: str, middle: str, encoding: str = "utf-8") -> bytes:
    around = f'{{"usageType":"{mark}"}}\n'
    return f"{around}{middle}\n{around}".encode(encoding)


def parquet(mark: str) -> bytes:
    file = io.BytesIO()
    writer = open_writer(file, "parquet", Columns())
    writer.write([json.dumps({"usageType": mark, "n": n}) for n in range(3)])
    writer.close()
    return file.getvalue()


def accounts_without_a_name(mark: str) -> bytes:
    party = "relatedParty[0].id,relatedParty[0].@referredType"
    return f"description,{party}\n{mark},1,Individual\n{mark},2,Individual\n".encode()


def parties_without_an_id(mark: str) -> bytes:
    return f"usageType,relatedParty.name\n{mark},Ada\n{mark},\n".encode()


def amounts(mark: str) -> bytes:
    column = "ratedProductUsage[0].taxExcludedRatingAmount.value"
    cells = ("NaN", "Infinity", "-Infinity", "inf", "1e999", "0.10")
    return f"usageType,{column}\n".encode() + "".join(f"{mark},{c}\n" for c in cells).encode()


def packed_badly(mark: str) -> bytes:
    whole = bytearray(gzip.compress(usages(mark, 3)))
    whole[-6] ^= 1  # of its checksum
    return bytes(whole)


NUMBERS = ("NaN", "Infinity", "-Infinity", "1e999", "[-1e400]", '{"a":[NaN]}')
BAD = {
    "gzip that was cut": Bad(
        lambda mark: half(gzip.compress(usages(mark))), NDJSON,
        Told((CUT, CUT, 0, 0), "the gzip file ends too soon"),
    ),
    "zstd that was cut": Bad(
        lambda mark: half(zstandard.compress(usages(mark))), UNTOLD,
        Told((CUT, CUT, 0, 0), "the zstd file ends too soon"),
    ),
    "gzip whose sum is wrong": Bad(packed_badly, NDJSON, Told((CUT, CUT, 0, 0), "damaged")),
    "Latin-1 lines": Bad(
        lambda mark: one_of_three(mark, '{"description":"café"}', "latin-1"), NDJSON,
        Told((3, 2, 0, 1), reasons=("UTF-8",)),
    ),
    "Latin-1 rows": Bad(
        lambda mark: f"usageType,description\n{mark},café\n{mark},tea\n".encode("latin-1"), CSV,
        Told((2, 1, 0, 1), reasons=("UTF-8",)),
    ),
    "Latin-1 columns": Bad(
        lambda mark: f"usageType,café\n{mark},1\n".encode("latin-1"), CSV,
        Told((0, 0, 0, 0), "not UTF-8"),
    ),
    "UTF-16": Bad(
        lambda mark: usages(mark, 3).decode().encode("utf-16"), NDJSON,
        Told((0, 0, 0, 0), "it is UTF-16, expected UTF-8"),
    ),
    "CSV without a column that the contract requires": Bad(
        accounts_without_a_name, CSV, Told((2, 0, 0, 2), reasons=("name", "name")),
        f"{ACCOUNTS}/billingAccount",
    ),
    "CSV without what a part of it requires": Bad(
        parties_without_an_id, CSV, Told((2, 1, 0, 1), reasons=("relatedParty",))
    ),
    "CSV with cells too few and too many": Bad(
        lambda mark: f"usageType,a,b\n{mark},1,2\n{mark},1\n{mark},1,2,3\n".encode(), CSV,
        Told((3, 1, 0, 2), reasons=("has 2 cells", "has 4 cells")),
    ),
    "CSV with a column twice": Bad(
        lambda mark: f"usageType,usageType\n{mark},1\n".encode(), CSV,
        Told((0, 0, 0, 0), "the column 'usageType' twice"),
    ),
    "numbers that JSON has not": Bad(
        lambda mark: "".join(f'{{"usageType":"{mark}","n":{n}}}\n' for n in NUMBERS).encode(),
        NDJSON, Told((6, 0, 0, 6), reasons=("",) * 6),
    ),
    "the same in an array": Bad(
        lambda mark: json.dumps([{"usageType": mark}, {"n": float("nan")}]).encode(), ARRAY,
        Told((2, 1, 0, 1), reasons=("",)),
    ),
    "the same in a column": Bad(amounts, CSV, Told((6, 1, 0, 5), reasons=("value",) * 5)),
    "nothing": Bad(lambda _: b"", UNTOLD, Told((0, 0, 0, 0))),
    "nothing, packed": Bad(lambda _: gzip.compress(b""), NDJSON, Told((0, 0, 0, 0))),
    "no array": Bad(lambda _: b"", ARRAY, Told((0, 0, 0, 0), "does not begin with '['")),
    "no columns": Bad(lambda _: b"", CSV, Told((0, 0, 0, 0), "names no columns")),
    "no Parquet": Bad(lambda _: b"", PARQUET, Told((0, 0, 0, 0), "no Parquet file")),
    "Parquet that was cut": Bad(
        lambda mark: parquet(mark)[:-20], PARQUET, Told((0, 0, 0, 0), "no Parquet file")
    ),
    "an array that breaks off": Bad(
        lambda mark: b'[{"usageType":"%s"},{"usage' % mark.encode(), ARRAY,
        Told((1, 1, 0, 0), "element 2"),
    ),
    "a picture, taken for JSON": Bad(
        lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", ARRAY,
        Told((0, 0, 0, 0), "does not begin with '['"),
    ),
    "a picture": Bad(
        lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", UNTOLD, Told((0, 0, 0, 0), "not UTF-8")
    ),
    "a picture, taken for lines": Bad(
        lambda _: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", NDJSON, Told((3, 0, 0, 3), reasons=("",) * 3)
    ),
    "a page instead of a file": Bad(
        lambda _: b"<!DOCTYPE html>\n<html></html>\n", NDJSON,
        Told((2, 0, 0, 2), reasons=("JSON", "JSON")),
    ),
}  # fmt: skip


def as_told(found: tuple[int, ...], told: Told) -> tuple[int, ...]:
    """With CUT where that is expected of a count that is some and not all."""
    return tuple(
        CUT if expected == CUT and 0 <= count < MANY else count
        for count, expected in zip(found, told.counts, strict=True)
    )


@pytest.mark.parametrize("name", BAD)
def test_a_job_says_what_was_wrong_with_its_file(client: httpx.Client, name: str) -> None:
    """It ends Failed with a sentence, or with counts and a line for each record that was refused;
    and what it counts as created is there, and nothing else."""
    bad, mark = BAD[name], uuid.uuid4().hex
    attribute = "usageType" if bad.path == "usage" else "description"
    job = ended(client, bad.make(mark), bad.media_type, bad.path)
    found = tuple(job.get("counts", {}).get(each, 0) for each in COUNTS)
    assert as_told(found, bad.told) == bad.told.counts, job
    assert job["status"] == ("Failed" if bad.told.reason else "Succeeded")
    assert bad.told.reason in job.get("reason", "")
    reasons = [each["reason"] for each in log(client, job)] if "errorLog" in job else []
    assert len(reasons) == len(bad.told.reasons)
    for reason, word in zip(reasons, bad.told.reasons, strict=True):
        assert word in reason
    path = USAGE if bad.path == "usage" else bad.path
    assert total(client, path, **{attribute: mark}) == found[1]


@pytest.mark.parametrize("name", BAD)
def test_the_command_says_what_was_wrong_with_its_file(
    server: Server, tmp_path: Path, name: str
) -> None:
    """The same by exit codes: 1 with a sentence, or 3 with a line for each."""
    bad, mark = BAD[name], uuid.uuid4().hex
    file, errors = tmp_path / "file", tmp_path / "errors"
    file.write_bytes(bad.make(mark))
    formats = {NDJSON: "ndjson", ARRAY: "json", CSV: "csv", PARQUET: "parquet"}
    words: list[Any] = ["import", bad.path, file, "--errors", errors, "--database", server.database]
    if bad.media_type in formats:
        words += ["--format", formats[bad.media_type]]
    result = CliRunner().invoke(commands, list(map(str, words)))
    assert result.exit_code == (1 if bad.told.reason else 3 if bad.told.reasons else 0)
    assert bad.told.reason in result.stderr
    pattern = r"(\d+) read: (\d+) created, (\d+) there already, (\d+) refused"
    told = re.search(pattern, result.stderr)
    assert told, result.stderr
    found = tuple(int(each) for each in told.groups())
    assert as_told(found, bad.told) == bad.told.counts
    reasons = [json.loads(line)["reason"] for line in errors.read_text().splitlines()]
    assert len(reasons) == len(bad.told.reasons)
    table = "usage_management_v4_usage"
    rows = select(server.database, f"SELECT count(*) FROM {table} WHERE {_holds(server, mark)}")
    assert bad.path != "usage" or rows == [(found[1],)]


def _holds(server: Server, mark: str) -> str:
    """SQL for a document of this usageType."""
    if server.database.startswith("sqlite"):
        return f"document ->> '$.usageType' = '{mark}'"
    return f"document ->> 'usageType' = '{mark}'"
