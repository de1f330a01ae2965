"""The history of point actions, groups and the overall score: who changed what, and any version brought back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from config import pipeline
from scoring import publications, rules, sql, terms
from scoring.models import END, TERMS_OF_RULE, OverallScore, PointAction, PointGroup, Publication, Sweep, TermsVersion
from scoring.publishing.actions import state_of
from scoring.wording import differences
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import download, score, subject
from tests.scoring.posting import AT, FRENCH, page, queries, values

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def revised(publish):
    """Three versions: 5 points for the guide; 8 points, three times a week; any asset, named otherwise."""

    def revised(author=None, name="Reads"):
        guide = subject(f"{name} guide")
        action = publish(5, params={"only": [guide.pk]}, repeat="always")
        for changes in (
            {"points": 8, "cap_amount": 3, "cap_period": "week"},
            {"params": {}, "name": name, "expires_after_days": 90},
        ):
            for field, value in changes.items():
                setattr(action, field, value)
            action.save()
            rules.publish(action, author)
        return action

    return revised


def told(response):
    """The page's chapters: number, what changed, whether it stands now, whether it can be brought back."""
    assert response.status_code == 200
    return [
        (
            chapter.stood.number,
            {change.label: (change.before, change.after) for change in chapter.changes},
            chapter.stood.is_now,
            bool(chapter.restore),
        )
        for chapter in response.context["chapters"]
    ]


def saying(version):
    return {name: getattr(version, name) for name in ("name", *TERMS_OF_RULE)}


# --- point actions ----------------------------------------------------------------------------------------------------


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


def test_nothing_is_deleted_and_so_no_history_is_lost(marketer, revised, engagement):
    action = revised()
    OverallScore.get()
    for name, pk in (("pointaction", action.pk), ("pointgroup", engagement.pk), ("overallscore", 1)):
        assert marketer.post(page(f"scoring_{name}_delete", pk), {"post": "yes"}).status_code == 403
    listed = page("scoring_pointaction_changelist")
    marketer.post(listed, {"action": "delete_selected", "_selected_action": [action.pk], "post": "yes"})

    assert (PointAction.objects.count(), action.versions.count(), PointGroup.objects.count()) == (1, 3, 1)


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


# --- groups and the overall score -------------------------------------------------------------------------------------


def test_the_terms_of_a_group_have_a_history_and_come_back(marketer, engagement):
    terms.publish(engagement, {"half_life_days": 30, "weight": 2}, marketer.user)
    terms.publish(engagement, {"half_life_days": None, "cap_points": 100, "floor": 0}, marketer.user)
    assert told(marketer.get(page("scoring_pointgroup_history", engagement.pk))) == [
        (3, {"half-life": ("worth half after 30 days", "–"), "limit": ("–", "at most 100 points a month"),
             "lowest score": ("–", "0")}, True, False),
        (2, {"weight": ("1", "2"), "half-life": ("–", "worth half after 30 days")}, False, True),
        (1, {}, False, True),
    ]  # fmt: skip

    said = marketer.post(page("scoring_pointgroup_bring_back", engagement.pk, 2), follow=True).content.decode()
    engagement.refresh_from_db()
    assert (engagement.half_life_days, engagement.weight, engagement.cap_points, engagement.floor) == (
        30,
        2,
        None,
        None,
    )
    assert "Version 2 was restored." in said
    assert "Scores are being recomputed." in said
    latest = TermsVersion.objects.get(group=engagement, number=4)
    assert (latest.half_life_days, latest.author, Sweep.objects.count()) == (30, marketer.user, 3)


def test_a_group_that_never_changed_says_so(marketer, fit):
    shown = marketer.get(page("scoring_pointgroup_history", fit.pk))

    assert told(shown) == []
    assert "Never changed" in shown.content.decode()
    assert shown.context["now"] == [("weight", "2")]


def test_a_new_group_says_who_made_it(marketer):
    marketer.post(
        page("scoring_pointgroup_add"),
        {"name": "Club", "description": "", "color": "#112233", "position": "0", "weight": "1", "cap_period": "month"},
    )
    group = PointGroup.objects.get(name="Club")
    [chapter] = marketer.get(page("scoring_pointgroup_history", group.pk)).context["chapters"]

    assert (chapter.stood.number, chapter.stood.author, chapter.stood.is_now) == (1, marketer.user, True)
    assert (Sweep.objects.count(), TermsVersion.objects.get().known_until) == (0, END)


def test_the_bounds_of_the_overall_score_come_back(marketer, engagement, fit):
    terms.publish(fit, {"ceiling": 7})
    terms.publish_overall(0, 100, marketer.user)
    terms.publish_overall(None, 50, marketer.user)

    assert told(marketer.get(page("scoring_overallscore_history", 1))) == [
        (3, {"lowest score": ("0", "–"), "highest score": ("100", "50")}, True, False),
        (2, {"lowest score": ("–", "0"), "highest score": ("–", "100")}, False, True),
        (1, {}, False, True),
    ]
    marketer.post(page("scoring_overallscore_bring_back", 1, 2))
    assert (OverallScore.get().floor, OverallScore.get().ceiling) == (0, 100)
    assert TermsVersion.objects.filter(group=None).count() == 4


def test_an_archived_group_keeps_its_history(marketer, engagement):
    terms.publish(engagement, {"ceiling": 100})
    listed = page("scoring_pointgroup_changelist")
    marketer.post(listed, {"action": "archive", "_selected_action": [engagement.pk]})
    marketer.post(page("scoring_pointgroup_bring_back", engagement.pk, 1))

    assert len(told(marketer.get(page("scoring_pointgroup_history", engagement.pk)))) == 2
    engagement.refresh_from_db()
    assert engagement.ceiling == 100


def test_the_history_of_a_group_asks_as_often_for_many_versions_as_for_few(marketer, engagement):
    address = page("scoring_pointgroup_history", engagement.pk)
    terms.publish(engagement, {"ceiling": 1})
    marketer.get(address)
    before = queries(lambda: marketer.get(address))
    for ceiling in (2, 3, 4):
        terms.publish(engagement, {"ceiling": ceiling}, UserFactory())
    assert queries(lambda: marketer.get(address)) == before


# --- states in plain JSON, as drafts keep them ------------------------------------------------------------------------


def test_two_states_differ_in_words(engagement, fit):
    before = {
        "name": "Reads", "description": "", "source": "asset_downloaded", "params": {"only": [subject("The guide").pk]},
        "points": 5, "group": engagement.pk, "repeat": "always", "cap_amount": None, "cap_unit": "times",
        "cap_period": "ever", "cap_per_object": False, "expires_after_days": None, "active_from": None,
        "active_until": None, "is_active": True,
    }  # fmt: skip
    after = before | {"params": {}, "group": fit.pk, "cap_amount": 1, "active_until": "2027-01-01T00:00:00Z"}

    assert [(one.label, one.before, one.after) for one in differences(before, after | {"is_active": False})] == [
        ("what earns points", "Downloads an asset: The guide", "Downloads an asset: any asset"),
        ("point group", "Engagement", "Fit"),
        ("limit", "–", "at most 1 time in all"),
        ("time", "–", "until Jan. 1, 2027, 1 a.m."),
        ("active", "yes", "no"),
    ]
    assert differences(before, before) == []
    assert {one.before for one in differences(None, before)} == {"–"}
