import pytest
from django.utils import timezone

from tests.factories import UserFactory
from tracking.models import Outage

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


def outage(**values):
    return Outage.objects.create(key="1-1-a", began_at=timezone.now(), ended_at=timezone.now(), **values)


def test_the_list_tells_what_was_kept_and_what_was_lost(operator):
    row = outage(kept=1204, lost=31)

    listed = operator.get("/admin/tracking/outage/").text

    assert ("1204" in listed.replace(",", ""), ">31<" in listed.replace("\n", "").replace(" ", "")) == (True, True)
    assert operator.get(f"/admin/tracking/outage/{row.pk}/change/").status_code == 200
    assert operator.get("/admin/tracking/outage/add/").status_code == 403


@pytest.mark.parametrize(("lost", "told"), [(31, True), (0, False)])
def test_the_first_page_tells_of_hits_that_were_lost(operator, lost, told):
    outage(kept=5, lost=lost)

    assert ("Hits lost while the database was away" in operator.get("/admin/").text) is told
