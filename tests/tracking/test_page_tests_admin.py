import pytest

from tests.factories import FormFactory, LandingPageFactory, UserFactory
from tracking import experiments
from tracking.models import LandingPage, PageTest


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


@pytest.mark.parametrize("number", ["x", "999999", "9" * 40])
@pytest.mark.parametrize("what", ["pagetest/{}/add-variant/", "landingpage/{}/try/", "landingpage/{}/copy/"])
def test_what_is_not_there_leads_back_to_the_list(admin, what, number):
    response = admin.get(f"/admin/tracking/{what.format(number)}")

    assert (response.status_code, response["Location"]) == (302, f"/admin/tracking/{what.partition('/')[0]}/")
    assert (LandingPage.objects.count(), PageTest.objects.count()) == (0, 0)
