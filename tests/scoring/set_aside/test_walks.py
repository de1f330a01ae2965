"""A walk goes on and ends without the one who breaks it; trying again makes their scores anew."""

import pytest

from campaigns.models import Firing
from config import pipeline
from scoring import publications, sweeps, terms
from scoring.models import Publication, Repeat, Sweep
from tests.factories import ContactFactory, TriggerFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.set_aside.conftest import AT, Work, aside, nothing_is_wrong, publish_for_the_past, try_again
from tracking.models import Hit

pytestmark = pytest.mark.django_db


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
