"""What the letter tells: it adds up, speaks the person's language, and names nobody else."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import translation
from hypothesis import given

from config import pipeline
from contacts.models import Consent, Contact, Purpose
from scoring import ledger, terms
from scoring.explain import explain
from scoring.explain.letter import letter
from scoring.explain.letter_pdf import pdf
from scoring.models import Adjustment, Repeat
from tests.cases import cases
from tests.factories import AssetFactory, ContactFactory, FormFactory, FormFieldFactory
from tests.scoring.conftest import SINCE, download, happen, subject
from tests.scoring.letter.conftest import NOW, pages
from tests.scoring.lives import START, histories, live
from tests.scoring.posting import queries
from tests.scoring.undoing import trying
from tracking import subjects
from tracking.models import Event, Kind, Subject, Verdict

pytestmark = pytest.mark.django_db


def words(found):
    """All that a letter says."""
    rows = [(row.name, *row.details, row.when, row.earned, row.shown) for part in found.parts for row in part.rows]
    texts = [found.title, found.person, found.score, *found.opening, *found.uncounted, *found.closing]
    return "\n".join(
        [*texts, *(text for row in rows for text in row), *(text for part in found.parts for text in part.terms)]
    )


def test_it_lists_what_was_considered_and_adds_up(ada):
    found = letter(ada, "en")

    assert [(part.name, part.score) for part in found.parts] == [("Engagement", "10"), ("Fit", "−3")]
    assert [(row.name, row.details, row.when, row.shown) for part in found.parts for row in part.rows] == [
        (
            "You downloaded one of our documents",
            ["2 × +5: Guide 2, Guide 3", "limit reached: at most 2 times in all"],
            "Jan. 23 – Jan. 25, 2026",
            "+10",
        ),
        ("Points given or taken by our team", [], "Jan. 26, 2026", "−3"),
    ]
    assert [(one.name, one.how, one.shown) for one in found.sums] == [
        ("Engagement", "10 × 1", "+10"),
        ("Fit", "−3 × 2", "−6"),
    ]
    assert (found.score, found.sender, found.day) == ("4", "Cuvelog", "Jan. 26, 2026")
    assert found.uncounted[2:] == [
        "Email-open tracking: you have not agreed to it.",
        "Web tracking: you have not agreed to it.",
        "You downloaded one of our documents (Guide 1): 1 time – limit reached: at most 2 times in all.",
    ]
    assert "hello@cuvelog.example" in found.closing[-1]


def test_it_names_what_was_met_not_the_rule_nor_what_only_counts_clicks(now, publish, settings):
    settings.PUBLIC_URL = "https://hi.cuvelog.example"
    ada, mail = ContactFactory(), subject("Letter 12", Subject.Type.EMAIL)
    paper = AssetFactory(name="White paper")
    subject("Prices at Cuvelog", Subject.Type.PAGE, host="cuvelog.example", path="/prices")
    Subject.objects.filter(type=Subject.Type.PAGE).update(key="cuvelog.example/prices")
    links = {
        f"https://hi.cuvelog.example/a/{paper.public_id}": ("hi.cuvelog.example", f"/a/{paper.public_id}"),
        "https://www.cuvelog.example/prices?utm_source=letter&utm_campaign=12": ("cuvelog.example", "/prices"),
        "https://brewers.example/news/?utm_source=letter": ("brewers.example", "/news"),
    }
    publish(4, "email_clicked", Repeat.ONCE_PER_OBJECT, params={"addresses": ["cuvelog.example/*", "brewers.example"]})
    publish(2, "email_clicked", Repeat.DAILY, params={"addresses": ["hi.cuvelog.example/a/*"]})
    for days, (url, (host, path)) in enumerate(links.items(), 1):
        link = subject(url, Subject.Type.LINK, host=host, path=path, parent=mail)
        happen(ada, Kind.EMAIL_CLICKED, link, NOW - timedelta(days=days))
    happen(ada, Kind.CUSTOM, subject("demoRequested", Subject.Type.CUSTOM), NOW - timedelta(days=9))
    publish(7, "custom_event")
    pipeline.drain()
    [part] = letter(ada, "en").parts

    assert [(row.name, row.details) for row in part.rows] == [
        ("You followed a link in one of our emails", ["2 × +4: Prices at Cuvelog, brewers.example/news"]),
        ("Something you did with us: demo requested", []),
        ("You followed a link in one of our emails: White paper", []),
    ]


def test_an_answer_has_the_words_of_its_question_and_is_the_one_that_counted(now, publish):
    ada, form = ContactFactory(), FormFactory(name="Contact us")
    soon = FormFieldFactory(form=form, key="q1", label="When will you start?", type="radio", choices=["Soon", "Later"])
    FormFieldFactory(form=form, key="q2", label="In which country?", type="country")
    FormFieldFactory(form=form, key="q3", label="Call me", type="checkbox")
    publish(15, "form_answered", Repeat.ONCE_PER_OBJECT, params={"question": soon.pk, "answers": ["Soon"]})
    answers = {"q3": True, "q2": "FR", "q1": "Soon"}
    about = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    happen(ada, Kind.FORM_SUBMITTED, about, NOW, data={"form": form.pk, "answers": answers})
    pipeline.drain()
    [row] = letter(ada, "en").parts[0].rows
    told = subjects.names(Subject.objects.filter(type=Subject.Type.ANSWER))

    assert (row.name, row.details) == ("You gave an answer in a form: “When will you start?”: Soon", [])
    assert [line.about for line in explain(ada).groups[0].lines] == ["“When will you start?”: Soon"]
    assert sorted(told.values()) == ["“Call me”: yes", "“In which country?”: France", "“When will you start?”: Soon"]


def test_what_we_know_is_told_as_their_own_data_not_as_a_condition(now, publish):
    ada = ContactFactory(job_title="Head brewer", country="FR", company=None)
    conditions = {
        "any": [
            {"filter": "field", "op": "contains", "field": "job_title", "value": "brew"},
            {"all": [
                {"filter": "field", "op": "is", "field": "country", "value": "FR"},
                {"filter": "company", "op": "at_least", "field": "employees", "value": 3},
            ]},
        ]
    }  # fmt: skip
    publish(10, "profile_matches", params={"conditions": conditions})
    Contact.objects.filter(pk=ada.pk).update(city="Lyon")
    pipeline.drain()
    now.move_to(NOW + timedelta(days=2))
    [row] = letter(ada, "en").parts[0].rows
    [then] = letter(ada, "en", NOW + timedelta(days=1)).parts[0].rows

    known = "job title: Head brewer; country: France; company size: not known"
    assert (row.name, row.details, row.when) == ("What we know about you", [known], "at present")
    assert then.name == "What we know about you: job title; country; company size"
    assert (then.details, then.when) == ([], "on this day")


def test_everything_that_was_not_counted_is_named_and_what_two_rules_left_out_once(now, publish):
    ada, opened = ContactFactory(), [subject(f"Letter {number}", Subject.Type.EMAIL) for number in range(9)]
    Consent.objects.create(contact=ada, purpose=Purpose.EMAIL_TRACKING, granted=True, source="x", given_at=SINCE)
    for points in (1, 2):
        publish(points, "email_opened", Repeat.ONCE)
        publish(points, "email_opened", Repeat.ONCE_PER_OBJECT, cap_amount=1)
    for hours, one in enumerate(opened):
        happen(ada, Kind.EMAIL_OPENED, one, NOW - timedelta(hours=9 - hours))
    pipeline.drain()

    assert letter(ada, "en").uncounted[3:] == [
        "You opened one of our emails: 8 times – it counts once.",
        "You opened one of our emails (Letter 8, Letter 7, Letter 6, Letter 5, Letter 4, Letter 3 and 2 more): "
        "8 times – limit reached: at most 1 time in all.",
    ]


def test_it_tells_of_a_day_in_the_past_by_the_rules_of_then(ada, now):
    found = letter(ada, "en", NOW - timedelta(days=2, hours=12))

    assert (found.day, found.score) == ("Jan. 24, 2026", "5")
    assert found.opening[0] == "On Jan. 24, 2026 your score at Cuvelog was 5."
    assert [(row.name, row.shown) for part in found.parts for row in part.rows] == [
        ("You downloaded one of our documents: Guide 3", "+5")
    ]
    assert found.headings["left"] == "Points on this day"


def test_it_names_nobody_else_repeats_no_remark_and_none_of_our_own_words(ada):
    said = words(letter(ada, "en")) + letter(ada, "en").html()

    assert "camille" not in said
    assert "Bob" not in said
    assert "asset" not in said


def test_it_speaks_for_the_organisation(ada, settings):
    settings.ORGANISATION_NAME = "Cuvelog Breweries"

    assert letter(ada, "en").sender == "Cuvelog Breweries"
    assert letter(ada, "en").opening[0] == "On Jan. 26, 2026 your score at Cuvelog Breweries was 4."


def test_what_counts_less_often_and_who_gave_points_is_told_plainly(now, publish, fit):
    ada, started = ContactFactory(), subject("trial_started", Subject.Type.CUSTOM)
    publish(3, "custom_event", Repeat.ONCE, params={"only": [started.pk]})
    for days in (1, 2):
        happen(ada, Kind.CUSTOM, started, NOW - timedelta(days=days))
    ledger.adjust(ada.pk, fit.pk, 2, note="x", origin=Adjustment.Origin.CAMPAIGN)
    pipeline.drain()
    found = letter(ada, "en")

    assert [row.name for part in found.parts for row in part.rows] == [
        "Something you did with us: trial started",
        "Points given or taken along one of our campaigns",
    ]
    assert [row.details for part in found.parts for row in part.rows] == [[], []]
    assert found.uncounted[-1] == "Something you did with us (trial started): 1 time – it counts once."


@given(history=histories)
@cases(4)
def test_the_rows_of_any_history_add_up(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            contact = live(history, clock)
            found, statement = letter(contact, "en"), explain(contact)
            scores = {part.group.name: part.score for part in statement.groups}
            for part in found.parts:
                assert sum(row.points for row in part.rows) == scores[part.name]
            if found.sums:
                assert sum(one.points for one in found.sums) == statement.overall
            else:
                assert sum(scores.values()) == statement.overall

    trying(check)


def test_each_language_is_chosen_whatever_is_active(ada):
    french, english = letter(ada, "fr"), letter(ada, "en")

    assert (french.day, english.day) == ("26 janvier 2026", "Jan. 26, 2026")
    assert '<html lang="fr">' in french.html()
    assert translation.get_language() == "en"
    assert b"/Lang (fr)" in pdf(french)
    with translation.override("fr"):
        assert words(letter(ada, "en")) == words(english)
    with pytest.raises(ValueError, match="de"):
        letter(ada, "de")


def test_fading_expiry_and_limits_are_told_in_plain_words(now, publish, engagement):
    terms.publish(engagement, {"half_life_days": 30, "cap_points": 60, "ceiling": 40})
    ada = ContactFactory()
    publish(50, repeat=Repeat.ONCE_PER_OBJECT)
    publish(10, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=5)
    download(ada, subject("old"), NOW - timedelta(days=20))
    download(ada, subject("new"), NOW)
    pipeline.drain()
    [part] = letter(ada, "en").parts

    assert part.terms == [
        "Points lose half of their worth every 30 days.",
        "What you do can bring at most 60 points a month here.",
        "This part of the score has limits: never above 40.",
    ]
    assert part.two_columns
    assert "expired: 1 of 2" in [detail for row in part.rows for detail in row.details]
    assert sum(row.points for row in part.rows) == Decimal(part.score)


def test_what_programs_did_and_what_was_refused_is_named_as_not_considered(now, publish):
    ada = ContactFactory()
    download(ada, subject("guide"), NOW - timedelta(days=1))
    pipeline.drain()
    Event.objects.update(verdict=Verdict.SCANNER)
    publish(5)
    Consent.objects.create(contact=ada, purpose=Purpose.EMAIL_TRACKING, granted=False, source="x", given_at=NOW)
    pipeline.drain()
    found = letter(ada, "en")

    assert found.parts == []
    assert any("you refused it on Jan. 26, 2026" in sentence for sentence in found.uncounted)
    assert any("a security scanner did it, not a person" in sentence for sentence in found.uncounted)
    assert pages(pdf(found)) == 1


def test_it_takes_as_many_queries_for_many_lines_as_for_few(now, publish, engagement):
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    ada, counts = ContactFactory(), []
    for number in (1, 2, 3):
        download(ada, subject(f"guide {number}"), NOW - timedelta(days=number))
        ledger.adjust(ada.pk, engagement.pk, 1, note="x")
        pipeline.drain()
        counts.append(queries(lambda: letter(ada, "en")))

    assert counts == [counts[0]] * 3
    assert counts[0] <= 30
