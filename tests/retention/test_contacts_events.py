"""Events of contacts are reduced; no score, no verdict and nothing that is explained changes."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from config import pipeline
from contacts import consent, merging
from contacts.models import Purpose
from contacts.privacy.retention import kinds, runs
from scoring import ledger, rules, sweeps
from scoring import scores as scoring_scores
from scoring.explain import explain
from scoring.models import PointEntry, Repeat
from tests.factories import (
    ContactFactory,
    LandingPageFactory,
    LinkFactory,
    SegmentFactory,
    StepFactory,
    TriggerFactory,
)
from tests.retention.decided import CHROME, OLD, ago, apply, event, lines, scores, wrong
from tests.scoring.conftest import download, happen, subject
from tracking import daysums, statistics, subjects
from tracking import retention as tracking_retention
from tracking import retention_sql as sql
from tracking.models import (
    Agent,
    DayCount,
    Event,
    Mark,
    Network,
)
from tracking.models import Kind as EventKind
from tracking.verdicts import judging, marks_sql

pytestmark = pytest.mark.django_db


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
    assert marks_sql.concerned(mark.pk, 1)["events"] == 8
    apply()
    assert marks_sql.concerned(mark.pk, 1)["events"] == 2


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


def test_what_was_counted_once_stays_also_when_the_rule_is_gone(ada, publish):
    action = publish(2, source="landing_page_visited", repeat=Repeat.ALWAYS)
    visits_of(ada, 900, 800)
    rules.archive(action)
    pipeline.drain()

    assert "idle_events" not in apply(idle_events=24)
    assert days_of(ada) == [800, 900]
