"""Any version of a point action is brought back, as a new one."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from config import pipeline
from scoring import rules, sql, terms
from scoring.models import END, TERMS_OF_RULE
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.posting import page
from tests.scoring.versions.conftest import told

pytestmark = pytest.mark.django_db


def saying(version):
    return {name: getattr(version, name) for name in ("name", *TERMS_OF_RULE)}


def test_restoring_asks_first_and_makes_a_new_version_equal_to_the_old(marketer, revised):
    action = revised()
    address = page("scoring_pointaction_bring_back", action.pk, 1)

    asked = marketer.get(address)
    assert {change.label: change.after for change in asked.context["changes"]} == {
        "name": "asset_downloaded +5",
        "what earns points": "Downloads an asset: Reads guide",
        "points": "+5",
        "limit": "–",
        "expiry": "–",
    }
    assert action.versions.count() == 3

    said = marketer.post(address, follow=True)
    assert said.redirect_chain[-1][0] == page("scoring_pointaction_history", action.pk)
    assert "Version 1 was restored." in said.content.decode()
    new, old = action.versions.get(number=4), action.versions.get(number=1)
    assert saying(new) == saying(old)
    assert (new.valid_until, new.author) == (END, marketer.user)
    assert list(new.matches.values_list("subject")) == list(old.matches.values_list("subject"))
    action.refresh_from_db()
    assert saying(action) == saying(old)
    assert "Version 1 was restored." in [entry.get_change_message() for entry in said.context["log"]]


def test_restoring_scores_as_the_version_did(marketer, publish):
    guide = subject("guide")
    action = publish(5, repeat="always")
    action.points = 50
    action.save()
    rules.publish(action)
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 1))
    ada = ContactFactory()
    download(ada, guide, timezone.now() + timedelta(seconds=5))
    pipeline.drain()

    assert score(ada) == 5
    assert sql.differences() == []


def test_restoring_what_stands_already_makes_no_version(marketer, revised):
    action = revised()
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 3))

    assert action.versions.count() == 3


def test_a_rule_that_is_switched_off_gets_its_settings_back_and_stays_off(marketer, revised):
    action = revised()
    action.is_active = False
    action.save()
    rules.publish(action)
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 1))

    action.refresh_from_db()
    assert (action.points, action.is_active, action.versions.count()) == (5, False, 3)
    assert action.versions.filter(valid_until=END).count() == 0


def test_an_archived_rule_keeps_its_history_and_is_brought_back_first(marketer, revised):
    action = revised()
    rules.archive(action)
    shown = marketer.get(page("scoring_pointaction_history", action.pk))
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 1))

    assert [(number, restore) for number, _, _, restore in told(shown)] == [(3, False), (2, False), (1, False)]
    assert "It is in the archive: bring it back from there first." in shown.content.decode()
    action.refresh_from_db()
    assert (action.points, action.archived_at is None) == (8, False)


def test_a_version_that_can_no_longer_be_is_refused_with_a_reason(marketer, publish):
    action = publish(5)
    action.versions.update(points=0)
    refused = marketer.post(page("scoring_pointaction_bring_back", action.pk, 1))

    assert "Zero points would do nothing." in refused.content.decode()
    action.refresh_from_db()
    assert (action.points, action.versions.count()) == (5, 1)


def test_a_retired_source_is_told_and_brought_back_as_it_was(marketer, publish):
    action = publish(5, source="retired", params={"old": 1})
    action.points = 6
    action.save()
    rules.publish(action)
    assert "Unknown source: retired" in marketer.get(page("scoring_pointaction_history", action.pk)).content.decode()
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 1))

    assert saying(action.versions.get(number=3)) == saying(action.versions.get(number=1))


def test_who_may_look_reads_the_history_and_who_may_change_restores(client, revised, engagement):
    action = revised()
    terms.publish(engagement, {"ceiling": 100})
    user = UserFactory(is_superuser=False)
    client.force_login(user)
    histories = [page("scoring_pointaction_history", action.pk), page("scoring_pointgroup_history", engagement.pk)]
    restores = [
        page("scoring_pointaction_bring_back", action.pk, 1),
        page("scoring_pointgroup_bring_back", engagement.pk, 1),
    ]

    for address in histories + restores:
        assert client.get(address).status_code == 403
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_pointaction", "view_pointgroup"]))
    for address in histories:
        assert "Restore this version" not in client.get(address).content.decode()
    for address in restores:
        assert client.get(address).status_code == 403
        assert client.post(address).status_code == 403
    action.refresh_from_db()
    engagement.refresh_from_db()
    assert (action.points, engagement.ceiling) == (8, 100)
