"""The demo world in the order it is made: what Cuvelog set up, who came, what happened, and what is on from now."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from django.utils import timezone, translation

from campaigns.models import Delivery
from config import pipeline
from config.demo_world import (
    assets,
    breweries,
    campaigns,
    emails,
    forms,
    funnel,
    history,
    landing_pages,
    leaderboards,
    people,
    rules,
    segments,
    sql,
    texts,
    triggers,
    users,
    webinars,
)
from config.demo_world.people import Person
from config.demo_world.world import World
from contacts import duplicates
from contacts.models import Contact
from scoring.models import PointAction
from tracking.models import Event

CONTACTS = 2000


def load(language: str, size: int = CONTACTS, say: Callable[[str], None] = print) -> None:
    """Make the whole world in an empty instance; where there are contacts already, say so and change nothing."""
    if Contact.objects.exists():
        say(f"There are {Contact.objects.count()} contacts already: nothing was loaded.")
        return
    begun = time.monotonic()
    with translation.override(language):  # some names are made of words of the interface
        _load(World(language=language, size=size, now=timezone.now(), say=say))
    say(f"Loaded {_summary()} in {time.monotonic() - begun:.0f} seconds.")


def _load(world: World) -> None:
    say = world.say
    say("Cuvelog opens: users, funnel, forms, pages, emails, rules")
    set_up(world)
    say(f"{world.size} contacts come in")
    everybody = arrive(world)
    live(world, everybody)
    switch_on(world)


def set_up(world: World) -> None:
    """Everything marketers make. Triggers and campaigns are still off."""
    for module in (users, funnel, forms, assets, webinars, landing_pages, segments, emails, texts, campaigns):
        module.create(world)
    triggers.integrate(world)
    for module in (rules, triggers, leaderboards):
        module.create(world)
    pipeline.drain()


def arrive(world: World) -> Sequence[Person]:
    everybody = people.invent(world, breweries.create(world))
    history.settle(world, everybody)
    with sql.holding_since(None):
        pipeline.drain(history.BATCH)
    return everybody


def live(world: World, everybody: Sequence[Person]) -> None:
    story, happened = history.tell(world, everybody)
    world.say(f"scoring {len(happened)} hits of six months")
    history.play(world, story, happened)
    history.hold_webinar(world, story)
    history.gather(world, everybody)
    history.adjust(world, everybody)


def switch_on(world: World) -> None:
    """From now on scores act. What is past its threshold already is marked, so that no old score mails anybody."""
    marked = triggers.switch_on(world)
    campaigns.switch_on(world)
    forms.switch_on(world)
    duplicates.look()
    world.say(f"triggers are on; {marked} contacts were past a threshold already and are marked")


def _summary() -> str:
    counts = (
        (Contact, "contacts"),
        (Event, "events"),
        (PointAction, "point actions"),
        (Delivery, "deliveries"),
    )
    return ", ".join(f"{model.objects.count()} {noun}" for model, noun in counts)
