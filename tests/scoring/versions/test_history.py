"""The history of a point action: who changed what and when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config import pipeline
from scoring import publications, rules
from scoring.models import OverallScore, PointAction, PointGroup, Publication
from scoring.publishing.actions import state_of
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, subject
from tests.scoring.posting import AT, FRENCH, page, queries, values
from tests.scoring.versions.conftest import told

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_the_history_tells_what_each_version_changed(marketer, revised):
    action = revised(marketer.user)

    assert told(marketer.get(page("scoring_pointaction_history", action.pk))) == [
        (3, {
            "name": ("asset_downloaded +5", "Reads"),
            "what earns points": ("Downloads an asset: Reads guide", "Downloads an asset: any asset"),
            "expiry": ("–", "expires after 90 days"),
        }, True, False),
        (2, {"points": ("+5", "+8"), "limit": ("–", "at most 3 times a week")}, False, True),
        (1, {}, False, True),
    ]  # fmt: skip


def test_the_history_names_authors_and_the_time_in_force(marketer, revised):
    action = revised(marketer.user)
    first, second, third = (
        chapter.stood
        for chapter in reversed(marketer.get(page("scoring_pointaction_history", action.pk)).context["chapters"])
    )

    assert (first.author, second.author, third.author) == (None, marketer.user, marketer.user)
    assert first.when.startswith("in force from Jan. 1, 2020, 1 a.m. to ")
    assert third.when.startswith("in force since ")
    shown = marketer.get(page("scoring_pointaction_history", action.pk)).content.decode()
    assert "by manon" in shown
    assert 'id="v2"' in shown


def test_a_version_that_was_replaced_for_the_past_says_so(marketer, publish):
    action = publish(5)
    action.points, action.repeat = 8, "always"
    action.save()
    rules.put_into_force(action, rules.draft(action, action, None), timezone.now(), Publication.Scope.PAST)
    second, first = (
        chapter.stood for chapter in marketer.get(page("scoring_pointaction_history", action.pk)).context["chapters"]
    )

    assert second.when == "in force from the beginning"
    assert first.when.startswith("in force since Jan. 1, 2020, 1 a.m.; replaced for the past, too, ")


def test_a_new_price_for_the_past_is_noted_on_the_version_it_concerns(marketer, publish):
    action = publish(5)
    action.points = 8
    action.save()
    rules.put_into_force(action, rules.draft(action, action, None), timezone.now(), Publication.Scope.PAST)
    shown = marketer.get(page("scoring_pointaction_history", action.pk)).content.decode()

    assert "Its lines are worth +8 each since a later version was published for the past, too." in shown


def drafted(action, **changes):
    """A draft in which the action says something else."""
    draft = publications.open_draft()
    publications.add(draft, "point_action", action.pk, state_of(action) | changes)
    return draft


def test_a_version_restored_after_a_rollback_is_compared_with_the_one_in_force_again(marketer, publish):
    action = publish(6)
    published = drafted(action, points=40)
    publications.publish(published, Publication.Scope.FROM_NOW)
    publications.rollback(published)
    marketer.post(page("scoring_pointaction_bring_back", action.pk, 2))
    shown = marketer.get(page("scoring_pointaction_history", action.pk))

    assert told(shown) == [
        (3, {"points": ("+6", "+40")}, True, False),
        (2, {"points": ("+6", "+40")}, False, True),
        (1, {}, False, True),
    ]
    assert [chapter.again for chapter in shown.context["chapters"]] == [2, None, None]
    assert "Restored version 2" in shown.content.decode()
    assert "; rolled back " in shown.context["chapters"][1].stood.when


def test_versions_are_told_in_the_order_they_came_into_force(marketer, publish):
    action = publish(5)
    action.points = 6
    waiting = rules.draft(action, action, None)
    action.points, action.repeat = 5, "always"
    action.save()
    rules.publish(action)
    rules.put_into_force(action, waiting, timezone.now(), Publication.Scope.FROM_NOW)

    told_ = told(marketer.get(page("scoring_pointaction_history", action.pk)))
    assert [(number, sorted(changes)) for number, changes, _, _ in told_] == [
        (2, ["how often", "points"]),
        (3, ["how often"]),
        (1, []),
    ]


def test_a_rule_switched_on_again_says_the_same_as_before(marketer, publish):
    action = publish(5)
    for is_active in (False, True):
        action.is_active = is_active
        action.save()
        rules.publish(action)
    shown = marketer.get(page("scoring_pointaction_history", action.pk))

    assert told(shown) == [(2, {}, True, False), (1, {}, False, True)]
    assert "Says the same as version 1" in shown.content.decode()


def test_a_draft_is_no_history(marketer, publish):
    action = publish(5)
    rules.draft(action, action, None)

    assert [number for number, *_ in told(marketer.get(page("scoring_pointaction_history", action.pk)))] == [1]
    assert marketer.get(page("scoring_pointaction_bring_back", action.pk, 2)).status_code == 404


def test_nothing_is_deleted_and_so_no_history_is_lost(marketer, revised, engagement):
    action = revised()
    OverallScore.get()
    for name, pk in (("pointaction", action.pk), ("pointgroup", engagement.pk), ("overallscore", 1)):
        assert marketer.post(page(f"scoring_{name}_delete", pk), {"post": "yes"}).status_code == 403
    listed = page("scoring_pointaction_changelist")
    marketer.post(listed, {"action": "delete_selected", "_selected_action": [action.pk], "post": "yes"})

    assert (PointAction.objects.count(), action.versions.count(), PointGroup.objects.count()) == (1, 3, 1)


def test_names_that_mean_harm_are_only_text(marketer, revised, engagement):
    PointGroup.objects.filter(pk=engagement.pk).update(name=HOSTILE)
    type(marketer.user).objects.filter(pk=marketer.user.pk).update(username=HOSTILE)
    action = revised(marketer.user, HOSTILE)

    for address in (
        page("scoring_pointaction_history", action.pk),
        page("scoring_pointaction_bring_back", action.pk, 1),
        page("scoring_pointgroup_history", engagement.pk),
        page("scoring_pointaction_change", action.pk),
    ):
        shown = marketer.get(address).content.decode()
        assert HOSTILE not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


@pytest.mark.parametrize("number", [0, 4, 10**12])
def test_there_is_no_page_for_a_version_that_never_was(marketer, revised, number):
    action = revised()

    assert marketer.get(page("scoring_pointaction_bring_back", action.pk, number)).status_code == 404
    assert marketer.post(page("scoring_pointaction_bring_back", action.pk, number)).status_code == 404


def test_there_is_no_history_of_what_never_was(marketer):
    assert marketer.get(page("scoring_pointaction_history", 999)).status_code == 404
    assert marketer.get(page("scoring_pointaction_history", "x")).status_code == 404
    assert marketer.get(page("scoring_pointaction_bring_back", 999, 1)).status_code == 404


def test_the_history_asks_as_often_for_many_versions_as_for_few(marketer, publish):
    actions = [publish(5, source=source, params=params) for source, params in (
        ("asset_downloaded", {}), ("profile_matches", {"conditions": FRENCH}))]  # fmt: skip

    def add(number):
        for action in actions:
            about = subject(f"{action.source} {number}")
            action.points = number
            action.params = {"only": [about.pk]} if action.source == "asset_downloaded" else action.params
            action.save()
            rules.publish(action, UserFactory())

    def asked():
        pages = [page("scoring_pointaction_history", action.pk) for action in actions]
        return queries(lambda: [marketer.get(address) for address in pages])

    add(6)
    asked()
    before = asked()
    for number in (7, 8, 9):
        add(number)
    assert asked() == before


def test_the_page_of_a_rule_asks_as_often_whatever_its_history(marketer, publish):
    action = publish(5)
    address = page("scoring_pointaction_change", action.pk)
    marketer.get(address)
    before = queries(lambda: marketer.get(address))
    for points in (6, 7, 8):
        action.points = points
        action.save()
        rules.publish(action)
    assert queries(lambda: marketer.get(address)) == before


def test_a_line_of_the_ledger_leads_to_its_version(marketer, revised):
    action = revised()
    download(ContactFactory(), subject("another"), timezone.now() + timedelta(seconds=5))
    download(ContactFactory(), action.versions.get(number=1).matches.get().subject, AT)
    pipeline.drain()
    listed = marketer.get(page("scoring_pointentry_changelist")).content.decode()

    for number in (1, 3):
        assert f'href="{page("scoring_pointaction_history", action.pk)}#v{number}"' in listed


def test_saving_leads_to_the_history_of_what_was_saved(marketer, publish, engagement):
    action = publish(5)
    marketer.post(page("scoring_pointaction_change", action.pk), values(group=engagement.pk, points="7", repeat="once"))

    latest = told(marketer.get(page("scoring_pointaction_history", action.pk)))[0]
    assert latest == (2, {"name": ("asset_downloaded +5", "Reads"), "points": ("+5", "+7")}, True, False)
