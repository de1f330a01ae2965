"""Two webinars: one is over, one is to come."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from campaigns.models import Webinar
from config.demo_world.site import SITE
from config.demo_world.world import World

DAYS_SINCE_EXCISE = 41
DAYS_TO_KEGS = 16
THURSDAY = 3


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
    """The Thursday of that week, at eleven by Cuvelog's clock."""
    day = timezone.localtime(world.now) + timedelta(days=days)
    day += timedelta(days=THURSDAY - day.weekday())
    return day.replace(hour=11, minute=0, second=0, microsecond=0)
