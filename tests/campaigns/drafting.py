"""What the tests of drafts and publications share: what is posted, and what is looked at."""

from datetime import UTC, datetime

from django.urls import reverse

from campaigns.models import Trigger, TriggerAction
from config import pipeline
from scoring import previews, publications
from scoring.models import (
    Publication,
)
from scoring.publishing.actions import state_of
from scoring.tasks import forecast
from tests.factories import ContactFactory, TagFactory
from tests.scoring.conftest import download, subject

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)

Scope = Publication.Scope

DRAFT_BUTTON = {
    "pointaction": "scoring_pointaction_add_to_draft",
    "pointgroup": "scoring_pointgroup_add_to_draft",
    "overallscore": "scoring_overallscore_add_to_draft",
    "trigger": "campaigns_trigger_add_to_draft",
}


def people_of(rule, counts):
    """Contacts by name, each with so many downloads."""
    guides = [subject(f"guide {number}") for number in range(max(counts.values()))]
    found = {}
    for name, downloads in counts.items():
        found[name] = ContactFactory(email=f"{name}@example.com", first_name=name.title(), last_name="Test")
        for guide in guides[:downloads]:
            download(found[name], guide, AT)
    pipeline.drain()
    return found


def a_trigger(threshold=20, name=None, **fields):
    made = Trigger.objects.create(name=name or f"At {threshold}", threshold=threshold, **fields)
    TriggerAction.objects.create(trigger=made, type="change_tags", params={"add": [TagFactory().pk], "remove": []})
    return made


def page(name, *args, app="scoring"):
    return reverse(f"admin:{app}_{name}", args=args)


def said(response):
    return [str(message) for message in response.context["messages"]]


def of_rule(rule, **changes):
    """What the browser posts from a point action's form."""
    return {
        "name": rule.name,
        "description": rule.description,
        "points": rule.points,
        "group": rule.group_id,
        "source": rule.source,
        "params__type": rule.source,
        "repeat": rule.repeat,
        "cap_unit": rule.cap_unit,
        "cap_period": rule.cap_period,
        "is_active": "on",
    } | changes


def of_group(group, **changes):
    return {
        "name": group.name,
        "description": "",
        "color": group.color,
        "position": group.position,
        "weight": str(group.weight),
        "cap_period": group.cap_period,
    } | changes


def of_trigger(trigger, rows=(), **changes):
    """… and from a trigger's, with rows of actions: (id or "", type, tag ids to add)."""
    posted = {
        "name": trigger.name,
        "description": "",
        "group": trigger.group_id or "",
        "direction": trigger.direction,
        "threshold": str(trigger.threshold),
        "conditions": "{}",
        "again": trigger.again,
        "rearm_at": "",
        "is_active": "on",
        "actions-TOTAL_FORMS": len(rows),
        "actions-INITIAL_FORMS": sum(bool(row[0]) for row in rows),
    }
    for number, (pk, type_, tags) in enumerate(rows):
        posted |= {
            f"actions-{number}-id": pk,
            f"actions-{number}-trigger": trigger.pk or "",
            f"actions-{number}-type": type_,
            f"actions-{number}-params__type": type_,
            f"actions-{number}-params__add": tags,
            f"actions-{number}-position": number,
        }
    return posted | changes


def draft_it(client, model, row, posted, seen=None):
    """Press “Add to the draft” on the form of a row, as it was opened now (or as `seen`)."""
    app = "campaigns" if model == "trigger" else "scoring"
    address = page(f"{model}_change", row.pk, app=app)
    opened = client.get(address).context["seen"] if seen is None else seen
    return client.post(address, posted | {"_draft_seen": opened, DRAFT_BUTTON[model]: "1"}, follow=True)


def edit(rule, **changes):
    draft = publications.open_draft()
    publications.add(draft, "point_action", rule.pk, state_of(rule) | changes)
    return draft


def previewed(draft, scope=Scope.PAST):
    previews.request(draft, scope)
    forecast()
    draft.refresh_from_db()
    return draft
