"""Retention: each kind of data goes when it is due and not before, in steps that can be broken off; and no score changes."""

import io
import os
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command
from django.db import OperationalError, transaction
from django.utils import timezone

from campaigns.models import Attempt, Delivery, Message
from config import pipeline
from contacts import consent, merging
from contacts import sql as contacts_sql
from contacts.models import DataRequest, Import, ImportRow, Purpose, RetentionPolicy, RetentionRun
from contacts.privacy import retention
from contacts.privacy.retention import Kind, Unit, kinds, policies, runs
from contacts.privacy.retention.kinds import months_before
from scoring import ledger, reconciliation, rules, sweeps
from scoring import scores as scoring_scores
from scoring.explain import explain
from scoring.models import ContactScore, PointEntry, Repeat
from tests.factories import (
    AssetFactory,
    ContactFactory,
    FormFactory,
    LandingPageFactory,
    LinkFactory,
    SegmentFactory,
    StepFactory,
    TriggerFactory,
    UserFactory,
)
from tests.scoring.conftest import download, engagement, happen, publish, subject  # noqa: F401 - fixtures
from tracking import daysums, inbox, statistics, subjects
from tracking import retention as tracking_retention
from tracking import retention_sql as sql
from tracking.models import (
    Agent,
    Confirmation,
    DayCount,
    Event,
    FormSubmission,
    HeldSubmission,
    Hit,
    Mark,
    Network,
    Outage,
    PageTest,
    PageVariant,
    Upload,
    Verdict,
    Visitor,
)
from tracking.models import Kind as EventKind
from tracking.verdicts import judging, marks_sql

pytestmark = pytest.mark.django_db
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"


def ago(**span):
    return timezone.now() - timedelta(**span)


OLD, NEW = {"days": 700}, {"days": 20}


@pytest.fixture(autouse=True)
def kept_files(settings, monkeypatch, tmp_path):
    """Where the files of this test are."""
    storage = FileSystemStorage(**settings.STORAGES["uploads"]["OPTIONS"] | {"location": tmp_path})
    monkeypatch.setattr(Upload._meta.get_field("file"), "storage", storage)
    return tmp_path


def apply(**lengths):
    """Decide, run, and say what went."""
    for key, length in lengths.items():
        policies.decide(kinds[key], length)
    run = runs.ask(UserFactory())  # asked for by somebody: looks from the beginning
    assert runs.carry(run.pk) is False
    run.refresh_from_db()
    assert (run.errors, run.finished_at is not None) == ({}, True)
    return run.counts


def event(at, kind=EventKind.PAGE_VISITED, **fields):
    month = at.date().replace(day=1)
    inbox.ensure_months("tracking_event", [month])
    return Event.objects.create(kind=kind, at=at, **fields)


def wrong():
    return [finding for _count, found in reconciliation.findings() for finding in found]


def scores():
    return sorted(ContactScore.objects.values_list("contact", "group", "score"), key=str)


def lines():
    names = ("contact", "action", "version", "object_id", "period", "hits", "credited", "first_at", "last_at")
    return sorted(PointEntry.objects.values_list(*names))


# --- how long ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 13, "2024-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2026-12-31", 1, "2026-11-30"),
        ("2026-11-23", 600, "1976-11-23"),
    ],
)
def test_a_month_ago_is_the_same_day_or_that_months_last(day, months, before):
    assert months_before(datetime.fromisoformat(day).date(), months).isoformat() == before


def test_what_was_decided_last_holds_and_who_decided_it_is_kept():
    ada, kind = UserFactory(), kinds["anonymous_events"]
    assert policies.lengths()["anonymous_events"] == 13

    assert policies.decide(kind, 6, ada)
    assert not policies.decide(kind, 6, ada)
    assert policies.decide(kind, None, ada)

    assert policies.lengths()["anonymous_events"] is None
    assert list(RetentionPolicy.objects.order_by("pk").values_list("kind", "length", "author")) == [
        ("anonymous_events", 6, ada.pk),
        ("anonymous_events", None, ada.pk),
    ]


@pytest.mark.parametrize("length", [0, -1, 601])
def test_no_length_is_taken_that_cannot_be_meant(length):
    with pytest.raises(ValueError, match="cannot be kept"):
        policies.decide(kinds["held_spam"], length)
    with pytest.raises(ValueError, match="cannot be kept"):
        policies.decide(kinds["lost_files"], 5)


def test_a_day_begins_where_the_instance_is(settings):
    settings.TIME_ZONE = "Europe/Paris"
    now = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 1:30 on the second of July in Paris
    with timezone.override("Europe/Paris"):
        before = kinds["held_spam"].before(30, now)

    assert before == datetime(2026, 6, 1, 22, tzinfo=UTC)


# --- each kind, due and not due ---------------------------------------------------------------------------------------


def test_lines_of_imports_go_when_the_import_ended_long_ago():
    for state, finished in (("done", OLD), ("cancelled", OLD), ("done", NEW), ("running", None)):
        job = Import.objects.create(name=state, state=state, finished_at=ago(**finished) if finished else None)
        ImportRow.objects.create(job=job, line=2, cells=["ada@example.com"], errors=[["", "x"]])

    assert apply()["import_lines"] == 2
    assert sorted(ImportRow.objects.values_list("job__name", flat=True)) == ["done", "running"]
    assert Import.objects.count() == 4


def test_requests_and_the_history_go_only_where_that_was_decided():
    ada, user = ContactFactory(), UserFactory()
    for done in (ago(**OLD), ago(**NEW), None):
        DataRequest.objects.create(contact=ada, kind="export", done_at=done)
    for at in (OLD, NEW):
        LogEntry.objects.create(user=user, action_flag=2, object_repr="Ada", action_time=ago(**at))
    assert set(apply()) & {"data_requests", "admin_log"} == set()

    counts = apply(data_requests=6, admin_log=6)

    assert (counts["data_requests"], counts["admin_log"]) == (1, 1)
    assert (DataRequest.objects.count(), LogEntry.objects.count()) == (2, 1)


def test_words_of_messages_and_details_of_tries_go_and_that_they_were_sent_stays():
    ada = ContactFactory()
    for at, state in ((OLD, "sent"), (NEW, "sent"), (OLD, "retrying")):
        delivery = Delivery.objects.create(contact=ada, type="x", state=state)
        Message.objects.create(
            contact=ada, delivery=delivery, channel="email", recipient="a@b.c", title=f"{at['days']} {state}",
            html="<p>Dear Ada", text="Dear Ada", headers={"To": "a@b.c"}, created_at=ago(**at),
        )  # fmt: skip
        Attempt.objects.create(
            delivery=delivery, number=1, started_at=ago(**at), finished_at=ago(**at), succeeded=True, detail="250 OK"
        )
    assert apply() == {"attempts": 2}

    assert apply(message_bodies=12) == {"message_bodies": 1}

    kept = Message.objects.order_by("pk").values_list("title", "recipient", "html", "text", "headers")
    assert list(kept) == [
        ("700 sent", "a@b.c", "", "", {}),
        ("20 sent", "a@b.c", "<p>Dear Ada", "Dear Ada", {"To": "a@b.c"}),
        ("700 retrying", "a@b.c", "<p>Dear Ada", "Dear Ada", {"To": "a@b.c"}),
    ]
    assert list(Attempt.objects.order_by("pk").values_list("succeeded", "detail")) == [
        (True, ""),
        (True, "250 OK"),
        (True, ""),
    ]
    assert apply() == {}


def upload(form, key, **fields):
    row = Upload(form=form, submission_key=key, field="cv", name="cv.pdf", size=3, **fields)
    row.file.save("cv.pdf", io.BytesIO(b"%PD"), save=True)
    return row


def files(root):
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def test_answers_spam_and_parked_hits_go_with_their_files(kept_files, django_capture_on_commit_callbacks):
    form, ada = FormFactory(), ContactFactory()
    kept = []
    for at, days in ((OLD, 40), (NEW, 10)):
        sent = FormSubmission.objects.create(
            form=form, contact=ada, key=uuid.uuid4(), answers={"a": "b"}, url="https://x.example/?q", at=ago(**at)
        )
        held = HeldSubmission.objects.create(form=form, key=uuid.uuid4(), at=ago(days=days))
        parked = Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(**at), parked_at=ago(**at), error="x")
        kept = [upload(form, row.key) for row in (sent, held, parked)]
    Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(**OLD))  # waits: it is not parked

    with django_capture_on_commit_callbacks(execute=True):
        counts = apply(submissions=12)

    assert counts == {"submissions": 1, "held_spam": 1, "parked_hits": 1}
    assert list(FormSubmission.objects.order_by("at").values_list("contact", "answers", "url")) == [
        (ada.pk, {}, ""),
        (ada.pk, {"a": "b"}, "https://x.example/?q"),
    ]
    assert (HeldSubmission.objects.count(), Hit.objects.count()) == (1, 2)
    assert files(kept_files) == sorted(row.pk.hex for row in kept)
    assert set(Upload.objects.values_list("pk", flat=True)) == {row.pk for row in kept}


def test_files_that_belong_to_nothing_go_after_a_day(kept_files, django_capture_on_commit_callbacks):
    form = FormFactory()
    upload(form, uuid.uuid4(), created_at=ago(days=2))  # its submission was never kept
    young = upload(form, uuid.uuid4())
    of_hit = upload(form, Hit.objects.create(kind=8, key=uuid.uuid4(), at=ago(days=2)).key, created_at=ago(days=2))
    for name, age in (("0" * 32, 2), ("1" * 32, 0)):
        path = kept_files / "aa" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (ago(days=age).timestamp(),) * 2)

    with django_capture_on_commit_callbacks(execute=True):
        assert apply()["lost_files"] == 2

    assert files(kept_files) == sorted([young.pk.hex, of_hit.pk.hex, "1" * 32])


def test_browsers_confirmations_and_outages():
    ada, form = ContactFactory(), FormFactory()
    for at in (OLD, NEW):
        for contact in (None, ada):
            Visitor.objects.create(contact=contact, first_seen_at=ago(**OLD), last_seen_at=ago(**at))
        Outage.objects.create(key=str(at), began_at=ago(**at), ended_at=ago(**at), kept=1, lost=0)
    for asked, confirmed in ((OLD, OLD), (OLD, None), (NEW, NEW)):
        Confirmation.objects.create(
            key=uuid.uuid4(), form=form, contact=ada, email="a@b.c", asked_at=ago(**asked),
            expires_at=ago(days=600) if confirmed else timezone.now() + timedelta(days=1),
            confirmed_at=confirmed and ago(**confirmed),
        )  # fmt: skip

    assert apply(confirmations=13, outages=13) == {"browsers": 1, "confirmations": 1, "outages": 1}
    assert (Visitor.objects.count(), Confirmation.objects.count(), Outage.objects.count()) == (3, 2, 1)


def test_programs_and_networks_go_when_nothing_names_them():
    old = {"first_seen_at": ago(**OLD)}
    named, unnamed, marked, young = (Agent.objects.create(text=text, **old) for text in "abcd")
    Agent.objects.filter(pk=young.pk).update(first_seen_at=ago(days=3))
    Mark.objects.create(agent=marked)
    near, far = (Network.objects.create(address=address, **old) for address in ("192.0.2.0", "198.51.100.0"))
    event(ago(days=3), contact=ContactFactory(), agent=named, network=near)

    assert apply() == {"programs": 2}

    assert set(Agent.objects.all()) == {named, marked, young}
    assert list(Network.objects.all()) == [near]
    assert (unnamed.pk, far.pk) != (None, None)


def test_all_events_are_not_looked_through_for_programs_every_day():
    """Only by the first run, once a month, and when somebody asks."""
    run = runs.ask()
    runs.carry(run.pk)
    Agent.objects.create(text="gone", first_seen_at=ago(**OLD))
    RetentionRun.objects.update(started_at=ago(days=1))
    with time_machine.travel(timezone.now().replace(day=15), tick=True):
        run = runs.ask()
        runs.carry(run.pk)
        assert Agent.objects.count() == 1
    with time_machine.travel((timezone.now() + timedelta(days=31)).replace(day=1, hour=12), tick=True):
        run = runs.ask()
        runs.carry(run.pk)
        assert Agent.objects.count() == 0


# --- events of nobody -------------------------------------------------------------------------------------------------


def world_of_visits(page):
    """Visits of a page on one old day and one new one: by browsers, by nobody, by machines, by a contact."""
    about = subjects.register(page.subject_type, page.pk, str(page))
    one, other = uuid.uuid4(), uuid.uuid4()
    day = timezone.localtime(ago(**OLD)).replace(hour=12)
    for at in (day, day + timedelta(hours=1), ago(**NEW)):
        visit = {"kind": EventKind.LANDING_PAGE_VISITED, "subject": about, "at": at}
        event(visitor_id=one, **visit)
        event(visitor_id=one, **visit)
        event(visitor_id=other, verdict=Verdict.HUMAN, **visit)
        event(visitor_id=uuid.uuid4(), verdict=Verdict.SCANNER, **visit)
        event(**visit)
    event(day, kind=EventKind.LANDING_PAGE_VISITED, subject=about, contact=ContactFactory(), visitor_id=uuid.uuid4())
    event(day, kind=EventKind.PAGE_VISITED, visitor_id=one)  # about nothing
    return about, day.date()


def test_old_visits_of_nobody_go_and_their_counts_stay():
    page = LandingPageFactory()
    about, day = world_of_visits(page)
    whole = statistics.Span(timezone.localdate() - timedelta(days=720), timezone.localdate())
    before = statistics.of_landing_page(page, whole)

    assert apply() == {"anonymous_events": 11}

    assert Event.objects.filter(contact=None).count() == 5
    assert Event.objects.filter(contact__isnull=False).count() == 1
    counted = DayCount.objects.values_list("subject", "kind", "day", "times", "machines", "people", "nameless")
    assert list(counted) == [(about.pk, EventKind.LANDING_PAGE_VISITED, day, 8, 2, 2, 2)]
    after = statistics.of_landing_page(page, whole)
    figures = [(figure.label, figure.value) for figure in after.figures[:2]]
    assert figures == [("Visits", "13"), ("People", "5")]  # two browsers of two days, and the contact
    assert [(f.label, f.value) for f in before.figures[:2]] == [("Visits", "13"), ("People", "3")]
    assert after.days == before.days
    assert (after.figures[-1].value, before.figures[-1].value) == ("3", "3")
    assert any("counts of days only" in note for note in after.notes)
    assert not any("counts of days only" in note for note in before.notes)
    assert not any("counts of days only" in note for note in statistics.of_landing_page(page, statistics.span()).notes)
    assert apply() == {}


def test_a_day_of_many_goes_in_several_steps_and_counts_each_browser_once(monkeypatch):
    monkeypatch.setattr(tracking_retention, "BATCH", 3)
    page = LandingPageFactory()
    world_of_visits(page)

    assert apply() == {"anonymous_events": 11}
    assert list(DayCount.objects.values_list("times", "machines", "people", "nameless")) == [(8, 2, 2, 2)]


def test_a_month_of_nobody_is_dropped_whole_and_can_come_back():
    page = LandingPageFactory()
    about = subjects.register(page.subject_type, page.pk, str(page))
    at, visitor = datetime(2001, 5, 10, 12, tzinfo=UTC), uuid.uuid4()
    for hours in (0, 1, 30):
        event(at + timedelta(hours=hours), kind=EventKind.LANDING_PAGE_VISITED, subject=about, visitor_id=visitor)
    event(datetime(2001, 6, 10, tzinfo=UTC), contact=ContactFactory())
    names = {month.name for month in sql.months()}
    assert {"tracking_event_200105", "tracking_event_200106"} <= names

    assert apply() == {"anonymous_events": 3}

    left = {month.name for month in sql.months()}
    assert ("tracking_event_200105" in left, "tracking_event_200106" in left) == (False, True)
    assert list(DayCount.objects.order_by("day").values_list("day", "times", "people")) == [
        (at.date(), 2, 1),
        (at.date() + timedelta(days=1), 1, 1),
    ]
    event(at, contact=ContactFactory())
    assert Event.objects.count() == 2


def test_the_statistics_of_a_form_an_asset_an_email_and_a_link_keep_their_counts():
    form, asset = FormFactory(), AssetFactory()
    day = timezone.localtime(ago(**OLD)).replace(hour=12)
    for row, kind in ((form, EventKind.FORM_SUBMITTED), (asset, EventKind.ASSET_DOWNLOADED)):
        about = subjects.register(row.subject_type, row.pk, str(row))
        event(day, kind=kind, subject=about, visitor_id=uuid.uuid4())
    email = subject("7", type="email")
    for kind in (EventKind.EMAIL_SENT, EventKind.EMAIL_OPENED):  # of somebody who was erased
        event(day, kind=kind, subject=email, visitor_id=uuid.uuid4())
    span = statistics.Span(day.date(), day.date())

    def told():
        reports = statistics.of_form(form, span), statistics.of_asset(asset, span), statistics.of_email(7, span)
        return [[(str(figure.label), figure.value) for figure in report.figures] for report in reports]

    before = told()
    assert before[2][:2] == [("Sent", "1"), ("Opened", "1 (100.0%)")]
    assert apply() == {"anonymous_events": 4}
    assert told() == before


def test_what_variants_came_to_is_noted_before_their_visits_go():
    form = FormFactory()
    page = LandingPageFactory(form=form)
    about = subjects.register(page.subject_type, page.pk, str(page))
    test = PageTest.objects.create(page=page, name="Colour")
    for letter in "AB":
        PageVariant.objects.create(test=test, letter=letter)
    PageTest.objects.filter(pk=test.pk).update(started_at=ago(days=710))
    for letter in "AAB":
        event(
            ago(**OLD), kind=EventKind.LANDING_PAGE_VISITED, subject=about, visitor_id=uuid.uuid4(),
            data={"test": test.pk, "variant": letter},
        )  # fmt: skip
    assert apply() == {}  # it still runs

    PageTest.objects.filter(pk=test.pk).update(ended_at=ago(days=690))
    assert apply() == {"anonymous_events": 3}

    test.refresh_from_db()
    assert [(variant.letter, tally.visitors) for variant, tally in statistics.tallies(test)] == [("A", 2), ("B", 1)]


# --- events of contacts -----------------------------------------------------------------------------------------------


@pytest.fixture
def ada(publish):  # noqa: F811
    """Has earned points long ago and lately, by rules of several kinds."""
    publish(5, repeat=Repeat.ALWAYS)
    publish(3, source="page_visited", repeat=Repeat.ALWAYS, cap_amount=4, cap_unit="times", cap_period="month")
    publish(7, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=400)
    ada = ContactFactory()
    for purpose in Purpose:
        consent.give(ada, purpose)
    asset = subject("guide")
    from_her = {"user_agent": CHROME, "ip": "192.0.2.0"}
    for days in (900, 700, 699, 10):
        download(ada, asset, ago(days=days), url="https://x.example/guide?who=ada#top", **from_her)
        happen(ada, EventKind.PAGE_VISITED, None, ago(days=days), url="https://x.example/p?token=1", **from_her)
        happen(ada, EventKind.CUSTOM, None, ago(days=days), data={"name": "called", "properties": {"secret": "x"}})
    pipeline.drain()
    return ada


def details(contact):
    rows = Event.objects.filter(contact=contact).exclude(kind__in=sql.OWN).order_by("at", "id")
    return [(e.kind, e.agent_id is not None, e.network_id is not None, e.data) for e in rows]


def statement(contact, days):
    """What is said of the score at an instant."""
    found = explain(contact, at=ago(days=days).replace(minute=0, second=0, microsecond=0))
    return found.overall, [
        (line.name, line.points, line.hits, str(line.about)) for g in found.groups for line in g.lines
    ]


def test_two_who_are_merged_and_taken_apart_after_that_get_their_own_back(ada):
    other = ContactFactory()
    for purpose in Purpose:
        consent.give(other, purpose)
    download(other, subject("film"), ago(days=800), user_agent=CHROME, ip="192.0.2.0")
    pipeline.drain()
    before = (scores(), lines())
    apply()

    done = merging.merge(ada.pk, other.pk)
    pipeline.drain()
    assert wrong() == []
    assert (scores(), lines()) != before
    merging.undo(done)
    pipeline.drain()

    assert (lines(), wrong()) == (before[1], [])
    assert {row for row in scores() if row[2]} == {row for row in before[0] if row[2]}


def test_details_of_what_a_contact_did_go_and_no_point_moves(ada):
    facts = ("contact", "kind", "at", "subject", "verdict", "visitor", "message_id", "key")
    before = (scores(), lines(), sorted(Event.objects.values_list(*facts), key=str))
    said = [statement(ada, days) for days in (800, 650, 399, 5, 0)]
    assert (wrong(), len(before[1]) > 4) == ([], True)

    assert apply(event_details=13)["event_details"] == 9

    assert (scores(), lines(), sorted(Event.objects.values_list(*facts), key=str)) == before
    assert [statement(ada, days) for days in (800, 650, 399, 5, 0)] == said
    assert wrong() == []
    old, new = details(ada)[:9], details(ada)[9:]
    assert {(kind, tuple(sorted(data.items()))) for kind, _a, _n, data in old} == {
        (EventKind.ASSET_DOWNLOADED, (("url", "https://x.example/guide"),)),
        (EventKind.PAGE_VISITED, (("url", "https://x.example/p"),)),
        (EventKind.CUSTOM, ()),
    }
    assert {(agent, network) for _kind, agent, network, _data in old} == {(False, False)}
    assert (EventKind.ASSET_DOWNLOADED, True, True, {"url": "https://x.example/guide?who=ada#top"}) in new
    assert apply() == {}


def test_a_replay_of_what_was_reduced_gives_the_same_lines(ada):
    before = lines()
    apply()
    PointEntry.objects.filter(contact=ada).delete()
    with transaction.atomic():
        scoring_scores.lock([ada.pk])
        ledger.replay([ada.pk])
        sweeps.make_anew([ada.pk])
    assert lines() == before
    assert wrong() == []


def test_the_contacts_own_history_is_not_reduced(ada):
    ada.city = "Paris"
    ada.save()
    pipeline.drain()
    Event.objects.filter(kind=EventKind.CONTACT_CHANGED).update(at=ago(**OLD))
    before = list(Event.objects.filter(kind__in=sql.OWN).order_by("pk").values_list("data", flat=True))

    apply()

    assert list(Event.objects.filter(kind__in=sql.OWN).order_by("pk").values_list("data", flat=True)) == before
    assert {"city": ["", "Paris"]} in before


def test_in_small_steps_and_from_where_the_last_run_came_to(ada, monkeypatch):
    monkeypatch.setattr(tracking_retention, "HELD", 2)
    assert apply()["event_details"] == 9

    run = runs.ask()
    runs.carry(run.pk)
    late = event(ago(days=800), contact=ada, data={"url": "https://x.example/?late"})
    run = runs.ask()
    runs.carry(run.pk)
    run.refresh_from_db()
    late.refresh_from_db()
    on_the_first = timezone.localtime(run.started_at).day == 1
    assert (run.counts, "late" in late.data["url"]) == (({"event_details": 1}, False) if on_the_first else ({}, True))

    assert apply() == {"event_details": 1}  # asked for by somebody: everything is looked at


def marked(**of):
    return Mark.objects.create(**of)


def judged_anew(contact):
    with transaction.atomic():
        scoring_scores.lock([contact.pk])
        return judging.judge_contacts([contact.pk])


def verdicts(contact):
    rows = Event.objects.filter(contact=contact, kind=EventKind.ASSET_DOWNLOADED).order_by("at")
    return list(rows.values_list("verdict", flat=True))


def test_verdicts_stand_once_their_reasons_are_gone_but_for_a_mark_of_the_contact(ada):
    network, agent = Network.objects.get(), Agent.objects.get()
    by_network = marked(network=f"{network.address}/24")
    assert judged_anew(ada) == [ada.pk]
    assert verdicts(ada) == [3, 3, 3, 3]
    apply()
    assert judged_anew(ada) == []
    assert verdicts(ada) == [3, 3, 3, 3]

    by_network.undone_at = timezone.now()
    by_network.save()
    marked(agent=agent, is_machine=False)
    judged_anew(ada)
    assert verdicts(ada) == [3, 3, 3, 1]  # of old ones we no longer know where they came from

    person = marked(contact=ada, is_machine=False)
    judged_anew(ada)
    assert verdicts(ada) == [1, 1, 1, 1]

    person.undone_at = timezone.now()
    person.save()
    judged_anew(ada)
    assert verdicts(ada) == [3, 3, 3, 1]


def test_what_a_machine_betrayed_itself_by_is_settled_before_its_details_go():
    """Seconds to either side of the day from which details go: the one's verdict was made of the other."""
    ada = ContactFactory()
    for purpose in Purpose:
        consent.give(ada, purpose)
    first, second = LinkFactory(), LinkFactory()
    before = kinds["event_details"].before(13, timezone.now())
    for seconds, link in ((-1, first), (0, second)):
        happen(
            ada, EventKind.EMAIL_CLICKED, link.subject, before + timedelta(seconds=seconds, milliseconds=500),
            message_id=7, user_agent=CHROME, ip="192.0.2.0",
        )  # fmt: skip
    pipeline.drain()
    clicks = Event.objects.filter(kind=EventKind.EMAIL_CLICKED).order_by("at")
    assert list(clicks.values_list("verdict", flat=True)) == [3, 3]

    assert apply() == {"event_details": 1}
    judged_anew(ada)

    assert [(e.verdict, e.agent_id is None) for e in clicks] == [(3, True), (3, False)]


def test_a_mark_of_a_network_counts_no_events_that_are_settled(ada):
    network = Network.objects.get()
    mark = marked(network=f"{network.address}/24")
    assert marks_sql.count(mark.pk)["events"] == 8
    apply()
    assert marks_sql.count(mark.pk)["events"] == 2


def visits_of(contact, *days, address="news"):
    """Page views that no rule counts."""
    for ago_days in days:
        url = f"https://blog.example/{address}?q=1"
        happen(contact, EventKind.LANDING_PAGE_VISITED, subject(f"{address}{ago_days}", type="landing_page"),
               ago(days=ago_days), url=url, user_agent=CHROME, ip="192.0.2.0")  # fmt: skip
    pipeline.drain()


def days_of(contact, kind=EventKind.LANDING_PAGE_VISITED):
    ats = Event.objects.filter(contact=contact, kind=kind).order_by("at").values_list("at", flat=True)
    return [(timezone.now() - at).days for at in ats][::-1]


def test_what_no_rule_counts_may_go_but_for_the_latest_and_no_point_moves(ada):
    other = ContactFactory()
    for purpose in Purpose:
        consent.give(other, purpose)
    visits_of(ada, 1000, 900, 800, 10)
    visits_of(other, 1001, 901, address="else")
    before = (scores(), lines())
    assert "idle_events" not in apply()  # kept for good, unless somebody says otherwise

    assert apply(idle_events=24) == {"idle_events": 4}

    assert (days_of(ada), days_of(other)) == ([10], [901])
    assert sorted(days_of(ada, EventKind.ASSET_DOWNLOADED)) == [10, 699, 700, 900]  # these are counted
    assert len(days_of(ada, EventKind.PAGE_VISITED)) == 4
    assert (scores(), lines(), wrong()) == (*before, [])
    counted = DayCount.objects.order_by("day").values_list("times", "machines", "people", "nameless")
    assert list(counted) == [(1, 0, 1, 0)] * 4
    assert apply() == {}
    with transaction.atomic():
        scoring_scores.lock([ada.pk])
        sweeps.make_anew([ada.pk])
        assert judging.judge_contacts([ada.pk]) == []
    assert (scores(), lines(), wrong()) == (*before, [])


def test_statistics_of_closed_days_follow_what_goes(ada, monkeypatch):
    monkeypatch.setattr(daysums, "EXACT", -1)
    page = LandingPageFactory()
    about = subjects.register(page.subject_type, page.pk, str(page))
    for days in (801, 800):
        happen(ada, EventKind.LANDING_PAGE_VISITED, about, ago(days=days), user_agent=CHROME, ip="192.0.2.0")
    pipeline.drain()
    span = statistics.Span(timezone.localdate() - timedelta(days=810), timezone.localdate() - timedelta(days=790))

    def told():
        report = statistics.of_landing_page(page, span)
        return report.figures[0].value, report.days

    before = told()
    daysums.carry()
    assert told() == before
    assert apply(idle_events=24) == {"event_details": 11, "idle_events": 2}
    assert told() == before
    daysums.carry()
    assert (told(), before[0]) == (before, "2")


def test_what_may_be_asked_about_stays(ada):
    visits_of(ada, 900, 800)
    asks = {"all": [{"not": {"filter": "landing_page_visited", "op": "did", "days": 30}}]}
    segment = SegmentFactory(conditions=asks)
    assert "idle_events" not in apply(idle_events=24)
    segment.delete()
    trigger = TriggerFactory(conditions=asks)
    assert apply() == {}
    trigger.delete()
    step = StepFactory(params={"conditions": asks})
    assert apply() == {}
    step.delete()

    assert apply() == {"idle_events": 2}


def test_nothing_of_a_contact_goes_before_its_details_have(ada):
    visits_of(ada, 900, 800)

    assert apply(idle_events=1, event_details=None) == {}
    assert apply(event_details=29) == {"event_details": 4, "idle_events": 1}  # what is older than that
    assert days_of(ada) == [800]


def test_what_was_counted_once_stays_also_when_the_rule_is_gone(ada, publish):  # noqa: F811
    action = publish(2, source="landing_page_visited", repeat=Repeat.ALWAYS)
    visits_of(ada, 900, 800)
    rules.archive(action)
    pipeline.drain()

    assert "idle_events" not in apply(idle_events=24)
    assert days_of(ada) == [800, 900]


# --- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_broken_off_goes_on_where_it_was(ada, monkeypatch):
    monkeypatch.setattr(tracking_retention, "BATCH", 2)
    monkeypatch.setattr(tracking_retention, "HELD", 2)
    page = LandingPageFactory()
    world_of_visits(page)
    run, steps, real = runs.ask(), 0, runs._step

    def killed(run_id):
        nonlocal steps
        steps += 1
        done = real(run_id)
        if steps % 3 == 0:
            raise KeyboardInterrupt  # before the commit: as if the process were killed
        return done

    monkeypatch.setattr(runs, "_step", killed)
    while True:
        try:
            if not runs.carry(run.pk):
                break
        except KeyboardInterrupt:
            continue
    run.refresh_from_db()
    assert (run.errors, run.counts) == ({}, {"anonymous_events": 11, "event_details": 9})
    assert list(DayCount.objects.values_list("times", "machines", "people", "nameless")) == [(8, 2, 2, 2)]
    assert wrong() == []


def test_one_run_at_a_time_and_one_a_day():
    first = runs.begin_day()
    assert (runs.begin_day(), runs.ask(UserFactory())) == (first, first)
    runs.carry(first.pk)

    assert runs.begin_day() is None
    RetentionRun.objects.update(started_at=ago(days=1))
    assert runs.begin_day() != first


def fails():
    raise RuntimeError("no way")


def takes_too_long():
    contacts_sql.limit_time(1)
    contacts_sql.tuples("SELECT pg_sleep(5)", [])


@pytest.mark.parametrize(("broken", "words"), [(fails, "no way"), (takes_too_long, "statement timeout")])
def test_a_kind_that_fails_is_told_and_the_others_go_on(broken, words):
    class Broken(Kind):
        key, position, label, becomes, unit, default = "broken", -1, "Broken", "", Unit.DAYS, 1

        def step(self, due, mark):
            broken()

    kinds.add(Broken())
    try:
        HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=ago(**OLD))
        run = runs.ask()
        runs.carry(run.pk)
    finally:
        kinds._types.pop("broken")
    run.refresh_from_db()
    assert (run.counts, list(run.errors), run.finished_at is not None) == ({"held_spam": 1}, ["broken"], True)
    assert words in run.errors["broken"]


def test_while_the_database_is_away_the_run_waits(monkeypatch):
    def away(run_id):
        raise OperationalError("the connection is closed")

    run = runs.ask()
    with monkeypatch.context() as patch:
        patch.setattr(runs, "_step", away)
        with pytest.raises(OperationalError):
            runs.carry(run.pk)
    run.refresh_from_db()
    assert (run.errors, run.finished_at) == ({}, None)

    runs.carry(run.pk)
    run.refresh_from_db()
    assert run.finished_at is not None


def test_the_command_counts_and_does(capsys):
    HeldSubmission.objects.create(form=FormFactory(), key=uuid.uuid4(), at=ago(**OLD))

    call_command("apply_retention", "--dry-run")
    told = dict(reversed(line.split()[:2]) for line in capsys.readouterr().out.splitlines())
    assert (told["held_spam"], set(told.values()), HeldSubmission.objects.count()) == ("1", {"0", "1"}, 1)

    call_command("apply_retention")
    assert capsys.readouterr().out.split() == ["1", "held_spam"]
    assert HeldSubmission.objects.count() == 0
    call_command("apply_retention")
    assert capsys.readouterr().out == ""


def test_every_kind_is_described():
    for kind in retention.in_order():
        assert str(kind.label)
        assert str(kind.becomes)
        assert kind.key == kind.key.lower()
    positions = [kind.position for kind in retention.in_order()]
    assert len(set(positions)) == len(positions)
