"""The triggers: what happens when a score crosses a threshold. Every action type is used, rising and falling.

They are switched on when the history has been scored, with those above already marked: no old score mails anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from campaigns import triggers, versions
from campaigns.models import Integration, Trigger, TriggerAction
from campaigns.registry import actions
from config.demo_world import segments
from config.demo_world.funnel import leaf
from config.demo_world.world import Words, World
from contacts import conditions, typed_params
from contacts.registry import Registry

RECEIVER = "http://127.0.0.1:8765/crm"  # where `manage.py simulate` plays the sales software
Does = tuple[str, Callable[[World], dict[str, Any]]]


@dataclass(frozen=True)
class Threshold:
    name: Words
    description: Words
    group: str  # "" is the overall score
    threshold: int
    does: tuple[Does, ...]
    direction: str = Trigger.Direction.RISING
    conditions: Callable[[World], dict[str, Any]] | None = None
    rearm_at: int | None = None


def speaks(language: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: leaf("field", "is", language, field="language")


def still_to_win(language: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: segments.all_of(
        leaf("field", "is", language, field="language"), leaf("stage", "before", world.stages["opportunity"].pk)
    )


def not_yet_customer(world: World) -> dict[str, Any]:
    """Also who has no stage yet."""
    customer = world.stages["customer"].pk
    return segments.any_of(leaf("stage", "before", customer), leaf("stage", "empty"))


def send(key: str) -> Does:
    return "send_email", lambda world: {"email": world.emails[key].pk}


def tag(*add: str, remove: tuple[str, ...] = ()) -> Does:
    return "change_tags", lambda world: {
        "add": [world.tags[key].pk for key in add],
        "remove": [world.tags[key].pk for key in remove],
    }


def segment(*add: str, remove: tuple[str, ...] = ()) -> Does:
    return "change_segments", lambda world: {
        "add": [world.segments[key].pk for key in add],
        "remove": [world.segments[key].pk for key in remove],
    }


def stage(key: str) -> Does:
    return "set_stage", lambda world: {"stage": world.stages[key].pk, "forward_only": True}


THRESHOLDS = {
    "discovery": Threshold(
        Words("Premier intérêt", "First interest"),
        Words("Démarre la campagne de découverte et fait avancer dans l'entonnoir.", "Starts the discovery campaign, moves on in the funnel."),
        "engagement",
        20,
        (
            ("start_campaign", lambda world: {"campaign": world.campaigns["discovery"].pk}),
            stage("lead"),
            segment("letter", remove=("wake",)),
        ),
        conditions=not_yet_customer,
    ),
    "hot": Threshold(
        Words("Prospect chaud", "Hot lead"),
        Words("Prévient le commercial, marque le contact et le pousse dans le logiciel de vente.", "Tells the salesperson, tags the contact and pushes it to the sales software."),
        "engagement",
        60,
        (
            (
                "send_email_to_user",
                lambda world: {
                    "email": world.emails[f"inside_hot_{world.language}"].pk,
                    "owner": True,
                    "users": [world.users["marketer"].pk],
                },
            ),
            tag("hot"),
            stage("qualified"),
            ("send_webhook", lambda world: {"integration": world.integrations["crm"].pk}),
        ),
        conditions=not_yet_customer,
    ),
    "demo_fr": Threshold(
        Words("Proposer une démonstration", "Offer a demo (French)"),
        Words("Email et SMS, en français.", "An email and an SMS, in French."),
        "",
        80,
        (
            send("demo_fr"),
            ("send_sms", lambda world: {"sms": world.sms["demo_fr"].pk}),
            ("leave_campaign", lambda world: {"campaign": world.campaigns["discovery"].pk}),
        ),
        conditions=still_to_win("fr"),
    ),
    "demo_en": Threshold(
        Words("Proposer une démonstration (anglais)", "Offer a demo"),
        Words("Email et SMS, en anglais.", "An email and an SMS, in English."),
        "",
        80,
        (
            send("demo_en"),
            ("send_sms", lambda world: {"sms": world.sms["demo_en"].pk}),
            ("leave_campaign", lambda world: {"campaign": world.campaigns["discovery"].pk}),
        ),
        conditions=still_to_win("en"),
    ),
    "right_brewery": Threshold(
        Words("La bonne brasserie", "The right brewery"),
        Words("Un profil idéal part avec une avance.", "A perfect profile gets a head start."),
        "fit",
        45,
        (("add_points", lambda world: {"group": world.groups["engagement"].pk, "points": 5}),),
    ),
    "ambassador": Threshold(
        Words("Futur ambassadeur", "Future ambassador"),
        Words("Invite un client enthousiaste au club.", "Invites a keen customer to the club."),
        "ambassador",
        45,
        (send("ambassador_fr"), segment("club"), tag("speaks")),
        conditions=speaks("fr"),
    ),
    "cooling": Threshold(
        Words("Intérêt retombé", "Interest lost"),
        Words("Se réarme quand le score repasse 15.", "Re-arms when the score is back at 15."),
        "engagement",
        5,
        (segment("wake"), tag(remove=("hot",)), ("leave_campaign", lambda world: {"campaign": world.campaigns["discovery"].pk})),
        direction=Trigger.Direction.FALLING,
        rearm_at=15,
    ),
    "returning": Threshold(
        Words("De retour", "Back again"),
        Words("À chaque retour au-dessus de 30, après être redescendu à 15.", "Whenever back above 30 after having been down at 15."),
        "engagement",
        30,
        (segment(remove=("wake",)),),
        conditions=lambda world: leaf("segment", "is", world.segments["wake"].pk),
        rearm_at=15,
    ),
}  # fmt: skip


def integrate(world: World) -> None:
    """The sales software that is told about hot leads."""
    world.integrations["crm"] = Integration.objects.create(
        name=world.name(Words("Logiciel de vente (local)", "Sales software (local)")),
        url=RECEIVER,
        created_at=world.start,
    )


def create(world: World) -> None:
    """Make the triggers, not yet active."""
    for threshold in THRESHOLDS.values():
        tree = threshold.conditions(world) if threshold.conditions else {}
        conditions.validate(tree)
        trigger = Trigger.objects.create(
            name=world.name(threshold.name),
            description=world.name(threshold.description),
            group=world.groups[threshold.group] if threshold.group else None,
            direction=threshold.direction,
            threshold=Decimal(threshold.threshold),
            conditions=tree,
            again=Trigger.Again.ONCE if threshold.rearm_at is None else Trigger.Again.REARM,
            rearm_at=threshold.rearm_at,
            is_active=False,
            created_at=world.ago(120),
        )
        trigger.full_clean()
        types: Registry[Any] = actions
        for position, (type_, params) in enumerate(threshold.does):
            TriggerAction.objects.create(
                trigger=trigger,
                type=type_,
                params=typed_params.validated(types[type_], params(world)),
                position=position,
            )
        versions.keep(trigger, world.users["marketer"])


def switch_on(world: World) -> int:
    """Activate every trigger; those past it already are marked. Returns how many were."""
    return sum(triggers.switch_on(trigger, existing="mark") for trigger in Trigger.objects.filter(is_active=False))
