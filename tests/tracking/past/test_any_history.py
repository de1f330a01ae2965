"""The past of any random history is what conditions found then."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from config import pipeline
from contacts import conditions, segments
from contacts.models import Contact
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    SubjectFactory,
    TagFactory,
)
from tests.tracking.past.rewinding import country, noted_at, opened, rule
from tracking import past

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 28, 21, tzinfo=UTC)


people, two = st.integers(0, 2), st.integers(0, 1)


deeds = st.one_of(
    st.tuples(st.just("create"), people, st.integers(0, 40)),
    st.tuples(st.just("country"), people, st.sampled_from(["", "FR", "DE"])),
    st.tuples(st.just("fields"), people, st.sampled_from([{}, {"size": "a"}, {"size": "b", "age": 3}, {"age": 9}])),
    st.tuples(st.just("stage"), people, st.sampled_from([None, 0, 1])),
    st.tuples(st.just("company"), people, st.sampled_from([None, 0, 1])),
    st.tuples(st.just("merge"), people, st.sampled_from([None, 0])),
    st.tuples(st.just("tag"), people, two),
    st.tuples(st.just("untag"), people, two),
    st.tuples(st.just("delete tag"), people, two),
    st.tuples(st.just("enter"), people, two),
    st.tuples(st.just("leave"), people, two),
    st.tuples(st.just("undecide"), people, two),
    st.tuples(st.just("block"), people, st.sampled_from(["email", "sms"])),
    st.tuples(st.just("unblock"), people, st.sampled_from(["email", "sms"])),
    st.tuples(st.just("consent"), people, st.booleans()),
    st.tuples(st.just("open"), people, two),
    st.tuples(st.just("drain"), people, two),
)


histories = st.lists(st.tuples(st.integers(0, 60), deeds), min_size=1, max_size=25)


class World:
    """Three people, and what can be asked and done."""

    def __init__(self):
        CustomFieldFactory(key="size")
        CustomFieldFactory(key="age", type="integer")
        self.contacts = [ContactFactory(created_at=START - timedelta(days=3)) for _ in range(3)]
        self.tags, self.emails = TagFactory.create_batch(2), SubjectFactory.create_batch(2)
        self.stages, self.companies = StageFactory.create_batch(2), CompanyFactory.create_batch(2)
        self.segments = [SegmentFactory(), SegmentFactory(conditions=country("FR"))]
        self.seen = []

    def trees(self):
        tags, lists = [tag.pk or 1 for tag in self.tags], [segment.pk for segment in self.segments]
        yield {}
        yield from (country(code) for code in ("FR", "DE"))
        yield {"not": country("FR")}
        yield rule("custom", "is", "b", field="size")
        yield rule("custom", "at_least", 5, field="age")
        yield rule("custom", "empty", field="age")
        yield from (rule("field", op, 1, field="created_at") for op in ("last_days", "older_than"))
        yield from (
            rule("stage", op, stage.pk) for stage in self.stages for op in ("is", "is_not", "before", "reached")
        )
        yield rule("company", "is", self.companies[0].name, field="name")
        yield rule("company", "empty", field="domain")
        yield from (rule("tag", op, tag) for tag in tags for op in ("is", "is_not"))
        yield rule("tag", "empty")
        yield from (rule("segment", op, one) for one in lists for op in ("is", "is_not"))
        yield from (rule("blocked", op, channel) for op in ("is", "is_not") for channel in ("email", "sms"))
        yield rule("blocked", "is")
        yield from (rule("consent", op, "profiling") for op in ("given", "refused", "not_given", "unasked"))
        yield rule("email_opened", "did", subject=self.emails[0].pk, days=1)
        yield rule("email_opened", "did", times=2)
        yield rule("email_opened", "did_not", days=2)
        yield {"any": [rule("tag", "is", tags[0]), {"all": [country("FR"), rule("email_opened", "did")]}]}

    def do(self, deed, who, what, at):
        contact = self.contacts[who]
        row = Contact.objects.filter(pk=contact.pk)
        match deed:
            case "create":
                self.contacts[who] = ContactFactory(created_at=at, fields={"age": what})
            case "country" | "fields":
                row.update(**{deed: what})
            case "stage":
                row.update(stage=None if what is None else self.stages[what])
            case "company":
                row.update(company=None if what is None else self.companies[what])
            case "merge":
                row.update(merged_into=None if what is None else Contact.objects.exclude(pk=contact.pk).first())
            case "tag":
                contact.tags.add(self.tags[what])
            case "untag":
                contact.tags.remove(self.tags[what])
            case "delete tag":
                self.tags[what].delete()
                self.tags[what] = TagFactory()
            case "enter":
                segments.add(self.segments[what], [contact.pk])
            case "leave":
                segments.remove(self.segments[what], [contact.pk])
            case "undecide":
                segments.undecide(self.segments[what], [contact.pk])
            case "block":
                contact.blocks.get_or_create(channel=what, defaults={"reason": "manual"})
            case "unblock":
                contact.blocks.filter(channel=what).delete()
            case "consent":
                contact.consents.create(purpose="profiling", granted=what, given_at=at)
            case "open":
                opened(contact, self.emails[what], at)
                pipeline.drain()  # the present does not know of what waits, the past will
            case "drain":
                pipeline.drain()


class Undone(Exception):
    """Leaves an atomic block without a trace."""


def trying(check):
    """Run a check in the database and undo everything it did."""
    try:
        with transaction.atomic():
            check()
            raise Undone
    except Undone:
        pass


def found(trees):
    """Who matches each tree, and who there is."""
    return [{*conditions.matching(tree).values_list("pk", flat=True)} for tree in trees], {*Contact.objects.all()}


@pytest.mark.slow
@given(history=histories, questions=st.sets(st.integers(0, 40), min_size=5, max_size=8))
@settings(max_examples=50, deadline=None)
def test_what_matched_then_is_what_matches_as_of_then(history, questions):
    def check():
        world, at, then = World(), START, []
        for hours, (deed, who, what) in history:
            at += timedelta(hours=hours, seconds=1)
            with time_machine.travel(at, tick=False), noted_at(at):
                world.do(deed, who, what, at)
                trees = [tree for number, tree in enumerate(world.trees()) if number in questions]
                then.append((at, trees, found(trees)))

        for moment, trees, (matched, existed) in then:
            with past.as_of(moment):
                assert found(trees) == (matched, existed)
            one = min(contact.pk for contact in existed)
            assert past.matching(trees[0], moment, [one]) == matched[0] & {one}

    trying(check)
