"""Triggers that pull contacts to different stages for the same score, and stages in no order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.doctor.consequences import Consequences, effects
from campaigns.effects import Reaches
from campaigns.models import Trigger
from contacts.models import Stage
from contacts.wording import number, quoted
from scoring.doctor import Examination, Finding, Severity, examinations
from scoring.doctor.chart import Chart

RISING = Trigger.Direction.RISING


@dataclass(frozen=True)
class Pull:
    """A trigger that sets a stage."""

    trigger: Trigger
    stage: Stage

    @property
    def rises(self) -> bool:
        return self.trigger.direction == RISING


@examinations.register
class OverlappingStages(Examination):
    key = "overlapping_stages"
    label = _("Stages that overlap")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        stages = Stage.objects.in_bulk()
        yield from _without_order(stages.values())
        pulls = [
            Pull(trigger, stages[effect.stage_id])
            for trigger in Consequences().triggers
            for action in trigger.actions.all()
            for effect in effects(action)
            if isinstance(effect, Reaches) and effect.stage_id in stages
        ]
        for one, other in combinations(pulls, 2):
            if one.rises == other.rises and _meet(one, other):
                yield from _contradiction(one, other)
        for falling in pulls:
            if not falling.rises:
                yield from _overlap(falling, [pull for pull in pulls if pull.rises])


def _without_order(stages: Iterable[Stage]) -> Iterator[Finding]:
    places = defaultdict(list)
    for stage in stages:
        places[stage.position].append(stage)
    for position, sharing in sorted(places.items()):
        if len(sharing) > 1:
            names = get_text_list([quoted(stage) for stage in sharing], _g("and"))
            yield Finding(
                Severity.WARNING,
                tuple(sharing),
                _g("%(stages)s stand at the same place of the funnel.") % {"stages": names},
                _g(
                    "All of them have position %(position)d. Nobody moves forward from one to the other, and conditions such as "
                    "“before” or “at least” cannot tell them apart."
                )
                % {"position": position},
                _g("Give each stage a position of its own, in the order of your funnel."),
            )


def _meet(one: Pull, other: Pull) -> bool:
    """Do two triggers look at the same score, and perhaps at the same contacts? Different conditions are taken as exclusive."""
    first, then = one.trigger, other.trigger
    either = not first.conditions or not then.conditions or first.conditions == then.conditions
    return first.pk != then.pk and first.group_id == then.group_id and either


def _contradiction(one: Pull, other: Pull) -> Iterator[Finding]:
    """Of two triggers in the same direction: a better score shall not lead to an earlier stage."""
    first, then = sorted((one, other), key=lambda pull: (pull.trigger.threshold, pull.stage.position))
    if first.stage == then.stage:
        return
    if first.trigger.threshold == then.trigger.threshold:
        yield _same_threshold(first, then)
    elif first.stage.position > then.stage.position:
        yield _wrong_order(first, then)


def _same_threshold(first: Pull, then: Pull) -> Finding:
    return Finding(
        Severity.PROBLEM,
        (first.trigger, then.trigger, first.stage, then.stage),
        _g("At %(threshold)s, “%(first)s” and “%(then)s” set two different stages: “%(lower)s” and “%(higher)s”.")
        % _values(first, then),
        _g("Both act for the same contacts at the same moment, so one of the two stages is left at once."),
        _g("Give them different thresholds, or conditions that exclude each other."),
    )


def _wrong_order(first: Pull, then: Pull) -> Finding:
    return Finding(
        Severity.PROBLEM,
        (then.trigger, first.trigger, then.stage, first.stage),
        _g(
            "“%(then)s” sets the stage “%(higher)s” at %(later)s, but “%(first)s” has set “%(lower)s” at %(threshold)s already, "
            "which comes after it in the funnel."
        )
        % _values(first, then),
        _g("A better score leads to an earlier stage: the contact goes back in the funnel, or never gets there."),
        _g("Let the thresholds rise in the order of the stages, or change the order of the stages."),
    )


def _overlap(falling: Pull, rising: list[Pull]) -> Iterator[Finding]:
    """Just below its threshold, whoever falls shall be where those are who rose as far."""
    below = [pull for pull in rising if pull.trigger.threshold < falling.trigger.threshold and _meet(pull, falling)]
    nearest = max(below, key=lambda pull: pull.trigger.threshold, default=None)
    if nearest is None or nearest.stage == falling.stage:
        return
    values = _values(nearest, falling)
    yield Finding(
        Severity.WARNING,
        (falling.trigger, nearest.trigger, falling.stage, nearest.stage),
        _g(
            "Between %(threshold)s and %(later)s a contact can be at “%(lower)s” or at “%(higher)s”, with the same score."
        )
        % values,
        _g("“%(first)s” sets “%(lower)s” from %(threshold)s on, and “%(then)s” sets “%(higher)s” below %(later)s.")
        % values,
        _g("Let “%(then)s” act at %(threshold)s or less.") % values,
    )


def _values(first: Pull, then: Pull) -> dict[str, str]:
    return {
        "first": first.trigger.name,
        "then": then.trigger.name,
        "lower": first.stage.name,
        "higher": then.stage.name,
        "threshold": number(first.trigger.threshold),
        "later": number(then.trigger.threshold),
    }
