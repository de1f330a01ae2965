"""Triggers that feed themselves: what they do moves the score they watch further in the direction they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from django.db.models import Model
from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.doctor.consequences import Consequence, Consequences
from campaigns.effects import Gives, Joins, Reaches, Sends
from campaigns.models import Email, Sms, Trigger
from contacts.models import Stage
from contacts.wording import signed
from scoring.doctor import Examination, Finding, Severity, examinations
from scoring.doctor.chart import Chart, InForce
from scoring.models import Match
from scoring.sources.base import chosen
from tracking.models import Kind, Subject

# What the contact may do with a message, and what happens by sending it alone.
ABOUT: dict[str, tuple[Kind, ...]] = {
    Subject.Type.EMAIL: (Kind.EMAIL_SENT, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED),
    Subject.Type.SMS: (Kind.SMS_CLICKED,),
}
AT_ONCE = (Kind.EMAIL_SENT,)
CLICKS = (Kind.EMAIL_CLICKED, Kind.SMS_CLICKED)
MESSAGES: dict[str, type[Email] | type[Sms]] = {Subject.Type.EMAIL: Email, Subject.Type.SMS: Sms}
Way = tuple[str, tuple[Model, ...]]  # in words, and the rows it goes by


@examinations.register
class Loops(Examination):
    key = "self_feeding_trigger"
    label = _("Triggers that feed themselves")

    def findings(self, chart: Chart) -> Iterable[Finding]:
        """Where a message lies between, people decide: then only triggers that act again and again can go in circles."""
        consequences = Consequences()
        ways = Ways(chart)
        for trigger in consequences.triggers:
            direct: list[Way] = []
            by_message: list[Way] = []
            for consequence in consequences.of(trigger):
                if isinstance(consequence.effect, Sends):
                    at_once, later = ways.by_message(trigger, consequence)
                    direct += at_once
                    by_message += later
                else:
                    direct += ways.direct(trigger, consequence)
            if direct:
                yield _direct(trigger, direct)
            elif by_message and trigger.again == Trigger.Again.REARM:
                yield _by_message(trigger, by_message)


class Ways:
    """How an effect comes back to the score a trigger watches."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart

    def direct(self, trigger: Trigger, consequence: Consequence) -> list[Way]:
        effect = consequence.effect
        if isinstance(effect, Gives):
            if self._feeds(trigger, effect.group_id, effect.points):
                group = self.chart.groups[effect.group_id]
                text = _g("it gives %(points)s in “%(group)s”") % {"points": signed(effect.points), "group": group.name}
                return [_way(text, consequence)]
            return []
        if not isinstance(effect, Joins | Reaches):
            return []
        return [
            _way(_g("it changes what “%(rule)s” (%(points)s) asks about") % _said(rule), consequence, rule.action)
            for rule in self.chart.rules
            if rule.version.kind is None
            and any(
                self._feeds(trigger, rule.version.group_id, rule.version.points * sign)
                for sign in self._sways(rule.version.params.get("conditions"), effect, 1)
            )
        ]

    def by_message(self, trigger: Trigger, consequence: Consequence) -> tuple[list[Way], list[Way]]:
        """Those that come about by sending alone, and those that need the contact to open or click."""
        at_once: list[Way] = []
        later: list[Way] = []
        effect: Any = consequence.effect
        message = MESSAGES[effect.type].objects.filter(pk=effect.ref_id, is_active=True).first()
        if message is None:
            return [], []
        for rule in self.chart.rules:
            if rule.version.kind not in ABOUT[effect.type] or not self._is_about(rule, effect):
                continue
            if self._feeds(trigger, rule.version.group_id, rule.version.points):
                text = _g("“%(rule)s” (%(points)s) counts what becomes of “%(message)s”")
                way = _way(text % (_said(rule) | {"message": message.name}), consequence, rule.action, message)
                (at_once if rule.version.kind in AT_ONCE else later).append(way)
        return at_once, later

    def _feeds(self, trigger: Trigger, group_id: int, points: int) -> bool:
        watched = self.chart.groups.get(group_id)
        if watched is None or (trigger.group_id is None and not watched.weight) or not points:
            return False
        onwards = points > 0 if trigger.direction == Trigger.Direction.RISING else points < 0
        return onwards and trigger.group_id in (None, group_id)

    @cached_property
    def _positions(self) -> dict[int, int]:
        return dict(Stage.objects.values_list("pk", "position"))

    def _sways(self, tree: Any, effect: Joins | Reaches, sign: int, depth: int = 0) -> set[int]:
        """Can the effect make these conditions true (1), or no longer true (-1)?"""
        if not isinstance(tree, Mapping) or depth > 10:
            return set()
        if "filter" in tree:
            answer = self._of_lists(tree, effect) if isinstance(effect, Joins) else self._of_stage(tree, effect)
            return {answer * sign} if answer else set()
        found = set()
        for key, parts in tree.items():
            for part in parts if isinstance(parts, list) else [parts]:
                found |= self._sways(part, effect, -sign if key == "not" else sign, depth + 1)
        return found

    def _of_lists(self, leaf: Mapping[str, Any], effect: Joins) -> int:
        op, wanted = leaf.get("op"), leaf.get("value")
        asked = set(wanted if isinstance(wanted, list) else [wanted])
        if leaf.get("filter") != effect.filter or (op not in ("empty", "not_empty") and not asked & set(effect.ids)):
            return 0
        return (-1 if effect.leaves else 1) * (-1 if op in ("is_not", "none_of", "empty") else 1)

    def _of_stage(self, leaf: Mapping[str, Any], effect: Reaches) -> int:
        new = self._positions.get(effect.stage_id)
        if leaf.get("filter") != "stage" or new is None:
            return 0
        op, wanted = leaf.get("op"), leaf.get("value")
        if op in ("before", "after", "reached"):
            asked = self._positions.get(wanted if isinstance(wanted, int) else 0)
            if asked is None:
                return 0
            return 1 if {"before": new < asked, "after": new > asked, "reached": new >= asked}[op] else -1
        among = effect.stage_id in (wanted if isinstance(wanted, list) else [wanted])
        return 1 if {"is": among, "one_of": among, "is_not": not among, "not_empty": True}.get(str(op), False) else -1

    def _is_about(self, rule: InForce, effect: Sends) -> bool:
        """Does the rule count events about this message, or about a link in it?"""
        only, addresses = rule.version.params.get("only"), rule.version.params.get("addresses")
        key = {"type": effect.type, "key": str(effect.ref_id)}
        if only and not Subject.objects.filter(pk__in=chosen(rule.version.params), **key).exists():
            return False
        if rule.version.kind not in CLICKS or not addresses:
            return True
        links = Subject.objects.filter(parent__in=Subject.objects.filter(**key))
        return Match.objects.filter(version=rule.version, subject__in=links).exists()


def _said(rule: InForce) -> dict[str, str]:
    return {"rule": rule.action.name, "points": signed(rule.version.points)}


def _way(text: str, consequence: Consequence, *rows: Model) -> Way:
    if consequence.campaign is None:
        return text, rows
    through = _g("by the campaign “%(campaign)s”, %(what)s") % {"campaign": consequence.campaign.name, "what": text}
    return through, (consequence.campaign, *rows)


def _direct(trigger: Trigger, ways: list[Way]) -> Finding:
    if trigger.direction == Trigger.Direction.RISING:
        why = _g("Part of the score then comes from having a score, not from what people do or are: %(ways)s.")
    else:
        why = _g("The score falls further because it fell: %(ways)s.")
    return Finding(
        Severity.WARNING,
        _rows(trigger, ways),
        _g("“%(trigger)s” feeds itself: what it does moves the very score it watches.") % {"trigger": trigger.name},
        why % {"ways": _listed(ways)},
        _g("Let it give its points in a group it does not watch, or leave them out."),
    )


def _by_message(trigger: Trigger, ways: list[Way]) -> Finding:
    return Finding(
        Severity.NOTE,
        _rows(trigger, ways),
        _g("“%(trigger)s” may go in circles: it sends a message that counts in the score it watches.")
        % {"trigger": trigger.name},
        _g("It acts again and again, and each time the score may move on because of the message: %(ways)s.")
        % {"ways": _listed(ways)},
        _g("Let the rule leave out this message, or let the trigger act once per contact."),
    )


def _rows(trigger: Trigger, ways: list[Way]) -> tuple[Model, ...]:
    return tuple(dict.fromkeys([trigger, *(row for _text, rows in ways for row in rows)]))


def _listed(ways: Iterator[Way] | list[Way]) -> str:
    return get_text_list(list(dict.fromkeys(text for text, _rows in ways)), _g("and"))
