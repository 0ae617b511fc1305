"""The certification document: who files what, what it says, and when there is none."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from tests.conformance.runs import API, BAD, FAILED, GOOD, PASSED, SKIPPED

from tmfserver.conformance import certificate, report
from tmfserver.conformance.certificate.architecture import (
    MOST_RESOURCES,
    architecture,
    events_of,
    fit,
)
from tmfserver.conformance.certificate.document import refusal
from tmfserver.conformance.certificate.drawing import Arrow, Box, Text, svg
from tmfserver.conformance.certificate.filing import Contact, Filing, read
from tmfserver.conformance.certificate.markdown import _text as markdown_text
from tmfserver.conformance.results import Run
from tmfserver.errors import WrongFiling

FILING = Filing(
    company="Example Telecom",
    product="Example Suite",
    release="2026.1",
    contact=Contact("Zoë Łukasiewicz", "zoe@example.com"),
)

WRITTEN = """\
company: Example Telecom
product: Example Suite
release: "2026.1"
contact:
  name: Zoë Łukasiewicz
  email: zoe@example.com
"""


def filed(folder: Path, run: Run = GOOD, filing: Filing = FILING) -> certificate.Filed:
    return certificate.write(filing, run, report.write(run, folder))


def test_a_filing_is_read(tmp_path: Path) -> None:
    """A file with the four keys is a filing."""
    file = tmp_path / "filing.yaml"
    file.write_text(WRITTEN, encoding="utf-8")
    assert read(file) == FILING


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (WRITTEN.replace('"2026.1"', "2026.1"), "release: got 2026.1, expected a text; put it in"),
        (WRITTEN.replace("product:", "produkt:"), "produkt: there is no such key, did you mean"),
        (WRITTEN + "colour: red\n", "colour: there is no such key; known are company, product"),
        (WRITTEN.replace("company: Example Telecom\n", ""), "company: it is missing"),
        (WRITTEN.replace("company: Example Telecom", "company:"), "company: got nothing, expected"),
        (WRITTEN.replace("Example Suite", "''"), "product: got '', expected 1 to 200 characters"),
        (WRITTEN.replace("Example Suite", '"a\\0b"'), "expected a text without control characters"),
        (WRITTEN.replace("zoe@example.com", "zoe"), "contact.email: got 'zoe', expected an e-mail"),
        (WRITTEN.replace("  email: zoe@example.com\n", ""), "contact.email: it is missing"),
        (
            re.sub(r"(?s)contact:.*", "contact: Zoë\n", WRITTEN),
            "contact: got 'Zoë', expected a name",
        ),
        (re.sub(r"(?s)contact:.*", "contact:\n", WRITTEN), "contact: got nothing, expected a name"),
        (WRITTEN + "font: nowhere.ttf\n", "font: there is no file"),
        ("", "expected keys such as company"),
        ("- a\n", "expected keys such as company"),
        ("a: [", "it is not YAML"),
        ("a: 2026-13-45", "it is not YAML"),
        ("[" * 2000, "it is not YAML"),
        ("? [a]\n: b\n", "it is not YAML"),
        ("1: b\n", "1: there is no such key"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, sentence: str) -> None:
    """A filing that is not as expected is refused in one sentence that names the key."""
    file = tmp_path / "filing.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(WrongFiling) as failure:
        read(file)
    assert str(failure.value).startswith(f"{file}: ")
    assert sentence in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are refused as such."""
    with pytest.raises(WrongFiling, match="it cannot be read: No such file"):
        read(tmp_path / "none.yaml")
    file = tmp_path / "filing.yaml"
    file.write_bytes(b"company: \xff")
    with pytest.raises(WrongFiling, match="it is not UTF-8"):
        read(file)


def test_the_sections_and_figures(tmp_path: Path) -> None:
    """The document has every section that is filed, with the run's figures and the checksum."""
    run = replace(GOOD, checks=(PASSED, SKIPPED, replace(FAILED, mandatory=False)))
    made = filed(tmp_path, run)
    assert made.refused == ()
    text = made.files[0].read_text(encoding="utf-8")
    titles = re.findall(r"^## \d\. (.*)", text, re.MULTILINE)
    assert titles == [
        "Company, product and release",
        "API name, version and date",
        "What the product supports",
        "Overview of the API",
        "Architectural view",
        "Test results",
    ]
    for said in (
        "| Company | Example Telecom |", "| Release | 2026.1 |",
        "| API name | TMF900 Ticket Office |", "| API version | 4.0.0 |",
        "| Date of the test | 2026-11-22 |", API.overview,
        "2 resources with 12 operations", "- `ticketSpecification`", "- `TicketCreateEvent`",
        "| kit | 1 | 1 | 0 |", "| full | 0 | 0 | 1 |", "| Database | SQLite |",
        "Every mandatory check that was made passed (1).", SKIPPED.reason,
        "none of them is mandatory",
        report.write(run, tmp_path).sha256, API.contract_sha256, "](ticket-office-4.0.0.svg)",
    ):  # fmt: skip
        assert said in text, said


def test_one_document_for_each_api(tmp_path: Path) -> None:
    """Each API that passed has its own; one that failed has none, and the reason is said."""
    other = replace(API, title="Lost & Found")
    checks = (PASSED, replace(FAILED, api="Lost & Found"))
    made = filed(tmp_path, replace(GOOD, apis=(API, other), checks=checks))
    assert [file.name for file in made.files] == [
        "ticket-office-4.0.0.md", "ticket-office-4.0.0.svg", "ticket-office-4.0.0.pdf",
    ]  # fmt: skip
    (sentence,) = made.refused
    assert sentence.startswith("There is no certification document for Lost & Found 4.0.0: ")
    assert FAILED.title in sentence


def test_a_failure_takes_the_older_document_away(tmp_path: Path) -> None:
    """A document of an earlier run does not stay beside a report that it does not speak of."""
    files = filed(tmp_path).files
    assert all(file.exists() for file in files)
    made = filed(tmp_path, BAD)
    assert made.files == ()
    assert made.refused
    assert not any(file.exists() for file in files)


def test_what_refuses() -> None:
    """A mandatory failure refuses, so does a run that asked nothing; other failures do not."""
    assert refusal([PASSED, SKIPPED]) == ""
    assert refusal([PASSED, replace(FAILED, mandatory=False)]) == ""
    assert "a mandatory check failed: " in refusal([PASSED, FAILED])
    five = refusal([FAILED] * 5)
    assert five.startswith("5 mandatory checks failed: ")
    assert five.endswith("; and 2 more")
    for none in (
        [],
        [SKIPPED],
        [replace(SKIPPED, mandatory=True)],
        [replace(PASSED, mandatory=False)],
    ):
        assert refusal(none) == "no mandatory check was made of it"


def test_the_same_run_gives_the_same_files(tmp_path: Path) -> None:
    """Made twice, every file is the same, byte by byte."""
    first = [file.read_bytes() for file in filed(tmp_path / "a").files]
    second = [file.read_bytes() for file in filed(tmp_path / "b").files]
    assert first == second


def test_the_pdf(tmp_path: Path) -> None:
    """The PDF is one, with its title, and no letter is lacking in European names."""
    names = replace(FILING, company="Straße – Ελλάς “Україна” Łódź Việt ½ €", product="Ünï•code")
    made = filed(tmp_path, filing=names)
    assert made.lacking == ""
    pdf = made.files[2].read_bytes()
    assert pdf.startswith(b"%PDF-1.")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert pdf.count(b"/Type /Page\n") >= 2


def test_letters_that_no_font_has(tmp_path: Path) -> None:
    """Letters of other scripts do not stop the document; which are lacking is said."""
    made = filed(tmp_path, filing=replace(FILING, company="例電信 😀"))
    assert set(made.lacking) == set("例電信😀")
    assert "例電信 😀" in made.files[0].read_text(encoding="utf-8")


def test_a_font_of_ones_own(tmp_path: Path) -> None:
    """A file that is no font is refused in a sentence, and a font is used."""
    file, font = tmp_path / "filing.yaml", tmp_path / "x.ttf"
    file.write_text(f"{WRITTEN}font: x.ttf\n", encoding="utf-8")
    font.write_bytes(b"no font")
    with pytest.raises(WrongFiling, match=r"font: '.*x\.ttf' is no TrueType font"):
        certificate.prepare(file)
    own = Path(certificate.__file__).parent / "fonts" / "DejaVuSans.ttf"
    font.write_bytes(own.read_bytes())
    filing = certificate.prepare(file)
    assert filing == replace(FILING, font=font)
    assert filed(tmp_path, filing=filing).lacking == ""


def test_an_api_of_any_size(tmp_path: Path) -> None:
    """No resources, or a great many with long names and texts, make a document all the same."""
    empty = replace(API, resources=(), events=(), overview="", operations=0)
    assert filed(tmp_path, replace(GOOD, apis=(empty,), database="")).files
    names = tuple(f"aResourceWithAnEndlessName{'X' * 60}{n}" for n in range(60))
    large = replace(API, resources=names, events=names, overview="word " * 2000)
    checks = tuple(replace(PASSED, resource=name) for name in names)
    made = filed(tmp_path, replace(GOOD, apis=(large,), checks=checks))
    assert len(made.files) == 3


def drawn(**changes: object) -> list[Box | Arrow | Text]:
    api = replace(API, **changes)  # type: ignore[arg-type]
    return list(architecture(api, "Suite", "server", "SQLite").shapes)


def test_the_view_shows_what_runs() -> None:
    """Clients, listeners, the product, the API, its contract, resources and the database."""
    said = " | ".join(shape.text for shape in drawn() if isinstance(shape, Text))
    for part in (
        "Clients", "Listeners", "Suite", "server", "Ticket Office 4.0.0", "12 operations",
        "2 event types", API.contract_file, "ticketSpecification", "SQLite",
    ):  # fmt: skip
        assert part in said
    assert "Listeners" not in str(drawn(events=()))
    assert "database" not in str(architecture(API, "Suite", "server", "").shapes)


def test_many_resources_are_counted() -> None:
    """What does not fit the view is counted."""
    shapes = drawn(resources=tuple(f"thing{n}" for n in range(MOST_RESOURCES + 7)))
    assert "and 7 more resources" in str(shapes)


def test_boxes_stay_in_the_view() -> None:
    """Everything lies inside of the drawing, and no two resources' boxes touch."""
    drawing = architecture(replace(API, resources=tuple("abcdefgh")), "Suite", "server", "SQLite")
    boxes = [shape for shape in drawing.shapes if isinstance(shape, Box)]
    assert all(box.x >= 0 and box.x + box.width <= drawing.width for box in boxes)
    assert all(box.y >= 0 and box.y + box.height <= drawing.height for box in boxes)
    small = [box for box in boxes if box.width < 250]
    assert len(small) == 8
    for one in small:
        for other in small:
            apart = abs(one.x - other.x) >= one.width or abs(one.y - other.y) >= one.height
            assert one is other or apart


def test_events_belong_to_the_longest_name() -> None:
    """An event is counted for the resource that its name begins with, not for a shorter one."""
    api = replace(API, events=("TicketCreateEvent", "TicketSpecificationCreateEvent", "OddEvent"))
    assert events_of("ticket", api) == ["TicketCreateEvent"]
    assert events_of("ticketSpecification", api) == ["TicketSpecificationCreateEvent"]


def test_the_svg_is_well_formed_whatever_it_holds() -> None:
    """Markup and control characters in names leave the SVG well formed."""
    api = replace(API, title='<b>"&\x01', resources=("<script>", "a&b"))
    text = svg(architecture(api, "<p>", "&", "]]>"), 'It\'s "<so>" & so')
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "<script>" in texts
    assert "a&b" in texts


def test_long_texts_are_cut() -> None:
    """A text too long for its place ends in …, and a short one is as it was."""
    assert fit("short", 200, 13) == "short"
    cut = fit("x" * 200, 200, 13)
    assert cut.endswith("…")
    assert len(cut) < 30
    assert len(fit("x" * 200, 200, 13, bold=True)) < len(cut)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("4.0.0 costs 75.4 s", "4.0.0 costs 75.4 s"),
        ("a | b *c* `d` <e> [f]", r"a \| b \*c\* \`d\` \<e\> \[f\]"),
        ("snake_case _it_", r"snake_case \_it\_"),
        ("# no title", r"\# no title"),
        ("- no item", r"\- no item"),
        ("1. no item", r"1\. no item"),
        ("two\nlines", "two lines"),
    ],
)
def test_markdown_shows_texts_as_they_are(text: str, written: str) -> None:
    """Signs that Markdown would take for its own are escaped, and no others."""
    assert markdown_text(text) == written
