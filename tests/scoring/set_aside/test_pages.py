"""Where people look: what was set aside, why, and trying it again."""

import pytest
from django.urls import reverse

from config import pipeline
from scoring import ledger, previews, publications
from scoring.models import SetAside
from scoring.publishing.actions import state_of
from tests.factories import UserFactory
from tests.scoring.conftest import score
from tests.scoring.set_aside.conftest import Scope, aside, nothing_is_wrong

pytestmark = pytest.mark.django_db


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
