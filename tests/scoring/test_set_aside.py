"""One bad contact stops nobody: what the database refuses for Bob is set aside, and everybody else goes on."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import OperationalError, transaction
from django.urls import reverse

from campaigns.models import Firing
from config import pipeline
from contacts import sql as contact_sql
from contacts.models import Change, Contact
from scoring import ledger, previews, publications, set_aside, sql, sweeps, terms
from scoring.models import Adjustment, ContactScore, Forecast, PointEntry, Publication, Repeat, SetAside, Sweep
from scoring.publishing.actions import state_of
from tests.factories import ContactFactory, SegmentFactory, TriggerFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tracking.models import Hit, Subject

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
Scope = Publication.Scope
Work = SetAside.Work

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.contact_id = {contact} AND {when} THEN
    RAISE EXCEPTION 'numeric field overflow for contact {contact}' USING ERRCODE = '{code}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def cleo():
    return ContactFactory(email="cleo@example.com")


@pytest.fixture
def refuse(db):
    """refuse(contact, table): the database takes no more rows of this contact in that table, until refuse.no_more()."""
    refused = []

    def refuse(contact, table="scoring_contactscore", when="true", code="22003", at_once=False):
        if not at_once:
            pipeline.drain()  # that the contact was created
        contact_sql.execute("SET CONSTRAINTS ALL IMMEDIATE")
        contact_sql.execute(REFUSE.format(contact=contact.pk, table=table, when=when, code=code))
        refused.append(table)

    def no_more():
        contact_sql.execute(f"DROP TRIGGER refuse ON {refused.pop()}; DROP FUNCTION refuse()")

    refuse.no_more = no_more
    return refuse


def aside():
    return [(row.work, row.contact_id, row.ref_id) for row in SetAside.objects.order_by("id")]


def try_again():
    count = sweeps.try_again(SetAside.objects.all())
    pipeline.drain()
    return count


def nothing_is_wrong():
    return sql.differences() == [] and not SetAside.objects.exists() and not Sweep.objects.filter(finished_at=None)


# --- the one idea -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [[], [0], [6], [3, 4], list(range(7))])
def test_whoever_breaks_a_batch_is_put_aside_and_all_others_are_done_once(bad):
    done, put = [], []

    def work(ids):
        with transaction.atomic():
            if wrong := [pk for pk in ids if pk in bad]:
                raise ValueError(f"no {wrong[0]}")
        done.extend(ids)
        return len(ids)

    assert set_aside.each(range(7), work, lambda pk, error: put.append((pk, error.splitlines()[-1]))) == 7
    assert done == [pk for pk in range(7) if pk not in bad]
    assert put == [(pk, f"ValueError: no {pk}") for pk in bad]


def test_trouble_of_the_database_is_nobodys_fault(ada, bob, engagement, refuse):
    refuse(ada, code="55P03")  # a lock that is not available
    ledger.adjust(ada.pk, engagement.pk, 5, note="x")

    with pytest.raises(OperationalError):
        pipeline.advance()
    assert (aside(), ledger.waiting_adjustments(9)) == ([], [Adjustment.objects.get().pk])

    refuse.no_more()
    pipeline.drain()
    assert score(ada) == 5


# --- adjustments and changes --------------------------------------------------------------------------------------------


def test_an_adjustment_that_cannot_be_stored_keeps_no_other_from_the_scores(ada, bob, cleo, engagement, refuse):
    refuse(bob)
    for contact in (ada, bob, cleo):
        ledger.adjust(contact.pk, engagement.pk, 5, note="fair")
    pipeline.drain()

    wrong = Adjustment.objects.get(contact=bob)
    assert [score(contact) for contact in (ada, bob, cleo)] == [5, 0, 5]
    assert aside() == [(Work.ADJUSTMENT, bob.pk, wrong.pk)]
    assert SetAside.objects.get().problem == f"numeric field overflow for contact {bob.pk}"
    assert wrong.applied_at is None

    refuse.no_more()
    pipeline.drain()
    assert score(bob) == 0  # nobody has tried it again
    assert try_again() == 1
    assert (score(bob), nothing_is_wrong()) == (5, True)


def test_an_adjustment_that_fails_again_is_set_aside_with_its_latest_error(bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    [first] = SetAside.objects.all()

    try_again()

    [second] = SetAside.objects.all()
    assert (second.ref_id, second.at > first.at) == (first.ref_id, True)


@pytest.mark.parametrize("held", [False, True])
def test_a_change_that_cannot_be_scored_keeps_no_other_waiting(ada, bob, cleo, publish, refuse, held):
    french = {"conditions": {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}}
    publish(20, source="profile_matches", params=french)
    pipeline.drain()
    refuse(bob)
    Contact.objects.filter(pk__in=[ada.pk, bob.pk, cleo.pk]).update(country="FR")
    Change.objects.update(held=held)
    pipeline.drain()

    [left] = Change.objects.all()
    assert [score(contact) for contact in (ada, bob, cleo)] == [20, 0, 20]
    assert aside() == [(Work.CHANGE, bob.pk, left.pk)]

    refuse.no_more()
    assert try_again() == 1
    assert (score(bob), nothing_is_wrong(), Change.objects.count()) == (20, True, 0)


def test_what_is_set_aside_of_a_contact_who_is_deleted_goes_with_them(bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    refuse.no_more()

    bob.delete()
    pipeline.drain()
    assert nothing_is_wrong()


# --- walks --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def action(publish, ada, bob, cleo):
    """5 points for each guide, downloaded three times by everybody."""
    made = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    about = subject("guide")
    for contact in (ada, bob, cleo):
        for days in range(3):
            download(contact, about, AT + timedelta(days=days))
    pipeline.drain()
    return made


def publish_for_the_past(action, **changes):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | changes)
    publications.publish(draft, Scope.PAST)
    action.refresh_from_db()
    draft.refresh_from_db()
    return draft


@pytest.fixture
def left_out(action, bob, refuse):
    """Every download counts now, for the past too; only Bob's new score cannot be stored."""
    refuse(bob, when="NEW.score = 15")
    publication = publish_for_the_past(action, repeat=Repeat.ALWAYS)
    pipeline.drain()
    return publication


def test_a_walk_goes_on_and_ends_without_the_one_who_breaks_it(left_out, ada, bob, cleo):
    [sweep] = Sweep.objects.all()
    assert sweep.finished_at is not None
    assert (sweep.seen, sweep.total) == (3, 3)
    assert [score(contact) for contact in (ada, bob, cleo)] == [15, 5, 15]
    assert aside() == [(Work.SWEEP, bob.pk, sweep.pk)]
    assert [row.contact for row in publications.without(left_out)] == [bob]


def test_who_was_left_out_goes_on_being_scored(left_out, bob):
    download(bob, subject("another guide"), AT)
    pipeline.drain()

    assert (score(bob), Hit.objects.count(), len(aside())) == (10, 0, 1)


def test_trying_again_makes_the_scores_of_who_was_left_out_anew(left_out, bob, refuse):
    trigger = TriggerFactory(threshold=12)
    refuse.no_more()

    assert try_again() == 1
    assert (score(bob), nothing_is_wrong()) == (15, True)
    assert list(Firing.objects.values_list("contact", "state", "publication")) == [(bob.pk, "held", left_out.pk)]
    assert trigger.firings.count() == 1


def test_trying_again_in_vain_leaves_out_again(left_out, bob):
    [first] = publications.without(left_out)
    assert try_again() == 1

    [second] = publications.without(left_out)
    assert (second.contact, second.ref_id > first.ref_id, len(aside())) == (bob, True, 1)
    assert not Sweep.objects.filter(finished_at=None).exists()


@pytest.mark.parametrize("then", ["new terms", "rollback", "another rule", "repair"])
def test_whatever_is_owed_next_makes_the_scores_of_who_was_left_out_anew(
    left_out, action, ada, bob, engagement, refuse, then
):
    refuse.no_more()
    expected = 15
    match then:
        case "new terms":
            terms.publish(engagement, {"weight": 2})
            expected = 30
        case "rollback":
            publications.rollback(Publication.objects.get(pk=left_out.pk))
            expected = 5
        case "another rule":
            publish_for_the_past(action, points=7)
            expected = 21
        case "repair":
            sweeps.owe_repair([bob.pk])
    pipeline.drain()

    assert (score(ada), score(bob), nothing_is_wrong()) == (expected, expected, True)


def test_a_hit_that_comes_before_the_walk_is_counted_though_the_walk_cannot_be_carried_out(action, ada, bob, refuse):
    refuse(bob, when="NEW.score = 15")
    publish_for_the_past(action, repeat=Repeat.ALWAYS)
    for contact in (ada, bob):
        download(contact, subject(f"for {contact.email}"), AT)
    pipeline._take_hits(pipeline.inbox.waiting(10))

    assert (Hit.objects.count(), score(ada), score(bob)) == (0, 20, 10)
    assert [(work, contact) for work, contact, _ in aside()] == [(Work.SWEEP, bob.pk)]
    pipeline.drain()
    refuse.no_more()
    try_again()
    assert (score(bob), nothing_is_wrong()) == (20, True)


def test_a_contact_whose_row_cannot_even_be_locked_does_not_stop_the_walk(action, ada, cleo, engagement, refuse):
    dora = ContactFactory()
    refuse(dora, at_once=True)  # without any score yet
    terms.publish(engagement, {"weight": 2})
    pipeline.drain()

    assert (score(ada), score(cleo), score(dora)) == (10, 10, None)
    assert [(work, contact) for work, contact, _ in aside()][-1] == (Work.SWEEP, dora.pk)
    assert not Sweep.objects.filter(finished_at=None).exists()


# --- days ---------------------------------------------------------------------------------------------------------------


def test_points_expire_for_all_others(ada, bob, cleo, publish, refuse):
    with time_machine.travel(AT, tick=False) as clock:
        publish(5, expires_after_days=10)
        for contact in (ada, bob, cleo):
            download(contact, Subject.objects.filter(key="guide").first() or subject("guide"), AT)
        pipeline.drain()
        refuse(bob, "scoring_pointentry", when="NEW.is_expired")
        clock.shift(timedelta(days=11))
        pipeline.drain()

        assert [score(contact) for contact in (ada, bob, cleo)] == [0, 5, 0]
        assert aside() == [(Work.EXPIRY, bob.pk, bob.pk)]

        refuse.no_more()
        assert try_again() == 1
        assert (score(bob), nothing_is_wrong()) == (0, True)


def test_a_day_turns_though_one_firing_cannot_be_written(ada, bob, cleo, publish, engagement, refuse):
    with time_machine.travel(AT, tick=False) as clock:
        terms.publish(engagement, {"half_life_days": 10})
        publish(20)
        for contact in (ada, bob, cleo):
            download(contact, Subject.objects.filter(key="guide").first() or subject("guide"), AT)
        pipeline.drain()
        TriggerFactory(name="Cold", group=engagement, direction="falling", threshold=15)
        refuse(bob, "campaigns_firing")
        clock.shift(timedelta(days=10))
        ContactScore.objects.update(updated_at=AT)  # the clock of the database is not ours
        pipeline.drain()

        assert list(Firing.objects.order_by("contact").values_list("contact", "state")) == [
            (ada.pk, "fired"),
            (cleo.pk, "fired"),
        ]
        assert aside() == [(Work.FADING, bob.pk, bob.pk)]
        refuse.no_more()
        assert try_again() == 1
        assert nothing_is_wrong()


# --- the preview --------------------------------------------------------------------------------------------------------


def test_a_preview_is_made_without_the_one_who_breaks_it(action, ada, bob, cleo, refuse):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
    refuse(bob, "scoring_forecast")
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    draft.refresh_from_db()

    assert (draft.forecast_done_at is None, draft.forecast_seen) == (False, 3)
    expected = {(contact.pk, Decimal(7)) for contact in (ada, cleo)}
    assert set(Forecast.objects.filter(group=None).values_list("contact", "after")) == expected
    assert [(row.contact, row.ref_id) for row in publications.without(draft)] == [(bob, draft.pk)]

    refuse.no_more()
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    assert (Forecast.objects.filter(group=None).count(), aside()) == (3, [])


def test_whom_the_preview_left_out_is_forgotten_when_the_draft_is_published(action, bob, refuse):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
    refuse(bob, "scoring_forecast")
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass
    assert len(aside()) == 1

    publications.publish(draft, Scope.PAST)
    assert aside() == []


# --- where people look --------------------------------------------------------------------------------------------------


def page(name, *args):
    return reverse(f"admin:{name}", args=args)


def test_the_page_of_the_publication_says_who_was_left_out_and_why(marketer, left_out, bob):
    shown = marketer.get(page("scoring_publication_change", left_out.pk)).text

    assert "1 contact could not be computed" in shown
    assert "bob@example.com" in shown
    assert "overflow" in shown
    assert f"{page('scoring_setaside_changelist')}?work__exact=sweep" in shown


def test_the_preview_says_whom_it_leaves_out(marketer, action, bob, refuse):
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | {"points": 7})
    refuse(bob, "scoring_forecast")
    previews.request(draft, Scope.PAST)
    while previews.step():
        pass

    for address in (page("scoring_publication_change", draft.pk), page("scoring_publication_publish", draft.pk)):
        shown = marketer.get(f"{address}?scope=past").text
        assert "The preview leaves them out" in shown
        assert "bob@example.com" in shown


def test_the_list_of_adjustments_says_which_is_set_aside(marketer, ada, bob, engagement, refuse):
    refuse(bob)
    for contact in (ada, bob):
        ledger.adjust(contact.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    ledger.adjust(ada.pk, engagement.pk, 5, note="fair")

    listed = marketer.get(page("scoring_adjustment_changelist")).text
    assert [listed.count(text) for text in ("In the score", "On its way", "Set aside: see why")] == [1, 1, 1]
    assert page("scoring_setaside_change", SetAside.objects.get().pk) in listed
    only = marketer.get(page("scoring_adjustment_changelist"), {"aside": "yes"}).text
    assert ("bob@example.com" in only, "ada@example.com" in only) == (True, False)


def test_what_is_set_aside_is_listed_with_its_error_and_tried_again(marketer, bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    row = SetAside.objects.get()

    assert "An adjustment" in marketer.get(page("scoring_setaside_changelist")).text
    shown = marketer.get(page("scoring_setaside_change", row.pk)).text
    assert "its points are not in the score yet" in shown
    assert "numeric field overflow" in shown
    assert "Work set aside with an error" in marketer.get(page("index")).text

    refuse.no_more()
    data = {"action": "try_again", "_selected_action": [row.pk]}
    answer = marketer.post(page("scoring_setaside_changelist"), data, follow=True)
    assert "1 will be tried again." in answer.text
    pipeline.drain()
    assert (score(bob), nothing_is_wrong()) == (5, True)


def test_looking_is_not_permission_to_try_again(client, bob, engagement, refuse):
    refuse(bob)
    ledger.adjust(bob.pk, engagement.pk, 5, note="fair")
    pipeline.drain()
    user = UserFactory()
    user.user_permissions.add(*permissions("view_setaside"))
    client.force_login(user)

    assert client.get(page("scoring_setaside_changelist")).status_code == 200
    data = {"action": "try_again", "_selected_action": [SetAside.objects.get().pk]}
    client.post(page("scoring_setaside_changelist"), data)
    assert len(aside()) == 1


def permissions(*names):
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


def test_bulk_work_that_lets_somebody_into_a_segment_goes_on_without_who_cannot_come_in(ada, bob, publish, refuse):
    """The walk's own consequences are part of it: here the membership is what cannot be stored."""
    publish(20)
    about = subject("guide")
    segment = SegmentFactory(
        conditions={"all": [{"filter": "score", "group": "overall", "op": "at_least", "value": 10}]}
    )
    refuse(bob, "contacts_membership")
    for contact in (ada, bob):
        download(contact, about, AT)
    pipeline.drain()

    assert [member.contact_id for member in segment.memberships.all()] == [ada.pk]
    assert (Hit.objects.filter(parked_at__isnull=False).count(), PointEntry.objects.count()) == (1, 1)
