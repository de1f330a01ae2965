"""The three questions a score answers, each on a board of its own."""

from __future__ import annotations

from config.demo_world import segments
from config.demo_world.funnel import leaf
from config.demo_world.world import Words, World
from scoring.models import Leaderboard


def create(world: World) -> None:
    board(
        world,
        Words("Prospects les plus chauds", "Hottest leads"),
        Words("Quels prospects sont les plus chauds\xa0?", "Which contacts are the hottest leads?"),
        "engagement",
        leaf("stage", "before", world.stages["customer"].pk),
        1,
    )
    board(
        world,
        Words("Futurs ambassadeurs", "Future ambassadors"),
        Words("Quels clients peuvent devenir ambassadeurs\xa0?", "Which customers can become ambassadors?"),
        "ambassador",
        leaf("stage", "is", world.stages["customer"].pk),
        2,
    )
    board(
        world,
        Words("À appeler d'abord", "Call first"),
        Words("Qui mérite un appel en priorité\xa0?", "Who deserves a call first?"),
        "",
        segments.all_of(
            leaf("stage", "before", world.stages["customer"].pk),
            leaf("field", "not_empty", field="phone"),
            {"not": leaf("blocked", "is")},
            leaf("score", "at_least", 20, group=world.groups["fit"].pk),
        ),
        3,
    )


def board(world: World, name: Words, question: Words, group: str, conditions: dict[str, object], position: int) -> None:
    Leaderboard.objects.create(
        name=world.name(name),
        question=world.name(question),
        group=world.groups[group] if group else None,
        conditions=conditions,
        position=position,
    )
