"""The past is what conditions found then: one kind of data after the other, and any random history."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import ProgrammingError, connection, transaction
from django.db.utils import InternalError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from config import pipeline
from contacts import conditions, segments
from contacts.models import Change, Consent, Contact, ContactTag, Membership
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    SegmentFactory,
    StageFactory,
    SubjectFactory,
    TagFactory,
    UserFactory,
)
from tracking import hits, past
from tracking.models import Event, Kind

pytestmark = pytest.mark.django_db


def rule(filter, op, value=None, **fields):
    return {"filter": filter, "op": op, **fields} | ({} if value is None else {"value": value})


def country(value):
    return rule("field", "is", value, field="country")


@pytest.fixture(params=["as events", "still waiting"])
def passing(request):
    """passing(): the instant between what was done before and what will be; changes may become events or wait."""

    def passing():
        if request.param == "as events":
            pipeline.drain()
        return timezone.now()

    return passing


@pytest.fixture
def ada(db):
    return ContactFactory(email="ada@example.com", country="FR")


def test_a_column_has_the_old_value_of_its_first_change_since(ada, passing):
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(country="DE", city="Bonn")
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(country="IT")
    three = passing()

    found = [[past.matching(country(code), at) for code in ("FR", "DE", "IT")] for at in (one, two, three)]
    assert found == [[{ada.pk}, set(), set()], [set(), {ada.pk}, set()], [set(), set(), {ada.pk}]]
    assert [past.matching(rule("field", "empty", field="city"), at) for at in (one, two)] == [{ada.pk}, set()]


def test_columns_that_point_elsewhere(ada, passing):
    acme, owner, lead, client = CompanyFactory(name="Acme"), UserFactory(), *StageFactory.create_batch(2)
    trees = [
        rule("company", "is", "acme", field="name"),
        rule("field", "is", owner.pk, field="owner"),
        rule("stage", "reached", lead.pk),
        rule("stage", "is", client.pk),
    ]
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(company=acme, owner=owner, stage=lead)
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(company=None, owner=None, stage=client)
    passing()

    assert [[bool(past.matching(tree, at)) for tree in trees] for at in (one, two)] == [
        [False, False, False, False],
        [True, True, True, False],
    ]


def test_custom_fields(ada, passing):
    CustomFieldFactory(key="size")
    CustomFieldFactory(key="age", type="integer")
    one = passing()
    Contact.objects.filter(pk=ada.pk).update(fields={"size": "Large", "age": 40})
    two = passing()
    Contact.objects.filter(pk=ada.pk).update(fields={"size": "Small"})
    passing()

    large, old = rule("custom", "is", "large", field="size"), rule("custom", "at_least", 40, field="age")
    assert [past.matching({"all": [large, old]}, at) for at in (one, two)] == [set(), {ada.pk}]
    assert past.matching({"not": {"any": [large, old]}}, one) == {ada.pk}


def test_contacts_exist_from_their_creation_on(ada, passing):
    one = passing()
    bob = ContactFactory(country="FR")
    two = passing()

    assert [past.matching({}, at) for at in (one, two)] == [{ada.pk}, {ada.pk, bob.pk}]


def test_deleted_contacts_are_gone(ada, passing):
    one = passing()
    ada.tags.add(TagFactory())
    passing()
    ada.delete()
    passing()

    assert past.matching({}, one) == set()


def test_merged_contacts_stand_for_themselves_again(ada, passing):
    bob = ContactFactory(country="FR")
    one = passing()
    Contact.objects.filter(pk=bob.pk).update(merged_into=ada)
    two = passing()

    assert [past.matching({}, at) for at in (one, two)] == [{ada.pk, bob.pk}, {ada.pk}]


def test_tags_come_and_go(ada, passing):
    vip, other = TagFactory(), TagFactory()
    ada.tags.add(other)
    moments = [passing()]
    for _ in range(2):
        ada.tags.add(vip)
        moments.append(passing())
        ada.tags.remove(vip)
        moments.append(passing())

    assert [bool(past.matching(rule("tag", "is", vip.pk), at)) for at in moments] == [False, True, False, True, False]
    assert {frozenset(past.matching(rule("tag", "is", other.pk), at)) for at in moments} == {frozenset([ada.pk])}


def test_a_deleted_tag_was_there(ada, passing):
    vip = TagFactory()
    ada.tags.add(vip)
    one = passing()
    vip.delete()
    passing()

    assert past.matching(rule("tag", "not_empty"), one) == {ada.pk}


def test_memberships_come_and_go_whatever_becomes_of_their_rows(ada, passing):
    dinner = SegmentFactory()
    moments = [passing()]
    for change in (
        lambda: segments.add(dinner, [ada.pk]),
        lambda: segments.remove(dinner, [ada.pk]),  # deletes nothing: the row says that somebody decided so
        lambda: segments.add(dinner, [ada.pk]),
        lambda: Membership.objects.all().delete(),
    ):
        change()
        moments.append(passing())
        found = [bool(past.matching(rule("segment", "is", dinner.pk), at)) for at in moments]
        assert found == [False, True, False, True, False][: len(moments)]


def test_dynamic_segments_are_rewound_by_who_entered_and_left(ada):
    germans = SegmentFactory(conditions=country("DE"))
    pipeline.drain()
    one = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="DE")
    pipeline.drain()
    two = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="FR")
    pipeline.drain()

    in_it = rule("segment", "is", germans.pk)
    assert [past.matching(in_it, at) for at in (one, two, timezone.now())] == [set(), {ada.pk}, set()]


def test_blocks_come_and_go_by_channel(ada, passing):
    one = passing()
    ada.blocks.create(channel="sms", reason="manual")
    two = passing()
    ada.blocks.create(channel="email", reason="bounced")
    ada.blocks.filter(channel="sms").delete()
    three = passing()

    trees = [rule("blocked", "is", "sms"), rule("blocked", "is", "email"), rule("blocked", "is")]
    assert [[bool(past.matching(tree, at)) for tree in trees] for at in (one, two, three)] == [
        [False, False, False],
        [True, False, True],
        [False, True, True],
    ]


def test_the_latest_answer_then_is_the_consent_then(ada):
    now = timezone.now()
    for days, granted in ((30, True), (20, False), (10, True)):
        Consent.objects.create(contact=ada, purpose="profiling", granted=granted, given_at=now - timedelta(days=days))
    Contact.objects.filter(pk=ada.pk).update(created_at=now - timedelta(days=50))

    words = ("given", "refused", "unasked")
    found = [
        [word for word in words if past.matching(rule("consent", word, "profiling"), now - timedelta(days=days))]
        for days in (40, 25, 15, 5)
    ]
    assert found == [["unasked"], ["given"], ["refused"], ["given"]]


def opened(contact, email, at):
    hits.record(hits.NewHit(kind=Kind.EMAIL_OPENED, contact_id=contact.pk, subject_id=email.pk, at=at))


def test_behaviour_is_what_had_happened_whenever_it_was_received(settings):
    settings.CONSENT_REQUIRED = []
    now, email = timezone.now(), SubjectFactory()
    ada = ContactFactory(created_at=now - timedelta(days=90))
    for days in (60, 30):
        opened(ada, email, now - timedelta(days=days))
    pipeline.drain()

    def when(**values):
        did = rule("email_opened", "did", subject=email.pk, **values)
        return [days for days in (70, 50, 20, 0) if past.matching(did, now - timedelta(days=days))]

    assert (when(), when(times=2), when(days=35)) == ([50, 20, 0], [20, 0], [50, 20, 0])
    assert (when(days=15), when(days=5)) == ([50, 20], [])
    assert past.matching(rule("email_opened", "did_not"), now - timedelta(days=70)) == {ada.pk}


def test_days_are_counted_from_that_day_in_the_time_zone_of_the_instance():
    made = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # 2 March in Paris
    ada = ContactFactory(created_at=made)
    fresh = rule("field", "last_days", 1, field="created_at")

    at = [made - timedelta(seconds=1), made, datetime(2026, 3, 3, 22, tzinfo=UTC), datetime(2026, 3, 3, 23, tzinfo=UTC)]
    assert [past.matching(fresh, moment) for moment in at] == [set(), {ada.pk}, {ada.pk}, set()]


def test_of_changes_noted_at_the_same_time_the_first_noted_counts(ada, passing):
    before, at, vip = timezone.now(), timezone.now() + timedelta(days=1), TagFactory()
    with noted_at(at):
        Contact.objects.filter(pk=ada.pk).update(country="DE")
        Contact.objects.filter(pk=ada.pk).update(country="IT")
        ada.tags.add(vip)
        ada.tags.remove(vip)
    passing()

    assert past.matching(country("FR"), before) == {ada.pk}
    assert past.matching(rule("tag", "is", vip.pk), before) == set()
    assert past.matching(country("IT"), at) == {ada.pk}  # what is noted at the instant itself has happened


@contextmanager
def noted_at(at):
    """Changes within are noted at this time, by the clock the database has for history."""
    set_config = "SELECT set_config('bareme.at', %s, false)"
    with connection.cursor() as cursor:
        cursor.execute(set_config, [at.isoformat()])
        yield
        cursor.execute(set_config, [""])


def test_of_some_contacts_alone(ada, passing):
    bob, carl = ContactFactory(country="FR"), ContactFactory(country="FR")
    one = passing()
    Contact.objects.update(country="DE")
    passing()

    assert past.matching(country("FR"), one, [ada.pk, carl.pk, carl.pk, 10**15]) == {ada.pk, carl.pk}
    assert past.matching(country("FR"), one, []) == set()
    with past.as_of(one, [bob.pk]):
        assert list(Contact.objects.values_list("pk", "country")) == [(bob.pk, "FR")]


def test_many_questions_about_one_instant(ada, passing):
    one = passing()
    ada.tags.add(TagFactory())
    Contact.objects.filter(pk=ada.pk).update(country="DE")
    passing()

    with past.as_of(one):
        assert list(conditions.matching(country("FR"))) == [ada]
        assert list(conditions.matching(rule("tag", "not_empty"))) == []
        assert Contact.objects.get().country == "FR"
        assert list(ada.tags.all()) == []
    assert Contact.objects.get().country == "DE"


def temporary_tables():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v')"
        )
        return [name for (name,) in cursor.fetchall()]


def search_path():
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        return cursor.fetchone()[0]


def test_nothing_is_left_behind_and_the_caller_goes_on(ada):
    before = search_path()
    with transaction.atomic():
        ada.tags.add(TagFactory())
        with past.as_of(timezone.now()):
            assert len(temporary_tables()) == 6
        assert (temporary_tables(), search_path()) == ([], before)
        ContactFactory()  # writing is possible again
    assert (Contact.objects.count(), ContactTag.objects.count()) == (2, 1)


@pytest.mark.django_db(transaction=True)
def test_without_a_transaction_around_it():
    ada = ContactFactory()

    assert past.matching({}, timezone.now()) == {ada.pk}
    assert temporary_tables() == []
    ContactFactory()
    assert Contact.objects.count() == 2


def test_an_error_within_leaves_nothing_behind(ada):
    with pytest.raises(ProgrammingError), past.as_of(timezone.now()), connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")

    assert temporary_tables() == []
    assert past.matching({}, timezone.now()) == {ada.pk}


def test_the_past_cannot_be_written_to(ada):
    tag = TagFactory()
    for write in (
        ada.save,
        ada.delete,
        lambda: Contact.objects.update(country="DE"),
        lambda: ada.tags.add(tag),
        lambda: Event.objects.create(kind=Kind.CUSTOM, at=timezone.now()),
        lambda: tag.save(),
        lambda: TagFactory(),
    ):
        with pytest.raises(past.ReadOnlyPast), past.as_of(timezone.now()):
            write()
    # Behind the ORM's back, the database says so.
    for statement in (
        "TRUNCATE contacts_tag",
        "SELECT * FROM contacts_tag FOR UPDATE",
        "SELECT nextval('contacts_tag_id_seq')",
    ):
        with pytest.raises(InternalError, match="read-only"), past.as_of(timezone.now()), connection.cursor() as cursor:
            cursor.execute(statement)

    ada.refresh_from_db()
    assert (ada.country, ada.tags.count(), Change.objects.exclude(kind="created").count()) == ("FR", 0, 0)


def test_one_past_at_a_time(ada):
    with past.as_of(timezone.now()):
        with pytest.raises(RuntimeError, match="one instant"):
            past.matching({}, timezone.now())
        assert Contact.objects.count() == 1
    assert past.matching({}, timezone.now()) == {ada.pk}


def test_an_instant_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        past.matching({}, datetime(2026, 1, 1))


def test_real_tables_are_left_alone_where_temporary_ones_come_last(ada):
    """Some operators say so: `search_path = public, pg_temp`."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = public, pg_temp")
    one = timezone.now()
    Contact.objects.filter(pk=ada.pk).update(country="DE")

    assert past.matching(country("FR"), one) == {ada.pk}
    assert search_path() == "public, pg_temp"


def test_prepared_statements_see_the_past(ada):
    one = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("PREPARE countries AS SELECT country FROM contacts_contact")
        cursor.execute("EXECUTE countries")
        Contact.objects.filter(pk=ada.pk).update(country="DE")
        with past.as_of(one):
            cursor.execute("EXECUTE countries")
            assert cursor.fetchall() == [("FR",)]
        cursor.execute("EXECUTE countries")
        assert cursor.fetchall() == [("DE",)]
        cursor.execute("DEALLOCATE countries")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_past_stays_what_it_was_while_the_present_moves_on():
    """Changes are made and become events between the statements that rewind; none is missed, none found twice."""
    ada, vip, dinner = ContactFactory(country="FR"), TagFactory(), SegmentFactory()
    ada.tags.add(vip)
    then, over = timezone.now(), threading.Event()

    def live():
        try:
            while not over.is_set():
                Contact.objects.filter(pk=ada.pk).update(country="DE")
                ada.tags.remove(vip)
                segments.add(dinner, [ada.pk])
                pipeline.advance()
                Contact.objects.filter(pk=ada.pk).update(country="FR")
                ada.tags.add(vip)
                segments.remove(dinner, [ada.pk])
                pipeline.advance()
        finally:
            connection.close()

    was = {"all": [country("FR"), rule("tag", "is", vip.pk), rule("segment", "is_not", dinner.pk)]}
    with ThreadPoolExecutor(1) as pool:
        living = pool.submit(live)
        found = [past.matching(was, then) for _ in range(150)]
        over.set()
        living.result()

    assert found == [{ada.pk}] * 150
    assert Event.objects.filter(kind=Kind.TAG_REMOVED).count() > 10


# --- any history ------------------------------------------------------------------------------------------------------

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
