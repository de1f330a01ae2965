"""The time machine: a contact's score at any instant under any rules, what makes the difference, and the curve."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.utils import translation

from campaigns.models import Firing
from config import pipeline
from scoring import ledger, publications, rules, terms
from scoring.models import Publication, Repeat
from tests.factories import ContactFactory, TriggerFactory, UserFactory
from tests.scoring.conftest import download, subject
from tests.scoring.posting import queries

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def now():
    with translation.override("en"), time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def ada(publish, now):
    ada = ContactFactory(first_name="Ada", last_name="Lovelace", created_at=NOW - timedelta(days=90))
    ada.rule = publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    for days in (40, 10, 3):
        download(ada, subject(f"guide {days}"), NOW - timedelta(days=days))
    pipeline.drain()
    return ada


def address(contact):
    return f"/admin/scoring/contactscore/{contact.pk}/time-machine/"


def shown(client, contact, **asked):
    found = client.get(address(contact), asked)
    assert found.status_code == 200
    context = found.context
    return (
        float(context["difference"].before.overall),
        float(context["difference"].after.overall),
        float(context["statement"].overall),
    )


def test_now_is_compared_with_a_month_ago_and_the_past_with_now(marketer, ada):
    assert shown(marketer, ada) == (5, 15, 15)
    assert shown(marketer, ada, at="2026-01-20 12:00") == (10, 15, 10)
    assert shown(marketer, ada, **{"at": "2026-01-20 12:00", "with": "2026-01-10"}) == (5, 10, 10)
    assert shown(marketer, ada, **{"at": "2026-01-10", "with": "2026-01-20"}) == (5, 10, 5)


def test_what_publications_changed_and_what_the_draft_would(marketer, ada, now):
    now.shift(timedelta(hours=1))
    edited = publications.open_draft()
    state = publications.publishables["point_action"].state(ada.rule.pk)
    publications.add(edited, "point_action", ada.rule.pk, {**state, "points": 8})
    page = marketer.get(address(ada)).content.decode()
    assert "Draft beside today’s rules" in page

    assert shown(marketer, ada, **{"rules": "draft", "with": "now", "with_rules": "today"}) == (15, 24, 24)
    publications.publish(edited, Publication.Scope.PAST)
    pipeline.drain()
    now.shift(timedelta(hours=1))
    assert f"before “{ada.rule.name}” (" in marketer.get(address(ada)).content.decode()
    around = {"rules": f"after-{edited.pk}", "with_rules": f"before-{edited.pk}", "with": "now"}
    assert shown(marketer, ada, **around) == (15, 24, 24)
    assert shown(marketer, ada, at="2026-01-26 13:30", rules="today") == (15 + 9, 24, 24)
    assert shown(marketer, ada, at="2026-01-26 13:30") == (15, 24, 15)


def test_what_was_saved_at_once_changed(marketer, ada, now, engagement):
    now.shift(timedelta(hours=1))
    ada.rule.points = 8
    ada.rule.save()
    rules.publish(ada.rule)
    now.shift(timedelta(hours=1))
    download(ada, subject("guide 0"), NOW + timedelta(hours=2))
    terms.publish(engagement, {"weight": 2})
    pipeline.drain()
    doubled = engagement.versions.latest("number")
    page = marketer.get(address(ada))

    assert [one.label for one in page.context["saves"]] == [
        f"Engagement v{doubled.number}",
        f"{ada.rule} v2",
        f"{ada.rule} v1",
    ]
    for query, expected in zip(page.context["saves"], [(23, 46, 46), (20, 23, 23), (0, 20, 20)], strict=True):
        assert shown(marketer, ada, **dict(parse_qsl(query.query))) == expected
    assert "before “Engagement v" in page.content.decode()


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"at": "soon"}, "“soon” is not a time"),
        ({"with": "2027-01-01"}, "“2027-01-01” has not come yet."),
        ({"rules": "after-7"}, "There are no such rules (any more)."),
        ({"with_rules": "before-" + "9" * 40}, "There are no such rules (any more)."),
        ({"rules": "draft"}, "There are no such rules (any more)."),
        ({"rules": "before-²"}, "There are no such rules (any more)."),
        ({"rules": "before-rule7"}, "There are no such rules (any more)."),
        ({"rules": "after-terms" + "9" * 40}, "There are no such rules (any more)."),
        ({"at": "0001-01-01T00:00+14:00"}, "is too long ago."),
    ],
)
def test_what_makes_no_sense_is_answered_in_words(marketer, ada, asked, sentence):
    found = marketer.get(address(ada), asked)

    assert found.status_code == 200
    assert sentence in found.content.decode()


def test_the_curve_has_its_events_thresholds_and_firings(marketer, ada, engagement, now):
    TriggerFactory(name="Call", group=None, threshold=18)
    TriggerFactory(name="Far away", group=None, threshold=1000)
    pipeline.drain()
    download(ada, subject("<b>hostile</b>"), NOW)
    pipeline.drain()
    assert Firing.objects.get().state == Firing.State.FIRED
    now.shift(timedelta(hours=1))
    page = marketer.get(address(ada)).content.decode()
    drawing = page[page.index('<svg class="score-curve"') : page.index("score-legend")]

    assert drawing.count('class="is-spot"') == 4
    assert "+5 · asset_downloaded +5 · &lt;b&gt;hostile&lt;/b&gt;" in drawing
    assert "<b>" not in drawing
    assert "<title>18: trigger “Call”</title>" in drawing
    assert "Far away" not in drawing
    assert drawing.count("data-firing") == 1


def test_nothing_known_is_a_curve_too(marketer, engagement):
    new = ContactFactory()

    assert shown(marketer, new) == (0, 0, 0)
    assert shown(marketer, new, at="1970-01-01") == (0, 0, 0)
    assert "data-spark" in marketer.get(new.get_absolute_url()).content.decode()


def test_the_contact_page_leads_there(marketer, ada):
    assert f'href="{address(ada)}"' in marketer.get(ada.get_absolute_url()).content.decode()


def test_a_merged_contact_leads_to_whom_they_were_merged_into(marketer, ada):
    old = ContactFactory(merged_into=ada)

    assert marketer.get(address(old)).url == address(ada)
    assert marketer.get("/admin/scoring/contactscore/987654321/time-machine/").status_code == 404


@pytest.mark.parametrize("permissions", [[], ["view_contact"], ["view_contactscore"]])
def test_who_may_not_see_contacts_and_scores_is_refused(client, ada, permissions):
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    assert client.get(address(ada)).status_code == 403


def test_who_may_see_contacts_and_scores_is_let_in(client, ada):
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_contact", "view_contactscore"]))
    client.force_login(user)

    assert client.get(address(ada)).status_code == 200
    client.logout()
    assert client.get(address(ada)).status_code == 302


def test_it_takes_as_many_queries_for_many_lines_as_for_few(marketer, ada, engagement):
    counts = []
    for number in (1, 2, 3):
        for part in range(number):
            download(ada, subject(f"more {number} {part}"), NOW - timedelta(days=number))
        ledger.adjust(ada.pk, engagement.pk, 1, note="x", author=UserFactory())
        pipeline.drain()
        counts.append(queries(lambda: marketer.get(address(ada))))

    assert counts == [counts[0]] * 3
    assert counts[0] < 90


def test_it_speaks_french(marketer, ada):
    marketer.cookies["django_language"] = "fr"
    assert marketer.get(address(ada)).status_code == 200
