"""The score on the contact page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from config import pipeline
from scoring import ledger, panels, terms
from scoring.models import Repeat
from tests.factories import ContactFactory, TriggerFactory, UserFactory
from tests.scoring.conftest import download, subject
from tests.scoring.posting import queries

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def test_it_shows_what_counts_what_almost_did_and_what_will_be(marketer, publish, engagement):
    terms.publish(engagement, {"half_life_days": 30})
    publish(40, repeat=Repeat.ONCE_PER_OBJECT, cap_amount=2)
    TriggerFactory(name="Newsletter", group=engagement, threshold=50)
    ada = ContactFactory()
    for number in range(3):
        download(ada, subject(f"guide {number}"), NOW + timedelta(minutes=number - 60))
    pipeline.drain()
    shown = marketer.get(ada.get_absolute_url()).content.decode()

    assert "Engagement will fall below 50 – trigger “Newsletter” – on Feb. 16, 2026 if nothing happens." in shown
    assert shown.count('class="is-void"') == 1
    assert 'data-missed="cap"' in shown
    assert "Points fade: after 30 days half is left." in shown
    assert '<div class="bareme-number" data-score="Engagement">80</div>' in shown
    assert "data-steady" not in shown


def test_it_says_so_when_nothing_will_change(marketer, publish, engagement):
    publish(40)
    ada, new = ContactFactory(), ContactFactory()
    download(ada, subject("guide"), NOW)
    pipeline.drain()

    assert "these scores will be the same in 90 days" in marketer.get(ada.get_absolute_url()).content.decode()
    assert "data-steady" not in marketer.get(new.get_absolute_url()).content.decode()


def test_it_takes_as_many_queries_for_many_lines_as_for_few(marketer, publish, engagement):
    terms.publish(engagement, {"half_life_days": 30})
    publish(5, repeat=Repeat.ONCE_PER_OBJECT, expires_after_days=90)
    publish(5, active_until=NOW - timedelta(days=90))
    TriggerFactory(name="Newsletter", group=engagement, threshold=7)
    ada, counts = ContactFactory(), []
    for number in (1, 2, 3):
        guide = subject(f"guide {number}")
        download(ada, guide, NOW - timedelta(days=number))
        download(ada, guide, NOW - timedelta(days=number))
        ledger.adjust(ada.pk, engagement.pk, 1, note="x", author=UserFactory())
        pipeline.drain()
        counts.append(queries(lambda: marketer.get(ada.get_absolute_url())))

    assert len(set(counts)) == 1, counts


def test_what_is_older_than_the_newest_lines_is_summed_up(marketer, publish, monkeypatch):
    monkeypatch.setattr(panels, "NEWEST", 2)
    publish(500, repeat=Repeat.ONCE_PER_OBJECT)
    ada = ContactFactory()
    for number in range(5):
        download(ada, subject(f"guide {number}"), NOW - timedelta(days=number))
    pipeline.drain()
    shown = marketer.get(ada.get_absolute_url()).content.decode()

    assert [f"guide {number}<div" in shown for number in range(5)] == [True, True, False, False, False]
    assert "3 older lines" in shown
