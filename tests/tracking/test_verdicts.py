"""Verdicts: people and machines told apart, whatever the order in which their traces arrive."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from config import pipeline
from contacts import consent
from contacts.models import Purpose
from scoring.models import ContactScore, PointEntry, Repeat
from tests.factories import ContactFactory, LinkFactory, SubjectFactory
from tests.tracking import sequences
from tests.tracking.sequences import SEQUENCES, Request
from tracking import hits
from tracking.hits import NewHit
from tracking.models import Event, Kind, Subject, Verdict
from tracking.verdicts import hidden_link, lists
from tracking.verdicts.reasons import Reason

pytestmark = pytest.mark.django_db
SENT_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Mailing:
    """A mail with four links, and what comes of it."""

    def __init__(self):
        self.email = SubjectFactory(name="Newsletter")
        before = SENT_AT - timedelta(days=1)
        self.links = [
            LinkFactory(source=self.email, url=f"https://shop.example/{n}", created_at=before).subject for n in range(4)
        ]
        self.landing = SubjectFactory(type=Subject.Type.LANDING_PAGE)
        self.hidden = hidden_link.subject_id()
        self.keys = 0

    def reader(self):
        contact = ContactFactory()
        for purpose in Purpose:
            consent.give(contact, purpose)
        return contact

    def hits(self, contact, message_id, requests):
        """Of one copy of the mail: that it was sent, and what was requested."""
        sent = NewHit(kind=Kind.EMAIL_SENT, at=SENT_AT, subject_id=self.email.pk, **self._whose(contact, message_id))
        return [sent, *(self._hit(contact, message_id, request) for request in requests)]

    def _whose(self, contact, message_id):
        self.keys += 1
        return {"contact_id": contact.pk, "message_id": message_id, "key": UUID(int=self.keys)}

    def _hit(self, contact, message_id, request: Request):
        kind, subject_id = {
            "open": (Kind.EMAIL_OPENED, self.email.pk),
            "page": (Kind.PAGE_VISITED, None),
            "landing": (Kind.LANDING_PAGE_VISITED, self.landing.pk),
            "hidden": (Kind.EMAIL_CLICKED, self.hidden),
        }.get(request.what, (Kind.EMAIL_CLICKED, self.links[request.link - 1].pk))
        of_page = kind in (Kind.PAGE_VISITED, Kind.LANDING_PAGE_VISITED)
        data = {"method": "HEAD"} if request.what == "head" else {"prefetch": True} if request.prefetch else {}
        return NewHit(
            kind=kind,
            at=SENT_AT + timedelta(seconds=request.after),
            subject_id=subject_id,
            url="https://shop.example/offer" if of_page else "",
            user_agent=request.agent,
            ip=request.network,
            data=data,
            **self._whose(contact, None if of_page else message_id),
        )


@pytest.fixture
def mailing(db):
    return Mailing()


def machines(keys):
    """By key, whether an event is a machine's; and the reasons."""
    rows = Event.objects.filter(key__in=keys).values_list("key", "verdict", "reasons")
    return {key: (verdict >= Verdict.PROXY, reasons) for key, verdict, reasons in rows}


def test_people_and_machines_are_told_apart(mailing, verdict_table):
    said = {}
    for message_id, (name, requests) in enumerate(SEQUENCES.items(), start=1):
        new = mailing.hits(mailing.reader(), message_id, requests)
        hits.record_many(new)
        said |= {hit.key: (name, request) for hit, request in zip(new[1:], requests, strict=True)}
    pipeline.drain()

    found = machines(said)
    for key, (_, request) in said.items():
        verdict_table.count(request.what, is_machine=request.machine, taken_for_one=found[key][0])
    wrong = [
        (name, request.what, request.after, found[key])
        for key, (name, request) in said.items()
        if found[key][0] != (request.machine != request.mistaken)
    ]
    assert wrong == []


def test_the_hidden_link_leads_to_a_page_that_says_what_it_is(client):
    page = client.get("/t/hidden")
    assert (page.status_code, page["X-Robots-Tag"]) == (200, "noindex")
    assert "people do not see it" in page.content.decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (sequences.CHROME, 0),
        (sequences.OUTLOOK, 0),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0", 0),
        (sequences.APPLE, Reason.PREFETCHED),
        (sequences.GMAIL_FIRST, Reason.PREFETCHED),
        (sequences.GMAIL, Reason.IMAGE_PROXY),
        (sequences.YAHOO, Reason.IMAGE_PROXY),
        (sequences.CURL, Reason.LISTED_AGENT),
        (sequences.HEADLESS, Reason.LISTED_AGENT),
        (sequences.WHATSAPP, Reason.LISTED_AGENT),
        ("BarracudaCentral", Reason.LISTED_AGENT),
    ],
)
def test_what_the_lists_know_of_programs(text, reason):
    assert lists.of_agent(text) == reason


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (sequences.BARRACUDA, Reason.LISTED_NETWORK),
        (sequences.MIMECAST, Reason.LISTED_NETWORK),
        (sequences.PROOFPOINT, Reason.LISTED_NETWORK),
        (sequences.HOME, 0),
        ("2001:db8::", 0),
    ],
)
def test_what_the_lists_know_of_networks(address, reason):
    assert lists.of_network(address) == reason


def test_what_comes_later_revises_what_was_taken_for_a_person(mailing, publish):
    publish(10, source="email_clicked", repeat=Repeat.ALWAYS)
    contact = mailing.reader()
    sent, first, *rest = mailing.hits(contact, 1, sequences.every_link(20, 0.3, [sequences.AMAZON]))
    hits.record_many([sent, first])
    pipeline.drain()
    assert ContactScore.objects.get(contact=contact, group=None).score == 10
    hits.record_many(rest)
    pipeline.drain()
    assert ContactScore.objects.get(contact=contact, group=None).score == 0
    assert PointEntry.objects.filter(contact=contact).count() == 0
    assert Event.objects.filter(kind=Kind.EMAIL_CLICKED).count() == 4


def test_a_hit_that_may_be_nobodys_keeps_neither_program_nor_network(mailing):
    contact = ContactFactory()
    consent.withdraw(contact, Purpose.LINK_TRACKING)
    hits.record_many(mailing.hits(contact, 1, [sequences.machine(50, "click", sequences.CURL)]))
    pipeline.drain()
    event = Event.objects.get(kind=Kind.EMAIL_CLICKED)
    assert (event.contact, event.agent, event.network, event.verdict) == (None, None, None, Verdict.SCANNER)
