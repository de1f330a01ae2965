"""The rule doctor's page and command."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scoring import rules
from scoring.models import PointAction, PointGroup
from tests.factories import TriggerActionFactory, TriggerFactory, UserFactory
from tests.scoring.conftest import SINCE

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def faults():
    """A trigger out of reach (problem), a silent rule (warning), a fact that fades (note); the trigger's name is hostile."""
    group = PointGroup.objects.create(name="Engagement", half_life_days=30)
    for name, source, since in (("Reads", "asset_downloaded", SINCE), ("French", "profile_matches", None)):
        condition = {"filter": "field", "field": "country", "op": "is", "value": "FR"}
        action = PointAction.objects.create(
            name=name,
            source=source,
            params={"conditions": condition} if source == "profile_matches" else {},
            points=5,
            repeat="once",
            group=group,
        )
        rules.publish(action, since=since)
    trigger = TriggerFactory(name=HOSTILE, group=group, threshold=50)
    TriggerActionFactory(trigger=trigger, type="retired")
    return trigger, PointAction.objects.get(name="Reads"), PointAction.objects.get(name="French")


def browser(*permissions, **fields):
    user = UserFactory(**fields)
    for name in permissions:
        app, _dot, codename = name.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    client = Client()
    client.force_login(user)
    return client


def doctor(**options):
    out = StringIO()
    call_command("doctor", stdout=out, **options)
    return out.getvalue()


def test_the_page_tells_the_worst_first_with_links_and_escapes_names(faults):
    trigger, silent, fading = faults
    response = browser(is_superuser=True).get(reverse("rule_doctor"))
    text = response.content.decode()

    assert response.status_code == 200
    assert [(severity.value, len(chapter)) for severity, chapter in response.context["chapters"]] == [
        ("problem", 1),
        ("warning", 1),
        ("note", 1),
    ]
    assert HOSTILE not in text
    assert "“&lt;script&gt;alert(1)&lt;/script&gt;” never acts: it waits for 50, and nobody can get beyond 10." in text
    for name, row in (("campaigns_trigger", trigger), ("scoring_pointaction", silent), ("scoring_pointaction", fading)):
        assert f'href="{reverse(f"admin:{name}_change", args=[row.pk])}"' in text


def test_an_instance_without_faults_is_told_so(db):
    text = browser(is_superuser=True).get(reverse("rule_doctor")).content.decode()

    assert "All is well" in text
    assert "Thresholds that cannot be crossed" in text  # what was examined
    assert "What to do" not in text


def test_findings_about_what_a_user_may_not_see_are_left_out(faults):
    response = browser("scoring.view_pointaction", "scoring.view_pointgroup").get(reverse("rule_doctor"))
    assert [severity.value for severity, _chapter in response.context["chapters"]] == ["warning", "note"]

    response = browser("scoring.view_pointaction").get(reverse("rule_doctor"))
    assert [severity.value for severity, _chapter in response.context["chapters"]] == ["warning"]


def test_staff_without_the_right_are_refused_and_strangers_asked_to_log_in(db):
    assert browser("campaigns.view_trigger").get(reverse("rule_doctor")).status_code == 403
    assert Client().get(reverse("rule_doctor")).status_code == 302


def test_only_those_who_may_see_rules_have_it_in_their_menu(db):
    address = reverse("rule_doctor")

    assert f'href="{address}"' in browser("scoring.view_pointaction").get(reverse("admin:index")).content.decode()
    assert f'href="{address}"' not in browser("campaigns.view_trigger").get(reverse("admin:index")).content.decode()


def test_the_command_tells_the_same_and_where(faults):
    trigger, silent, _fading = faults

    lines = doctor().splitlines()
    assert lines[0] == "Cannot work as it stands"
    assert lines[1].startswith(f"- “{HOSTILE}” never acts")
    assert lines[1].endswith(f"[trigger {trigger.pk}]")
    assert f"- “Reads” has matched nothing for 180 days. [point action {silent.pk}]" in lines
    assert lines[-1] == "3 findings."


def test_the_command_writes_json(faults):
    trigger, _silent, _fading = faults
    found = json.loads(doctor(json=True))

    assert [(one["examination"], one["severity"]) for one in found] == [
        ("unreachable_threshold", "problem"),
        ("silent_rule", "warning"),
        ("fading_profile", "note"),
    ]
    assert found[0]["rows"] == [{"type": "campaigns.trigger", "id": trigger.pk, "name": HOSTILE}]
    assert set(found[0]) == {"examination", "severity", "rows", "what", "why", "advice"}


def test_strictly_a_finding_is_a_failure(faults):
    with pytest.raises(SystemExit) as stopped:
        doctor(strict=True, json=True)
    assert stopped.value.code == 1


def test_nothing_found_is_well_even_strictly(db):
    assert doctor(strict=True) == "All is well: the rule doctor has found nothing.\n"
    assert json.loads(doctor(strict=True, json=True)) == []


def test_rules_that_are_too_young_to_judge_are_counted(marketer, publish):
    said = "whether anything matches"
    assert said not in marketer.get(reverse("rule_doctor")).text
    publish(since=timezone.now() - timedelta(days=10))

    text = marketer.get(reverse("rule_doctor")).text
    assert "1 rule has counted for less than 180 days: whether anything matches it is not judged yet." in text
