"""Who somebody is, as the profile rules ask it: decides, brews, studies, is too far away."""

from __future__ import annotations

from typing import Any

from config.demo_world.funnel import TOOLS, leaf
from config.demo_world.segments import all_of, any_of
from config.demo_world.world import World


def deciders(world: World) -> dict[str, Any]:
    titles = ["Gérant", "Fondat", "Directeur", "Directrice", "Owner", "Founder", "Head of"]
    return any_of(*(leaf("field", "starts_with", title, field="job_title") for title in titles))


def brewers(world: World) -> dict[str, Any]:
    return any_of(*(leaf("field", "contains", word, field="job_title") for word in ("brasseu", "Brewer")))


def learners(world: World) -> dict[str, Any]:
    return any_of(
        leaf("field", "contains", "tudiant", field="job_title"),
        leaf("field", "is", "Student", field="job_title"),
        leaf("tag", "is", world.tags["student"].pk),
    )


def far_away(world: World) -> dict[str, Any]:
    return all_of(
        leaf("field", "none_of", ["FR", "BE", "CH", "LU", "GB", "IE", "DE", "NL"], field="country"),
        leaf("field", "not_empty", field="country"),
    )


def large_volume(world: World) -> dict[str, Any]:
    return leaf("custom", "at_least", 1000, field="annual_volume")


def on_spreadsheet(world: World) -> dict[str, Any]:
    return leaf("custom", "is", world.name(TOOLS["spreadsheet"]), field="current_tool")


def free_mail(world: World) -> dict[str, Any]:
    ends = ("@courriel.example", "@freemail.example")
    return any_of(*(leaf("field", "ends_with", end, field="email") for end in ends))
