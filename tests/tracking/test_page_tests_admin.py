import pytest
from django.contrib.auth.models import Permission

from tests.factories import FormFactory, LandingPageFactory, UserFactory
from tracking import experiments
from tracking.models import LandingPage, PageTest
from tracking.sections import new_row


@pytest.fixture
def admin(client, db):
    client.force_login(UserFactory(is_superuser=True))
    return client


def test_a_test_is_started_by_a_post_and_not_by_following_a_link(admin):
    trial = experiments.draft(LandingPageFactory(form=FormFactory()), "Which words?")
    address = f"/admin/tracking/pagetest/{trial.pk}/start/"

    asked = admin.get(address)
    trial.refresh_from_db()
    assert (asked.status_code, trial.started_at) == (200, None)

    started = admin.post(address, {"_form_submitted": "True"})
    trial.refresh_from_db()
    assert started["HX-Redirect"] == f"/admin/tracking/pagetest/{trial.pk}/change/"
    assert trial.is_running


@pytest.mark.parametrize("what", ["pagetest/{}/add-variant/", "landingpage/{}/try/", "landingpage/{}/copy/"])
def test_who_is_led_to_an_address_that_makes_something_gets_to_the_row_and_makes_nothing(admin, what):
    trial = experiments.draft(LandingPageFactory(form=FormFactory()), "Which words?")
    row = trial if what.startswith("pagetest") else trial.page
    address = f"/admin/tracking/{what.format(row.pk)}"

    response = admin.get(address)

    assert (response.status_code, response["Location"]) == (302, address.replace(address.split("/")[-2], "change"))
    assert (LandingPage.objects.count(), PageTest.objects.count(), trial.variants.count()) == (1, 1, 2)


def test_a_page_is_copied_and_tried_by_a_post(admin):
    page = LandingPageFactory(form=FormFactory())

    copied = admin.post(f"/admin/tracking/landingpage/{page.pk}/copy/", headers={"HX-Request": "true"})
    made = LandingPage.objects.exclude(pk=page.pk).get()
    assert (copied.status_code, copied["HX-Redirect"]) == (200, f"/admin/tracking/landingpage/{made.pk}/change/")

    tried = admin.post(f"/admin/tracking/landingpage/{page.pk}/try/")
    assert tried["Location"] == f"/admin/tracking/pagetest/{page.tests.get().pk}/change/"
    assert admin.post(f"/admin/tracking/landingpage/{page.pk}/try/")["Location"] == tried["Location"]


@pytest.mark.parametrize("number", ["x", "999999", "9" * 40])
@pytest.mark.parametrize("what", ["pagetest/{}/add-variant/", "landingpage/{}/try/", "landingpage/{}/copy/"])
def test_what_is_not_there_leads_back_to_the_list(admin, what, number):
    response = admin.post(f"/admin/tracking/{what.format(number)}")

    assert (response.status_code, response["Location"]) == (302, f"/admin/tracking/{what.partition('/')[0]}/")
    assert (LandingPage.objects.count(), PageTest.objects.count()) == (0, 0)


def buttons(admin, trial):
    page = admin.get(f"/admin/tracking/pagetest/{trial.pk}/change/").content.decode()
    return [name for name in ("add-variant", "start") if f"/admin/tracking/pagetest/{trial.pk}/{name}/" in page], page


def test_a_test_offers_what_it_can_do_and_says_why_not_the_rest(admin):
    trial = experiments.draft(LandingPageFactory(form=FormFactory()), "Which words?")
    assert buttons(admin, trial)[0] == ["add-variant", "start"]

    experiments.start(trial)
    offered, page = buttons(admin, trial)
    assert offered == []
    assert "Running (since" in page

    experiments.stop(trial, "B")
    offered, page = buttons(admin, trial)
    assert offered == []
    assert "variant B was kept" in page


def test_a_test_that_cannot_start_says_what_it_lacks(admin):
    trial = experiments.draft(LandingPageFactory(), "Which words?")

    offered, page = buttons(admin, trial)

    assert offered == ["add-variant"]
    assert "The page needs a form" in page


def test_variants_that_are_the_same_are_told_before_the_test_starts(admin):
    page = LandingPageFactory(form=FormFactory(), sections=[new_row("hero", heading="First words")])
    trial = experiments.draft(page, "Which words?")
    same = "Variants A and B are the same: nothing can be learned from them."
    start = f"/admin/tracking/pagetest/{trial.pk}/start/"
    assert (same in buttons(admin, trial)[1], same in admin.get(start).text) == (True, True)

    trial.variants.filter(letter="B").update(sections=[new_row("hero", heading="Other words")])
    assert (same in buttons(admin, trial)[1], same in admin.get(start).text) == (False, False)


def test_a_test_is_begun_from_the_list_of_tests_and_from_that_of_pages(admin):
    page = LandingPageFactory(title="Offer", form=FormFactory(), sections=[new_row("hero", heading="First words")])
    add = "/admin/tracking/pagetest/add/"
    assert f'href="{add}"' in admin.get("/admin/tracking/pagetest/").text
    assert f'href="{add}?page={page.pk}"' in admin.get("/admin/tracking/landingpage/").text

    asked = {"page": page.pk, "name": "Which words?"}
    made = admin.post(add, asked)

    trial = PageTest.objects.get()
    change = f"/admin/tracking/pagetest/{trial.pk}/change/"
    assert (made["Location"], trial.page, trial.started_at) == (change, page, None)
    assert [(one.letter, one.sections) for one in trial.variants.all()] == [("A", page.sections), ("B", page.sections)]
    pages = admin.get("/admin/tracking/landingpage/").text
    assert (f'href="{change}"' in pages, f"{add}?page={page.pk}" in pages) == (True, False)
    assert "A test of this page is drafted or running already." in admin.post(add, asked).text
    assert PageTest.objects.count() == 1


def test_who_may_not_change_pages_is_offered_no_test(client, db):
    page = LandingPageFactory()
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_landingpage", "view_pagetest"]))
    client.force_login(user)

    assert f"page={page.pk}" not in client.get("/admin/tracking/landingpage/").text
    assert client.get("/admin/tracking/pagetest/add/").status_code == 403
