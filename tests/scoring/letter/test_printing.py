"""The letter can be printed, whatever it says, on as few pages as can be read."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from config import pipeline
from scoring.explain import explain
from scoring.explain.letter import letter
from scoring.explain.letter_pdf import pdf
from scoring.explain.letter_pen import UNKNOWN
from scoring.models import Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import download, subject
from tests.scoring.letter.conftest import NOW, pages

pytestmark = pytest.mark.django_db


HOSTILE = [
    "<script>alert(1)</script> & “quotes” \\ ) ( %s {nb} **bold**",
    "Łukasz Żółć · Ελένη · Дмитрий · Đặng",
    "日本太郎",
    "שלום עולם",
    "محمد بن سلمان",
    "👩‍🚀🇫🇷 e\u0301 \u202e reversed \u200b \ufeff",
    "x" * 400,
    "one\ttwo\r\nthree\x0bfour\x85five\u2028six",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_can_be_printed(now, publish, name):
    ada = ContactFactory(first_name=name[:100], last_name="", email="ada@example.com")
    publish(5)
    download(ada, subject(name[:200]), NOW)
    pipeline.drain()
    found = letter(ada, "fr")

    assert pages(pdf(found)) == 1
    assert "<script>" not in found.html()


def test_a_character_that_cannot_be_printed_leaves_a_sign(now, publish, monkeypatch):
    from fpdf import FPDF

    written, write = [], FPDF.multi_cell

    def noting(sheet, *args, **named):
        written.append(named.get("text", args[2] if args else ""))
        return write(sheet, *args, **named)

    monkeypatch.setattr(FPDF, "multi_cell", noting)
    pdf(letter(ContactFactory(first_name="日本 Ada", last_name=""), "en"))

    assert f"{UNKNOWN}{UNKNOWN} Ada" in written
    assert written[-1].startswith(f"{UNKNOWN} stands for a character")


def test_a_long_history_goes_on_on_further_pages(now, publish):
    ada = ContactFactory()
    for number in range(80):
        publish(number + 1, description="x")
    download(ada, subject("guide"), NOW)
    pipeline.drain()

    assert pages(pdf(letter(ada, "en"))) > 1


def printed(found, monkeypatch):
    """Its file, and the texts on the pages that were kept, in order."""
    from fpdf import FPDF

    write = FPDF.multi_cell

    def noting(sheet, *args, **named):
        if not named.get("dry_run"):
            sheet.__dict__.setdefault("said", []).append(named.get("text", args[2] if args else ""))
        return write(sheet, *args, **named)

    def output(sheet, *args, **named):
        kept.extend(sheet.said)
        return finish(sheet, *args, **named)

    kept, finish = [], FPDF.output
    with monkeypatch.context() as patch:
        patch.setattr(FPDF, "multi_cell", noting)
        patch.setattr(FPDF, "output", output)
        return pdf(found), kept


@pytest.mark.parametrize("language", ["en", "fr"])
def test_whoever_earned_sixty_lines_by_twenty_rules_gets_one_page_that_names_all(
    now, publish, engagement, fit, monkeypatch, language
):
    ada = ContactFactory(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    topics = [[subject(f"{topic} {number}") for number in (1, 2, 3)] for topic in range(20)]
    for number, topic in enumerate(topics):
        group = fit if number % 4 else engagement
        publish(number - 21, group=group, repeat=Repeat.ONCE_PER_OBJECT, params={"only": [one.pk for one in topic]})
    for number, topic in enumerate(topics):
        for one in topic:
            download(ada, one, NOW - timedelta(days=number))
    pipeline.drain()
    found = letter(ada, language)
    rows = [row for part in found.parts for row in part.rows]
    assert (sum(len(part.lines) for part in explain(ada).groups), len(rows)) == (60, 20)

    file, said = printed(found, monkeypatch)

    assert pages(file) == 1
    told = "\n".join(said)
    named = [text for row in rows for text in (row.name, row.shown, *row.details)]
    named += [*found.opening, *found.uncounted, *found.closing]
    assert [text for text in named if " ".join(text.split()) not in told] == []


def test_a_short_letter_keeps_its_size_and_a_long_one_is_set_no_closer_than_it_must(ada, monkeypatch):
    from scoring.explain import letter_pdf

    found = letter(ada, "en")
    first, *others = found.parts
    tried = []
    write = letter_pdf._written
    monkeypatch.setattr(
        letter_pdf, "_written", lambda one, setting, folder: (tried.append(setting), write(one, setting, folder))[1]
    )

    pdf(found)
    assert tried == letter_pdf.SETTINGS[:1]
    pdf(replace(found, parts=[replace(first, rows=[first.rows[0]] * 19), *others]))
    assert 1 < len(tried[1:]) < len(letter_pdf.SETTINGS)


@pytest.mark.slow
def test_no_page_is_left_all_but_empty_wherever_one_ends(ada):
    found = letter(ada, "en")
    first, *others = found.parts

    def length(rows):
        return pages(pdf(replace(found, parts=[replace(first, rows=[first.rows[0]] * rows), *others])))

    lengths = [length(rows) for rows in range(20, 120, 3)]
    assert all(after - before in (0, 1) for before, after in pairwise(lengths))
    assert (lengths[0], lengths[-1]) == (1, 3)
