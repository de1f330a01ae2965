"""Punctuation is the reader's: French puts a space, which never breaks, before colons and semicolons."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.template import engines
from django.utils import timezone, translation
from django.utils.formats import date_format, localize

from contacts.models import Channel, Consent, DoNotContact, Purpose
from contacts.wording import ago, duration, labelled, moment, number, quoted, signed, strung, to_the_second, whole
from tracking.models import Confirmation, Form

ENGLISH = "“A”: add the tag “B”; send the email “C”"
FRENCH = "«\xa0A\xa0»\xa0: add the tag «\xa0B\xa0»\xa0; send the email «\xa0C\xa0»"


@pytest.mark.parametrize(("language", "told"), [("en", ENGLISH), ("fr", FRENCH)])
def test_names_labels_and_lists_have_the_punctuation_of_the_reader(language, told):
    with translation.override(language):
        parts = (f"add the tag {quoted('B')}", f"send the email {quoted('C')}")
        assert labelled(quoted("A"), strung(parts)) == told


@pytest.mark.parametrize(("language", "told"), [("en", "Sept. 2, 2026, 4:30 p.m."), ("fr", "2 sept. 2026 16:30")])
def test_a_moment_is_written_the_same_in_lists_in_tables_and_in_names(language, told):
    at = datetime(2026, 9, 2, 14, 30, tzinfo=UTC)

    with translation.override(language):
        assert moment(at) == told
        assert localize(timezone.localtime(at)) == told
        assert date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") == told


@pytest.mark.parametrize(("language", "told"), [("en", "Sept. 2, 2026, 16:30:07"), ("fr", "2 sept. 2026 16:30:07")])
def test_a_moment_is_told_to_the_second_where_it_is_looked_for_in_a_log(language, told):
    with translation.override(language):
        assert to_the_second(datetime(2026, 9, 2, 14, 30, 7, 900_000, tzinfo=UTC)) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.4, "less than a second"),
        (12.3, "12 s"),
        (59.6, "1 min"),
        (185, "3 min 5 s"),
        (7200, "2 h"),
        (7205, "2 h"),
        (7499, "2 h 4 min"),
        (190_000, "2 d 4 h"),
    ],
)
def test_a_length_is_told_in_its_two_largest_units(seconds, told):
    with translation.override("en"):
        assert duration(timedelta(seconds=seconds)).replace("\N{NO-BREAK SPACE}", " ") == told


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Sept. 1, 2026", "Sept. 1, 2026", "Sept. 1", "Sept. 1, 2026, 4:30 p.m.", "1st, 2nd, 11th"]),
        ("fr", ["1er septembre 2026", "1er sept. 2026", "1er sept.", "1er sept. 2026 16:30", "1er, 2, 11"]),
    ],
)
def test_the_first_of_a_month_is_written_as_the_language_does(language, told):
    at = datetime(2026, 9, 1, 14, 30, tzinfo=UTC)
    formats = ["DATE_FORMAT", "SHORT_DATE_FORMAT", "MONTH_DAY_FORMAT"]
    template = engines["django"].from_string('{{ at|date:"SHORT_DATETIME_FORMAT" }}')

    with translation.override(language):
        shown = [date_format(timezone.localtime(at), form) for form in formats]
        ordinals = ", ".join(date_format(at.replace(day=day), "jS") for day in (1, 2, 11))
        assert [*shown, template.render({"at": at}), ordinals] == told
        assert moment(at) == told[3]


@pytest.mark.parametrize(
    ("value", "plain", "with_sign"),
    [
        (5, "5", "+5"),
        (-5, "−5", "−5"),
        (0, "0", "0"),
        (Decimal("-7.50"), "−7.50", "−7.50"),
        (Decimal("1200.00"), "1,200", "+1,200"),
        (Decimal("-0.00"), "0", "0"),
    ],
)
def test_a_number_has_one_minus_sign_in_code_and_in_templates(value, plain, with_sign):
    template = engines["django"].from_string("{{ value|number }} {{ value|signed }}")

    assert (number(value), signed(value)) == (plain, with_sign)
    assert template.render({"value": value}) == f"{plain} {with_sign}"


def test_cents_are_shown_where_they_are_asked_for():
    with translation.override("fr"):
        assert (number(3, 2), signed(Decimal("-3"), 2)) == ("3,00", "−3,00")


@pytest.mark.parametrize(
    ("language", "told"), [("en", ["999", "1,200", "1,200.50"]), ("fr", ["999", "1\xa0200", "1\xa0200,50"])]
)
def test_thousands_stand_apart_as_the_reader_is_used_to(language, told):
    with translation.override(language):
        assert [whole(999), whole(1200), number(Decimal("1200.5"))] == told


def test_no_page_and_no_sentence_makes_signs_of_its_own():
    root = Path(__file__).resolve().parents[2]
    code = [
        path
        for app in ("config", "campaigns", "scoring", "tracking", "contacts")
        for path in (root / app).rglob("*.py")
    ]
    own = re.compile(r":\+[,.\d]*[df]?\}|> 0 %\}\+|floatformat:\"?-?2")

    assert [str(path) for path in [*code, *(root / "templates").rglob("*.html")] if own.search(path.read_text())] == []
    assert len(code) > 300


def test_consents_blocks_and_what_waits_for_a_click_are_named_in_the_language_of_the_reader():
    consent = Consent(purpose=Purpose.WEB_TRACKING, granted=True)
    block = DoNotContact(channel=Channel.EMAIL, reason=DoNotContact.Reason.UNSUBSCRIBED)

    waiting = Confirmation(email="ada@example.com", form=Form(name="Newsletter"))

    with translation.override("en"):
        english = [str(consent), str(block), str(waiting)]
    with translation.override("fr"):
        french = [str(consent), str(block), str(waiting)]

    assert english == ["Web tracking: yes", "Email: Unsubscribed", "ada@example.com: Newsletter"]
    assert french == ["Suivi web\xa0: oui", "E-mail\xa0: Désinscription", "ada@example.com\xa0: Newsletter"]


@pytest.mark.parametrize(("count", "told"), [(1, "1 contact"), (1352, "1,352 contacts")])
def test_a_count_chooses_the_plural_as_a_number_and_is_written_with_thousands_apart(count, told):
    forms = "{{ n }} contact{% plural %}{{ n }} contacts"
    template = f"{{% load i18n %}}{{% blocktranslate count n=n|counted %}}{forms}{{% endblocktranslate %}}"

    assert engines["django"].from_string(template).render({"n": count}) == told


@pytest.mark.parametrize(("seconds", "told"), [(0, "just now"), (59, "just now"), (61, "1\xa0minute ago")])
def test_what_happened_within_the_minute_happened_just_now(seconds, told):
    assert ago(timezone.now() - timedelta(seconds=seconds)) == told
