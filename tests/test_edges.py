"""Input no form sends: answered with a sentence, never with an error of ours."""

import pytest
from django.urls import reverse

from scoring.models import PointAction, PointGroup
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NINES = "9" * 5000


@pytest.fixture
def admin(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize(
    "address",
    [
        f"/admin/campaigns/firing/?publication={NINES}",
        f"/admin/scoring/backtest/add/?again={NINES}",
        "/admin/campaigns/firing/?state=sideways",
    ],
)
def test_ids_that_no_row_has_are_no_error(admin, address):
    assert admin.get(address).status_code == 200


@pytest.mark.parametrize("address", ["/admin/campaigns/firing/?state=%00", "/admin/scoring/publication/?q=a%00b"])
def test_an_address_with_a_nul_leads_to_the_page_without(admin, address):
    assert admin.get(address).headers["Location"] == address.partition("?")[0]
    assert admin.get(address, follow=True).status_code == 200


@pytest.mark.parametrize("weight", ["sNaN", "NaN", "Infinity", "9999", "-1"])
def test_a_weight_that_is_no_number_or_too_large_is_refused(admin, weight):
    group = PointGroup.objects.create(name="Engagement")
    page = reverse("admin:scoring_pointgroup_change", args=[group.pk])
    form = {"name": "Engagement", "description": "", "color": "#000000", "position": 0, "cap_period": "month"}

    assert admin.post(page, form | {"weight": weight}).status_code == 200
    group.refresh_from_db()
    assert group.weight == 1


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("button", ["_save", "scoring_pointaction_add_to_draft"])
def test_a_window_outside_the_calendar_is_refused(admin, day, button):
    group = PointGroup.objects.create(name="Engagement")
    form = {
        "name": "Download",
        "group": group.pk,
        "points": 5,
        "source": "asset_downloaded",
        "repeat": "once",
        "cap_unit": "times",
        "cap_period": "ever",
        "is_active": "on",
        "active_from_0": day,
        "active_from_1": "00:00:00",
        button: "1",
    }

    assert admin.post(reverse("admin:scoring_pointaction_add"), form).status_code == 200
    assert PointAction.objects.count() == 0


def test_a_time_in_a_zone_that_is_nowhere_is_told_so(admin, django_user_model):
    from tests.factories import ContactFactory

    page = f"/admin/scoring/contactscore/{ContactFactory().pk}/time-machine/"
    assert admin.get(page, {"at": "2020-01-01T00:00+23:59"}).status_code == 200


def test_days_beyond_all_measure_are_refused(admin):
    form = {"outcome": "custom_event", "cutoff": "2026-01-01", "horizon_days": "1" + "0" * 30}
    assert admin.post("/admin/scoring/backtest/add/", form).status_code == 200


@pytest.mark.parametrize(
    "conditions", ["[" * 8000, '{"all": [{"filter": "field", "field": "city", "op": "is", "value": "\\ud800"}]}']
)
def test_conditions_that_cannot_be_stored_are_refused(admin, conditions):
    form = {"outcome": "custom_event", "cutoff": "2026-01-01", "horizon_days": "30", "conditions": conditions}
    assert admin.post("/admin/scoring/backtest/add/", form).status_code == 200
    assert admin.post("/admin/contacts/segment/add/", {"name": "Odd", "conditions": conditions}).status_code == 200
