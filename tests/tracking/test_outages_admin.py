import html
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tests.factories import UserFactory
from tracking.models import Outage, OutageShare

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 14, 3, 7, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def operator(client):
    client.force_login(UserFactory(is_superuser=True))
    return client


def words(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def share(key, began_at=AT, seconds=0, kept=0, lost=0):
    ended_at = began_at + timedelta(seconds=seconds)
    return OutageShare.objects.create(key=key, began_at=began_at, ended_at=ended_at, kept=kept, lost=lost)


def test_the_list_tells_an_outage_once_with_what_all_processes_kept_and_lost(operator):
    share("1-1-a", seconds=12, kept=1204, lost=30)
    share("1-2-b", AT + timedelta(seconds=2), seconds=3, kept=7, lost=1)

    listed = words(operator.get("/admin/tracking/outage/").text)

    assert "Nov. 23, 2026, 14:03:07 12 s 1,211 31" in listed
    assert "1 outage" in listed
    assert operator.get("/admin/tracking/outage/add/").status_code == 403


def test_an_outage_leads_to_what_each_process_kept(operator):
    share("1-1-a", seconds=12, kept=1204)
    share("1-2-b", AT + timedelta(seconds=2), seconds=3, kept=7, lost=1)
    share("1-2-c", AT + timedelta(hours=2), kept=99)

    page = words(operator.get(f"/admin/tracking/outage/{Outage.objects.get(kept=1211).pk}/change/").text)

    assert "Nov. 23, 2026, 14:03:07 12 s 1,204 0 Nov. 23, 2026, 14:03:09 3 s 7 1" in page
    assert "16:03:07" not in page


def test_the_list_tells_that_hits_wait_right_now(operator, settings, tmp_path):
    settings.SPOOL_ROOT = tmp_path
    assert "Hits wait on disk right now" not in words(operator.get("/admin/tracking/outage/").text)

    (tmp_path / "1-1-a.hits").write_bytes(b"x" * 3000)

    assert "Hits wait on disk right now: 2.9 KB." in words(operator.get("/admin/tracking/outage/").text)


@pytest.mark.parametrize(("lost", "told"), [(31, True), (0, False)])
def test_the_first_page_tells_of_hits_that_were_lost(operator, lost, told):
    share("1-1-a", timezone.now(), kept=5, lost=lost)

    assert ("Hits lost while the database was away" in operator.get("/admin/").text) is told
