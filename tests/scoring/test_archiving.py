"""What is not needed any more is archived from its own page, which asks first, and brought back from there."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission

from contacts.remarks import Remark
from scoring.models import END
from tests.factories import (
    CustomFieldFactory,
    FormFactory,
    LandingPageFactory,
    SegmentFactory,
    TriggerFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
SURE = {"_form_submitted": "True"}
OTHERS = [CustomFieldFactory, SegmentFactory, FormFactory, LandingPageFactory, TriggerFactory]


@pytest.fixture
def rows(publish, engagement):
    return [publish(5), engagement, *(make() for make in OTHERS)]


def address(row, what):
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/{what}/"


def offered(client, row):
    page = client.get(address(row, "change")).content.decode()
    return [what for what in ("archive", "restore") if f'"{address(row, what)}"' in page]


def test_every_page_offers_to_archive_or_to_bring_back_and_does_it(marketer, rows):
    for row in rows:
        assert offered(marketer, row) == ["archive"]
        done = marketer.post(address(row, "archive"), SURE)
        row.refresh_from_db()
        assert (done.headers["HX-Redirect"], row.archived_at is None) == (address(row, "change"), False)

        said = marketer.get(address(row, "change")).content.decode()
        assert "is in the archive now." in said
        assert f'href="/admin/{row._meta.app_label}/{row._meta.model_name}/">See the list</a>' in said
        assert offered(marketer, row) == ["restore"]

        back = marketer.post(address(row, "restore"), headers={"HX-Request": "true"})
        row.refresh_from_db()
        assert (back.headers["HX-Redirect"], row.archived_at) == (address(row, "change"), None)
        remarks = LogEntry.objects.filter(object_id=row.pk, content_type__model=row._meta.model_name).order_by("pk")
        told = [Remark.read(entry.change_message) for entry in remarks]
        assert told == ["Archived.", "Brought back from the archive."]


def test_nothing_is_archived_or_brought_back_by_a_link_or_without_an_answer(marketer, engagement):
    asked = marketer.get(address(engagement, "archive"))
    refused = marketer.post(address(engagement, "archive"))
    engagement.refresh_from_db()
    assert (asked.status_code, refused.status_code, engagement.archived_at) == (200, 200, None)

    marketer.post(address(engagement, "archive"), SURE)
    led = marketer.get(address(engagement, "restore"))
    engagement.refresh_from_db()
    assert (led.status_code, led.headers["Location"]) == (302, address(engagement, "change"))
    assert engagement.archived_at is not None


def test_a_group_says_how_many_rules_go_on_in_it(marketer, publish, engagement):
    def asks():
        return marketer.get(address(engagement, "archive")).content.decode()

    assert "giving points" not in asks()
    publish(5)
    assert "1 active rule in it goes on giving points" in asks()
    publish(6)
    assert "2 active rules in it go on giving points" in asks()


def test_a_rule_that_is_archived_counts_no_more(marketer, publish):
    rule = publish(5)

    marketer.post(address(rule, "archive"), SURE)

    rule.refresh_from_db()
    assert (rule.is_active, rule.versions.filter(valid_until=END).count()) == (False, 0)


def test_who_may_only_look_gets_no_button_and_is_refused(client, publish):
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_pointaction"))
    client.force_login(user)
    rule = publish(5)

    assert offered(client, rule) == []
    assert client.get(address(rule, "archive")).status_code == 403
    assert client.post(address(rule, "archive"), SURE).status_code == 403
    assert client.post(address(rule, "restore")).status_code == 403


def test_a_post_needs_the_token_of_the_page(marketer, engagement):
    marketer.handler.enforce_csrf_checks = True

    assert marketer.post(address(engagement, "archive"), SURE).status_code == 403
    assert marketer.post(address(engagement, "restore")).status_code == 403


@pytest.mark.parametrize("number", ["x", "999999", "9" * 40])
@pytest.mark.parametrize("what", ["archive", "restore"])
def test_what_is_not_there_leads_back_to_the_list(marketer, number, what):
    answer = marketer.post(f"/admin/scoring/pointgroup/{number}/{what}/", SURE)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/scoring/pointgroup/")
