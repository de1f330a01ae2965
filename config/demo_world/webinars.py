"""Two webinars: one is over, one is to come."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.models import Webinar
from config.demo_world.site import SITE
from config.demo_world.world import World

DAYS_SINCE_EXCISE = 41
DAYS_TO_KEGS = 16


def create(world: World) -> None:
    world.webinars["excise"] = Webinar.objects.create(
        name="Les droits d'accise sans larmes",
        starts_at=_at_eleven(world, -DAYS_SINCE_EXCISE),
        minutes=45,
        url=f"{SITE}/direct/accises",
        form=world.forms["webinar_fr"],
        created_at=world.ago(90),
    )
    world.webinars["kegs"] = Webinar.objects.create(
        name="Kegs that come home",
        starts_at=_at_eleven(world, DAYS_TO_KEGS),
        minutes=45,
        url=f"{SITE}/live/kegs",
        form=world.forms["webinar_en"],
        created_at=world.ago(30),
    )


def _at_eleven(world: World, days: int) -> datetime:
    return (world.now + timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)
