"""Verdicts and scores are functions of what happened: neither the order of arrival nor the batches matter."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from config import pipeline
from contacts import consent
from contacts.models import Purpose
from scoring import reconciliation, rules, scores
from scoring.models import PointAction, PointGroup, Repeat
from tests.cases import cases
from tests.factories import ContactFactory, LinkFactory, SubjectFactory
from tests.scoring.undoing import trying
from tests.tracking import sequences, verdict_oracle
from tests.tracking.verdict_oracle import CLICK, HIDDEN, LANDING, OPEN, PAGE, SENT, Seen
from tracking import hits
from tracking.hits import NewHit
from tracking.models import Agent, Event, Kind, Mark, Subject
from tracking.verdicts import hidden_link, judging

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINKS = 3
KINDS = {
    OPEN: Kind.EMAIL_OPENED,
    CLICK: Kind.EMAIL_CLICKED,
    HIDDEN: Kind.EMAIL_CLICKED,
    PAGE: Kind.PAGE_VISITED,
    LANDING: Kind.LANDING_PAGE_VISITED,
    SENT: Kind.EMAIL_SENT,
}
AGENTS = ["", sequences.CHROME, sequences.FIREFOX, sequences.CURL, sequences.GMAIL, sequences.APPLE]
NETWORKS = [None, sequences.HOME, sequences.OFFICE, sequences.BARRACUDA]

# Close together, so that they bear upon each other; and now and then further than anything reaches.
moments = st.builds(
    lambda tenths, apart: tenths / 10 + 100 * apart, st.integers(0, 400), st.integers(0, 4) | st.just(0) | st.just(0)
)
happenings = st.tuples(
    st.sampled_from([OPEN, CLICK, CLICK, CLICK, CLICK, HIDDEN, PAGE, PAGE, LANDING, SENT]),
    moments,
    st.integers(0, 1),  # contact
    st.integers(0, 1),  # message
    st.integers(0, LINKS - 1),
    st.sampled_from(AGENTS),
    st.sampled_from(NETWORKS),
    st.sampled_from([False, False, False, True]),  # HEAD
    st.sampled_from([False, False, False, True]),  # prefetch
)
marks = st.lists(
    st.tuples(
        st.sampled_from(["contact", "agent", "network", "range"]), st.booleans(), st.none() | st.integers(0, 200)
    ),
    max_size=2,
    unique_by=lambda mark: mark[0],
)


class Place:
    """Two contacts who are sent two mails with three links each, and rules that count all they do."""

    def __init__(self):
        group = PointGroup.objects.create(name="Engagement")
        for source, points in (("email_opened", 1), ("email_clicked", 10), ("page_visited", 100)):
            action = PointAction.objects.create(
                name=source, source=source, points=points, repeat=Repeat.ALWAYS, group=group
            )
            rules.publish(action, since=datetime(2020, 1, 1, tzinfo=UTC))
        self.contacts = [ContactFactory(), ContactFactory()]
        for contact in self.contacts:
            for purpose in Purpose:
                consent.give(contact, purpose)
        self.emails = [SubjectFactory(), SubjectFactory()]
        self.links = [
            [
                LinkFactory(
                    source=email, url=f"https://shop.example/{n}", created_at=START - timedelta(days=1)
                ).subject.pk
                for n in range(LINKS)
            ]
            for email in self.emails
        ]
        self.landing = SubjectFactory(type=Subject.Type.LANDING_PAGE).pk
        self.hidden = hidden_link.subject_id()
        pipeline.drain()

    def hit(self, happening):
        what, after, contact, message, link, agent, network, head, prefetch = happening
        of_page = what in (PAGE, LANDING)
        subject = {PAGE: None, LANDING: self.landing, HIDDEN: self.hidden, CLICK: self.links[message][link]}
        data = {"method": "HEAD"} if head else {}
        return NewHit(
            kind=KINDS[what],
            key=uuid4(),
            at=START + timedelta(seconds=after),
            contact_id=self.contacts[contact].pk,
            subject_id=subject.get(what, self.emails[message].pk),
            message_id=None if of_page else 10 * contact + message + 1,
            url="https://shop.example/" if of_page else "",
            user_agent=agent,
            ip=network,
            data=data | ({"prefetch": True} if prefetch else {}),
        )

    def seen(self, hit, happening, marked):
        what, _, contact, _, link, agent, network, head, prefetch = happening
        return Seen(
            key=hit.key,
            what=what,
            at=hit.at,
            contact=contact,
            message=hit.message_id,
            link=link if what == CLICK else None,
            agent=agent,
            network=network or "",
            head=head,
            prefetch=prefetch,
            has_pass=what in (PAGE, LANDING),
            marked=marked(hit),
        )

    def mark(self, marks):
        """Write the marks down; what they say of a hit."""
        rows = {}
        for what, is_machine, since in marks:
            target = {
                "contact": {"contact": self.contacts[0]},
                "agent": {"agent": Agent.objects.get_or_create(text=sequences.FIREFOX)[0]},
                "network": {"network": f"{sequences.HOME}/24"},
                "range": {"network": "203.0.0.0/8"},
            }[what]
            at = None if since is None else START + timedelta(seconds=since)
            rows[what] = Mark.objects.create(is_machine=is_machine, since=at, **target)

        def said(hit):
            of_contact = rows.get("contact") if hit.contact_id == self.contacts[0].pk else None
            of_network = (rows.get("network") or rows.get("range")) if hit.ip == sequences.HOME else None
            of_agent = rows.get("agent") if hit.user_agent == sequences.FIREFOX else None
            for mark in (of_contact, of_network, of_agent):
                if mark and (mark.since is None or mark.since <= hit.at):
                    return mark.is_machine
            return None

        return said


PLACE = []


@pytest.fixture(autouse=True)
def place(db):
    PLACE[:] = [Place()]


def stored(keys):
    rows = Event.objects.filter(key__in=keys).values_list("key", "verdict", "reasons")
    return {key: (verdict, reasons or 0) for key, verdict, reasons in rows}


def assert_as_the_oracle_says(seen):
    due = verdict_oracle.judge(seen, dict.fromkeys(range(30), LINKS))
    assert stored(due) == due
    assert [finding for _, found in reconciliation.findings() for finding in found] == []


@cases(25)
@given(st.lists(happenings, min_size=1, max_size=14), marks, st.randoms(use_true_random=False))
def test_any_order_and_any_batches_give_the_verdicts_of_the_oracle_and_their_scores(happened, marks, dice):
    def check():
        place = PLACE[0]
        marked = place.mark(marks)
        new = [place.hit(happening) for happening in happened]
        seen = [place.seen(hit, happening, marked) for hit, happening in zip(new, happened, strict=True)]
        dice.shuffle(new)
        while new:
            size = dice.randint(1, len(new))
            hits.record_many(new[:size])
            del new[:size]
            pipeline.drain(dice.choice([1, 2, 1000]))

        assert_as_the_oracle_says(seen)

    trying(check)


@cases(15)
@given(st.lists(happenings, min_size=1, max_size=14), marks)
def test_judging_again_changes_nothing_and_marks_that_come_later_say_what_they_would_have_said(happened, marks):
    def check():
        place = PLACE[0]
        new = [place.hit(happening) for happening in happened]
        hits.record_many(new)
        pipeline.drain()
        before = stored(hit.key for hit in new)
        everybody = [contact.pk for contact in place.contacts]
        with transaction.atomic():
            assert judging.judge_contacts(scores.lock(everybody)) == []
        assert stored(before) == before

        marked = place.mark(marks)
        with transaction.atomic():
            judging.judge_contacts(scores.lock(everybody))
        seen = [place.seen(hit, happening, marked) for hit, happening in zip(new, happened, strict=True)]
        due = verdict_oracle.judge(seen, dict.fromkeys(range(30), LINKS))
        assert stored(due) == due

    trying(check)
