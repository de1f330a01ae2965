"""The segments: fixed lists people enter by a decision, and dynamic ones that follow their conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from config.demo_world.breweries import CRAFT, PUB
from config.demo_world.funnel import TOOLS, leaf
from config.demo_world.world import Words, World
from contacts import conditions
from contacts.models import Segment

FIXED = {
    "letter": (
        Words("Lecteurs de la lettre", "Readers of the letter"),
        Words("Entrent par le formulaire d'abonnement.", "They enter by the subscription form."),
    ),
    "wake": (
        Words("À réveiller", "To wake up"),
        Words(
            "Leur intérêt est retombé\xa0: un appel doux, pas une rafale.",
            "Their interest fell: a gentle call, no barrage.",
        ),
    ),
    "club": (
        Words("Club des ambassadeurs", "Ambassadors' club"),
        Words("Clients qui parlent de nous.", "Customers who speak for us."),
    ),
}


def all_of(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(parts)}


def any_of(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"any": list(parts)}


def french(world: World) -> dict[str, Any]:
    return leaf("field", "is", "fr", field="language")


def craft(world: World) -> dict[str, Any]:
    """Breweries of the size Cuvelog is made for."""
    return all_of(
        leaf("company", "one_of", world.names([CRAFT, PUB]), field="industry"),
        {"filter": "company", "field": "employees", "op": "between", "from": 3, "to": 80},
    )


def hot(world: World) -> dict[str, Any]:
    return all_of(
        leaf("score", "at_least", 60, group=world.groups["engagement"].pk),
        any_of(
            {"filter": "page_visited", "op": "did", "address": "www.cuvelog.example/tarifs", "days": 30},
            {"filter": "page_visited", "op": "did", "address": "www.cuvelog.example/en/pricing", "days": 30},
            {"filter": "email_clicked", "op": "did", "times": 3, "days": 30},
        ),
        leaf("stage", "before", world.stages["customer"].pk),
    )


def reading(world: World) -> dict[str, Any]:
    return {"filter": "email_opened", "op": "did", "days": 30}


def sleeping(world: World) -> dict[str, Any]:
    return all_of(
        {"filter": "email_sent", "op": "did", "times": 2},
        {"filter": "email_opened", "op": "did_not", "days": 90},
        {"filter": "page_visited", "op": "did_not", "days": 90},
        {"not": leaf("blocked", "is", "email")},
    )


def spreadsheets(world: World) -> dict[str, Any]:
    return all_of(
        leaf("custom", "is", world.name(TOOLS["spreadsheet"]), field="current_tool"),
        leaf("custom", "at_least", 500, field="annual_volume"),
    )


def customers(world: World) -> dict[str, Any]:
    return leaf("stage", "reached", world.stages["customer"].pk)


# key: (name, description, conditions)
DYNAMIC: dict[str, tuple[Words, Words, Callable[[World], dict[str, Any]]]] = {
    "french": (Words("Francophones", "French speakers"), Words("", ""), french),
    "craft": (
        Words("Brasseries à notre taille", "Breweries of our size"),
        Words("De 3 à 80 personnes.", "3 to 80 people."),
        craft,
    ),
    "hot": (
        Words("Prospects chauds", "Hot leads"),
        Words("Score haut, intérêt récent, pas encore clients.", "High score, recent interest, not yet customers."),
        hot,
    ),
    "reading": (
        Words("Lisent en ce moment", "Reading now"),
        Words("Un email ouvert depuis 30 jours.", "Opened an email within 30 days."),
        reading,
    ),
    "sleeping": (
        Words("Endormis", "Asleep"),
        Words("Plus rien depuis 90 jours.", "Nothing for 90 days."),
        sleeping,
    ),
    "spreadsheets": (
        Words("Au tableur, et plus de 500\xa0hl", "On a spreadsheet, above 500 hl"),
        Words("Ceux que nous aidons le plus.", "Those whom we help most."),
        spreadsheets,
    ),
    "customers": (Words("Clients", "Customers"), Words("", ""), customers),
}


def create(world: World) -> None:
    for key, (name, description) in FIXED.items():
        world.segments[key] = Segment.objects.create(
            name=world.name(name), description=world.name(description), created_at=world.start
        )
    for key, (name, description, tree) in DYNAMIC.items():
        asked = tree(world)
        conditions.validate(asked)
        world.segments[key] = Segment.objects.create(
            name=world.name(name),
            description=world.name(description),
            is_dynamic=True,
            conditions=asked,
            created_at=world.start,
        )
    for language in ("fr", "en"):
        form = world.forms[f"newsletter_{language}"]
        form.segment = world.segments["letter"]
        form.save()
