"""The page a person can be given: it adds up, speaks their language, names nobody else, and can be printed whatever it says."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.utils import translation
from hypothesis import given

from config import pipeline
from contacts.models import Consent, Contact, Purpose
from scoring import ledger, terms
from scoring.explain import explain
from scoring.explain.letter import letter
from scoring.explain.letter_pdf import pdf
from scoring.explain.letter_pen import UNKNOWN
from scoring.models import Adjustment, Repeat
from tests.cases import cases
from tests.factories import AssetFactory, ContactFactory, FormFactory, FormFieldFactory, UserFactory
from tests.scoring.conftest import SINCE, download, happen, subject
from tests.scoring.posting import queries
from tests.scoring.test_explain import START, histories, live
from tests.scoring.undoing import trying
from tracking import subjects
from tracking.models import Event, Kind, Subject, Verdict

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now(settings):
    settings.DEFAULT_FROM_EMAIL = "Cuvelog <hello@cuvelog.example>"
    with translation.override("en"), time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ada(publish, engagement, fit):
    ada = ContactFactory(first_name="Ada", last_name="Lovelace", email="ada@example.com")
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=2)
    for days in (3, 2, 1):
        download(ada, subject(f"Guide {days}"), NOW - timedelta(days=days))
    ledger.adjust(ada.pk, fit.pk, -3, note="said Bob", author=UserFactory(username="camille"))
    pipeline.drain()
    return ada


def pages(file):
    assert file.startswith(b"%PDF-")
    return len(re.findall(rb"/Type /Page\b", file))


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


# --- where it is had ----------------------------------------------------------------------------------------------------


def address(contact, form, language="en"):
    return f"/admin/scoring/contactscore/{contact.pk}/letter.{form}?language={language}"


def test_it_is_had_from_the_contact_page(client, ada):
    client.force_login(UserFactory(is_superuser=True))
    page = client.get(ada.get_absolute_url()).content.decode()
    for form in ("html", "pdf"):
        for language in ("en", "fr"):
            where = address(ada, form, language).partition("?")[0]
            assert f'name="language" value="{language}" formaction="{where}"' in page
    assert '<input type="date" name="at" max="2026-01-26"' in page

    assert "Guide 2" in client.get(address(ada, "html")).content.decode()
    found = client.get(address(ada, "pdf", "fr"))
    assert pages(found.content) == 1
    assert found.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-26.pdf"'
    assert found.headers["Cache-Control"].startswith("max-age=0")


def test_it_is_had_of_any_day_that_was(client, ada):
    client.force_login(UserFactory(is_superuser=True))
    then = client.get(address(ada, "pdf") + "&at=2026-01-24")
    today = client.get(address(ada, "pdf") + "&at=2026-01-26")
    page = client.get(address(ada, "html") + "&at=2026-01-24").content.decode()

    assert then.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-24.pdf"'
    assert today.headers["Content-Disposition"] == f'attachment; filename="score-{ada.pk}-2026-01-26.pdf"'
    assert "On Jan. 24, 2026 your score at Cuvelog was 10." in page
    assert "Points given or taken" not in page
    machine = client.get(f"/admin/scoring/contactscore/{ada.pk}/time-machine/?at=2026-01-24T12:30:00").content.decode()
    assert '<input type="hidden" name="at" value="2026-01-24T12:30:00">' in machine


@pytest.mark.parametrize("at", ["2027-01-01", "yesterday", "0001-01-01", "2026-02-30"])
def test_a_day_that_makes_no_sense_leads_back_to_the_contact_with_a_sentence(client, ada, at):
    client.force_login(UserFactory(is_superuser=True))
    answer = client.get(f"{address(ada, 'html')}&at={at}", follow=True)

    assert answer.redirect_chain == [(ada.get_absolute_url(), 302)]
    assert [at in str(message) for message in answer.context["messages"]] == [True]


@pytest.mark.parametrize("asked", [("exe", "en"), ("pdf", "de"), ("pdf", ""), ("html", "../fr")])
def test_there_is_nothing_else_to_be_had(client, ada, asked):
    client.force_login(UserFactory(is_superuser=True))

    assert client.get(address(ada, *asked)).status_code == 404


@pytest.mark.parametrize("permissions", [[], ["view_contact"], ["view_contactscore"]])
def test_who_may_not_see_contacts_and_scores_is_refused(client, ada, permissions):
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    assert client.get(address(ada, "pdf")).status_code == 403
    assert client.get(address(ada, "html")).status_code == 403


def test_the_command_writes_it(ada, tmp_path):
    for name in ("out.pdf", "out.html"):
        call_command("explain", "ada@example.com", "--letter", str(tmp_path / name), "--language", "fr")

    call_command("explain", "ada@example.com", "--letter", str(tmp_path / "then.html"), "--at", "2026-01-24")

    assert pages((tmp_path / "out.pdf").read_bytes()) == 1
    assert '<html lang="fr">' in (tmp_path / "out.html").read_text()
    assert "On Jan. 24, 2026 your score at Cuvelog was 10." in (tmp_path / "then.html").read_text()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["out.txt"], "A letter is a .pdf or an .html file."),
        (["out.pdf", "--at", "2026-01-01", "--rules", "today"], "--letter goes with --language and --at only"),
        (["out.pdf", "--json"], "--letter goes with --language and --at only"),
        (["out.pdf", "--at", "2027-01-01"], "has not come yet"),
        (["nowhere/out.pdf"], "No such file"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(ada, tmp_path, monkeypatch, more, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=re.escape(sentence)):
        call_command("explain", "ada@example.com", "--letter", *more)
