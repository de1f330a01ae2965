"""What several web processes saw of one outage is one outage."""

from datetime import UTC, datetime, timedelta

import pytest

from tracking.models import Outage, OutageShare

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def share(began, ended, kept=1, lost=0):
    """What a process kept, from second `began` after noon to second `ended`."""
    at = {"began_at": NOON + timedelta(seconds=began), "ended_at": NOON + timedelta(seconds=ended)}
    return OutageShare.objects.create(key=str(OutageShare.objects.count()), kept=kept, lost=lost, **at)


def outages():
    """Each outage, oldest first: from, until, kept, lost and how many processes saw it."""
    return [
        (
            (outage.began_at - NOON).total_seconds(),
            (outage.ended_at - NOON).total_seconds(),
            outage.kept,
            outage.lost,
            outage.shares.count(),
        )
        for outage in Outage.objects.order_by("began_at")
    ]


def test_without_a_share_there_was_no_outage():
    assert outages() == []


def test_what_processes_saw_at_the_same_time_is_one_outage_with_its_sums():
    share(0, 12, kept=40)
    share(3, 15, kept=20, lost=7)
    share(4, 9, kept=1)

    assert outages() == [(0, 15, 61, 7, 3)]


def test_a_pause_of_five_seconds_is_still_the_same_outage_and_a_longer_one_is_not():
    share(0, 5)
    share(10, 15)
    share(20.5, 21)

    assert outages() == [(0, 15, 2, 0, 2), (20.5, 21, 1, 0, 1)]


def test_a_long_share_holds_together_short_ones_that_are_far_apart():
    share(0, 600, kept=300)
    share(1, 2)
    share(400, 401)

    assert outages() == [(0, 600, 302, 0, 3)]


def test_a_process_that_brings_its_hits_in_hours_later_belongs_to_the_outage_it_saw():
    first = share(0, 5, kept=10)
    later = share(7200, 7205, kept=20)
    assert [outage.pk for outage in Outage.objects.order_by("began_at")] == [first.pk, later.pk]

    share(2, 9, kept=5, lost=3)  # came after the outage of two hours later

    assert outages() == [(0, 9, 15, 3, 2), (7200, 7205, 20, 0, 1)]
    assert [outage.pk for outage in Outage.objects.order_by("began_at")] == [first.pk, later.pk]


def test_a_late_process_that_saw_it_begin_leaves_the_address_of_the_outage_as_it_is():
    known = share(5, 9)
    share(0, 6)

    assert [(outage.pk, outage.began_at) for outage in Outage.objects.all()] == [(known.pk, NOON)]


def test_a_late_process_makes_one_outage_of_two():
    share(0, 5, kept=10)
    share(60, 70, kept=20, lost=2)
    assert len(outages()) == 2

    share(4, 55, kept=5)

    assert outages() == [(0, 70, 35, 2, 3)]


def test_hits_that_were_only_lost_are_an_outage_without_length():
    """Where not even a file could be begun, and the clock of the disk is a little behind."""
    share(3, 3, kept=0, lost=12)
    share(60, 59.99, kept=1)

    assert outages() == [(3, 3, 0, 12, 1), (60, 60, 1, 0, 1)]
    assert [outage.length for outage in Outage.objects.all()] == [timedelta(0), timedelta(0)]


def test_the_shares_of_an_outage_come_in_the_order_in_which_it_was_noticed():
    third, first, second = share(4, 9), share(0, 8), share(2, 3)
    share(100, 101)

    assert list(Outage.objects.get(ended_at=NOON + timedelta(seconds=9)).shares) == [first, second, third]
