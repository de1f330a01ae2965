import pytest
from django.core.management import CommandError, call_command

from contacts import segments
from contacts.conditions import BadConditions
from contacts.models import Change, Contact, Membership
from tests.factories import ContactFactory, SegmentFactory, TagFactory

pytestmark = pytest.mark.django_db
Reason = Membership.Reason
FRENCH = {"filter": "field", "field": "country", "op": "is", "value": "FR"}


def members(segment):
    rows = Membership.objects.filter(segment=segment).order_by("contact__email")
    return list(rows.values_list("contact__email", "is_member", "reason"))


def changes():
    found = list(Change.objects.exclude(kind="created").order_by("id").values_list("kind", "contact_id", "held"))
    Change.objects.all().delete()
    return found


@pytest.fixture
def french(db):
    return SegmentFactory(name="French", conditions=FRENCH)


@pytest.fixture
def anne(db):
    return ContactFactory(email="anne@example.com", country="FR")


@pytest.fixture
def bob(db):
    return ContactFactory(email="bob@example.com", country="GB")


def test_rebuild_lets_in_who_matches_and_lets_go_who_no_longer_does(french, anne, bob):
    first = segments.rebuild(french)
    assert (first.entered, first.left) == (1, 0)
    assert members(french) == [("anne@example.com", True, "rule")]

    Contact.objects.filter(pk=anne.pk).update(country="DE")
    Contact.objects.filter(pk=bob.pk).update(country="FR")
    second = segments.rebuild(french)
    assert (second.entered, second.left) == (1, 1)
    assert members(french) == [("bob@example.com", True, "rule")]


def test_rebuild_repeated_changes_and_notes_nothing(french, anne):
    segments.rebuild(french)
    changes()

    done = segments.rebuild(french)

    assert (done.entered, done.left) == (0, 0)
    assert changes() == []


def test_entering_and_leaving_are_noted_by_the_database(french, anne):
    changes()
    segments.rebuild(french)
    assert changes() == [("entered", anne.pk, False)]

    Contact.objects.filter(pk=anne.pk).update(country="DE")
    changes()
    segments.rebuild(french)
    assert changes() == [("left", anne.pk, False)]


@pytest.mark.parametrize("reason", Membership.DECIDED)
def test_what_was_decided_survives_rebuilds_in_both_directions(french, anne, bob, reason):
    segments.add(french, [bob.pk], reason)
    segments.remove(french, [anne.pk], reason)

    done = segments.rebuild(french)

    assert (done.entered, done.left) == (0, 0)
    assert members(french) == [("anne@example.com", False, reason), ("bob@example.com", True, reason)]


def test_rebuild_records_when_and_how_long(french):
    segments.rebuild(french)

    french.refresh_from_db()
    assert french.rebuilt_at is not None
    assert french.rebuild_ms is not None


def test_rebuild_of_a_fixed_segment_changes_nothing(anne):
    fixed = SegmentFactory()
    segments.add(fixed, [anne.pk])

    assert segments.rebuild(fixed) == segments.Rebuilt(0, 0, 0)
    assert members(fixed) == [("anne@example.com", True, "manual")]


def test_rebuild_leaves_merged_contacts_out(french, anne, bob):
    Contact.objects.filter(pk=anne.pk).update(merged_into=bob)

    segments.rebuild(french)

    assert members(french) == []


def test_rebuild_is_two_statements_and_a_note_of_the_time(french, anne, django_assert_num_queries):
    with django_assert_num_queries(7):  # savepoint, lock, who moves, move them, forget who, time, release
        segments.rebuild(french)


def test_update_looks_at_the_given_contacts_only(french, anne, bob):
    other = ContactFactory(country="FR")
    segments.rebuild(french)
    Contact.objects.update(country="ES")
    Contact.objects.filter(pk=bob.pk).update(country="FR")

    assert segments.update([anne.pk, bob.pk]) == (1, 1)

    assert sorted(email for email, *_ in members(french)) == sorted(["bob@example.com", other.email])


def test_update_of_nobody_asks_nothing(french, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert segments.update([]) == (0, 0)


def test_update_evaluates_independent_segments_in_one_statement(french, anne, django_assert_num_queries):
    SegmentFactory(conditions={"not": FRENCH})
    SegmentFactory(conditions={"filter": "field", "field": "city", "op": "empty"})

    with django_assert_num_queries(2):
        assert segments.update([anne.pk]) == (2, 0)


def test_update_leaves_out_what_asks_about_own_data_alone_where_none_has_changed(
    french, anne, django_assert_num_queries
):
    unscored = SegmentFactory(name="A", conditions={"filter": "score", "group": "overall", "op": "below", "value": 1})
    outer = SegmentFactory(name="B", conditions={"filter": "segment", "op": "is", "value": unscored.pk})

    with django_assert_num_queries(5):  # the segments, how scores are read (2), and one statement for each level
        assert segments.update([anne.pk], own_data=False) == (2, 0)

    assert [len(members(segment)) for segment in (french, unscored, outer)] == [0, 1, 1]
    assert segments.update([anne.pk]) == (1, 0)


def test_segments_that_ask_about_segments_follow_in_the_same_run(french, anne):
    among = SegmentFactory(name="A", conditions={"filter": "segment", "op": "is", "value": french.pk})
    outer = SegmentFactory(name="B", conditions={"all": [{"filter": "segment", "op": "one_of", "value": [among.pk]}]})

    assert segments.update([anne.pk]) == (3, 0)
    assert members(outer) == [("anne@example.com", True, "rule")]

    Contact.objects.update(country="DE")
    segments.rebuild_with_dependents(french)
    assert [members(segment) for segment in (french, among, outer)] == [[], [], []]


def test_rebuild_all_takes_segments_in_the_order_of_their_dependence(anne):
    first = SegmentFactory(conditions={"filter": "tag", "op": "empty"})
    second = SegmentFactory(conditions=FRENCH)
    first.conditions = {"filter": "segment", "op": "is", "value": second.pk}
    first.save()

    done = segments.rebuild_all()

    assert list(done) == [second.pk, first.pk]
    assert [row.entered for row in done.values()] == [1, 1]


def test_what_was_not_reached_in_time_comes_first_in_the_next_run(french):
    other = SegmentFactory(conditions=FRENCH)
    segments.rebuild(french)

    assert segments.rebuild_all(seconds=-1) == {}
    assert list(segments.rebuild_all()) == [other.pk, french.pk]


def test_a_circle_of_segments_is_refused_with_its_path(french):
    other = SegmentFactory(name="Other", conditions={"not": {"filter": "segment", "op": "is", "value": french.pk}})
    french.conditions = {"filter": "segment", "op": "is", "value": other.pk}

    with pytest.raises(BadConditions, match="A segment cannot depend on itself: French → Other → French."):
        segments.check(french)


def test_a_segment_of_those_in_no_segment_is_refused(french):
    french.conditions = {"filter": "segment", "op": "empty"}

    with pytest.raises(BadConditions, match="Name the segments"):
        segments.check(french)


def test_a_circle_that_came_another_way_is_rebuilt_all_the_same(french, anne):
    other = SegmentFactory(conditions={"filter": "segment", "op": "is", "value": french.pk})
    french.conditions = {"any": [FRENCH, {"filter": "segment", "op": "is", "value": other.pk}]}
    french.save()

    assert {row.entered for row in segments.rebuild_all().values()} == {1}


def test_a_retired_filter_lets_nobody_in_and_others_go_on(french, anne):
    retired = SegmentFactory(conditions={"filter": "horoscope", "op": "is", "value": "Leo"})
    opposite = SegmentFactory(conditions={"not": {"filter": "horoscope", "op": "is", "value": "Leo"}})

    assert segments.update([anne.pk]) == (1, 0)
    assert (members(retired), members(opposite)) == ([], [])


def test_add_is_idempotent_and_counts_who_was_not_in(french, anne, bob):
    segments.rebuild(french)

    assert segments.add(french, [anne.pk, bob.pk], Reason.TRIGGER, "Hot") == 1
    assert segments.add(french, [anne.pk, bob.pk], Reason.CAMPAIGN, "Again") == 0

    assert members(french) == [("anne@example.com", True, "trigger"), ("bob@example.com", True, "trigger")]


def test_add_keeps_since_of_who_was_in_by_rule(french, anne):
    segments.rebuild(french)
    since = Membership.objects.get().since

    segments.add(french, [anne.pk])

    assert Membership.objects.get().since == since


def test_remove_is_idempotent_and_counts_who_was_in(french, anne, bob):
    segments.rebuild(french)

    assert segments.remove(french, [anne.pk, bob.pk], note="asked") == 1
    assert segments.remove(french, [anne.pk, bob.pk]) == 0

    assert members(french) == [("anne@example.com", False, "manual"), ("bob@example.com", False, "manual")]


def test_remove_from_a_fixed_segment_bars_nobody_who_was_not_in(anne, bob):
    fixed = SegmentFactory()
    segments.add(fixed, Contact.objects.filter(pk=anne.pk))

    assert segments.remove(fixed, Contact.objects.all()) == 1
    assert members(fixed) == [("anne@example.com", False, "manual")]


def test_undecide_lets_the_conditions_decide_again(french, anne, bob):
    segments.remove(french, [anne.pk])
    segments.add(french, [bob.pk])

    segments.undecide(french, [anne.pk, bob.pk])

    assert members(french) == [("anne@example.com", True, "rule")]


def test_the_command_rebuilds_the_named_and_refuses_the_unknown(french, anne, capsys):
    call_command("rebuild_segments", "French")

    assert capsys.readouterr().out.startswith("French: 1 entered, 0 left (")
    with pytest.raises(CommandError, match="There is no dynamic segment named Nobody"):
        call_command("rebuild_segments", "Nobody")


def test_tags_make_contacts_enter(anne):
    tag = TagFactory()
    tagged = SegmentFactory(conditions={"filter": "tag", "op": "is", "value": tag.pk})

    anne.tags.add(tag)

    assert segments.update([anne.pk]) == (1, 0)
    assert members(tagged) == [("anne@example.com", True, "rule")]
