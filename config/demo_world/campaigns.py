"""Two campaigns: getting to know Cuvelog, and the days after a white paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from campaigns.models import Campaign, Step
from campaigns.registry import steps
from config.demo_world.funnel import leaf
from config.demo_world.world import Words, World
from contacts import typed_params

Asked = tuple[str, Callable[[World], dict[str, Any]]]


def wait(amount: int, unit: str = "days", at: str = "") -> Asked:
    return "wait", lambda world: {"amount": amount, "unit": unit, "at": at, "weekdays": [0, 1, 2, 3, 4] if at else []}


def send(key: str) -> Asked:
    return "send_email", lambda world: {"email": world.emails[key].pk}


def only(language: str) -> Asked:
    return "condition", lambda world: {
        "conditions": leaf("field", "is", language, field="language"),
        "otherwise": "skip",
    }


# key: (name, description, forms that start it, steps)
CAMPAIGNS: dict[str, tuple[Words, Words, tuple[str, ...], tuple[Asked, ...]]] = {
    "discovery": (
        Words("Découverte", "Discovery"),
        Words(
            "Deux emails\xa0: le second pour qui a lu le premier.",
            "Two emails: the second for those who read the first.",
        ),
        (),
        (
            only("fr"),
            send("welcome_fr"),
            only("en"),
            send("welcome_en"),
            wait(3, at="09:30"),
            (
                "condition",
                lambda world: {
                    "conditions": {"filter": "email_opened", "op": "did", "times": 1, "days": 7},
                    "otherwise": "end",
                },
            ),
            only("fr"),
            send("letter_3_fr"),
            only("en"),
            send("letter_3_en"),
        ),
    ),
    "after_paper": (
        Words("Après le livre blanc", "After the white paper"),
        Words("Deux jours plus tard, un tableur à remplir.", "Two days later, a spreadsheet to fill in."),
        ("paper_fr", "paper_en"),
        (
            wait(2, at="10:00"),
            only("fr"),
            send("after_paper_fr"),
            only("en"),
            send("after_paper_en"),
            ("add_points", lambda world: {"group": world.groups["engagement"].pk, "points": 3}),
        ),
    ),
}


def create(world: World) -> None:
    """Make the campaigns, not yet active: the history shall start nobody now."""
    for key, (name, description, forms, asked) in CAMPAIGNS.items():
        campaign = Campaign.objects.create(
            name=world.name(name), description=world.name(description), is_active=False, created_at=world.start
        )
        campaign.forms.set(world.forms[form] for form in forms)
        for position, (type_, params) in enumerate(asked):
            Step.objects.create(
                campaign=campaign,
                type=type_,
                params=typed_params.validated(steps[type_], params(world)),
                position=position,
            )
        world.campaigns[key] = campaign


def switch_on(world: World) -> None:
    Campaign.objects.update(is_active=True)
