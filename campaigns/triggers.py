"""Triggers: a score that moved through a threshold becomes a firing, and a firing its deliveries, in one transaction.

    movement ──► crossing? ──► condition met? ──► Firing (once per cycle) ──► one Delivery per action

The unique constraints one_firing_per_cycle and one_delivery_per_firing_and_action keep "once", whoever runs this and how
often. Scores moved by bulk work (a backfill, an import) make *held* firings: nothing happens until a person releases them,
and then only for those of whom it is still true.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from campaigns import sql, undoing, versions
from campaigns.decisions import Released
from campaigns.models import Delivery, Firing, Trigger
from campaigns.sql import Crossing, Fired
from contacts import conditions
from contacts import sql as contact_sql
from contacts.models import Contact
from scoring import profiling, values
from scoring.sql import own_rules

if TYPE_CHECKING:
    from scoring.scores import Movement, Range
    from scoring.values import Rows

State = Firing.State
DELIVERY_KEYS = uuid.UUID("6a0ab0e3-6f3e-4b43-93a5-1f8a1e6f6a11")  # never change: keys of deliveries are made from it
ENDLESS = Decimal("Infinity")
CHUNK = 2000
VALUE = "value"  # what a queryset of `already` calls the score people see


def fire(movements: Sequence[Movement], *, held: bool = False, publication_id: int | None = None) -> int:
    """Write the firings these movements cause, and their deliveries unless `held`; return how many acted or wait.

    `publication_id`: the publication whose re-scoring moved them. A rollback crosses nothing by putting a score back.

    The caller holds a transaction and the score rows of these contacts. The number of queries depends on the active
    triggers that were crossed, not on the contacts.
    """
    if not movements:
        return 0
    at = timezone.now()
    moved = _moved(movements, at)
    if moved and (off := profiling.off([m.contact_id for m in movements])):  # no score is shown of them: none crosses
        moved = _moved([m for m in movements if m.contact_id not in off], at)
    version_ids = versions.latest_ids([trigger for trigger, _, _ in moved]) if moved else {}
    before = undoing.before(publication_id, {m.contact_id for _, _, crossed in moved for m in crossed})
    deliveries: list[Delivery] = []
    count = 0
    for trigger, returned, crossed in moved:
        if before:
            going_back, crossed = undoing.apart(trigger, crossed, before)
            returned = [m for m in returned if m.contact_id not in going_back]
        if returned:
            sql.rearm_firings(trigger.pk, [m.contact_id for m in returned], at)
        meeting = met(trigger, [m.contact_id for m in crossed])
        crossings = [Crossing(m.contact_id, m.before, m.after, m.contact_id in meeting) for m in crossed]
        state = State.HELD if held else State.FIRED
        fired = _insert(trigger, version_ids[trigger.pk], crossings, state, publication_id)
        deliveries += _deliveries(trigger, fired)
        count += sum(row.state != State.UNMET for row in fired)
    _save(deliveries)
    return count


def release(firings: Iterable[Firing] | QuerySet[Firing], by: User | None) -> Released:
    """Let held firings act, as their triggers stand now (what the person releasing them sees).

    Those that are not true any more (`outdated`) are noted so, and do nothing. A firing that was decided already is left
    alone, so releasing twice makes deliveries once.
    """
    ids, at = [firing.pk for firing in firings], timezone.now()
    with transaction.atomic():
        past = sql.decide_firings(outdated(ids), state=State.OUTDATED, by=by.pk if by else None, at=at)
        decided = sql.decide_firings(ids, state=State.FIRED, by=by.pk if by else None, at=at)
        triggers = Trigger.objects.prefetch_related("actions").in_bulk({row[2] for row in decided})
        _save(
            [
                d
                for pk, contact_id, trigger_id in decided
                for d in _deliveries(triggers[trigger_id], [Fired(pk, contact_id, State.FIRED)])
            ]
        )
    return Released(len(decided), len(past))


def outdated(firing_ids: Sequence[int]) -> list[int]:
    """Of these, the held firings that would not come about now: the score is back, the condition is not met, or the
    trigger has fired again since."""
    found = []
    waiting: dict[int, dict[int, int]] = defaultdict(dict)  # trigger → contact → firing
    for pk, contact_id, trigger_id, fired_since in sql.held_firings(firing_ids):
        if fired_since:
            found.append(pk)
        else:
            waiting[trigger_id][contact_id] = pk
    for trigger in Trigger.objects.filter(pk__in=waiting):
        held = waiting[trigger.pk]
        there = already(trigger).filter(contact__in=contact_sql.one_of(list(held)))
        true = met(trigger, list(there.values_list("contact_id", flat=True)))
        found += [pk for contact_id, pk in held.items() if contact_id not in true]
    return found


def decline(firings: Iterable[Firing] | QuerySet[Firing], by: User | None) -> int:
    """Decide that held firings shall do nothing; return how many."""
    return _decide(firings, State.DECLINED, by)


def withdraw(firings: Iterable[Firing] | QuerySet[Firing], by: User | None, at: datetime | None = None) -> int:
    """Note that what made these firings wait was taken back; return how many. They may fire at a later crossing."""
    return _decide(firings, State.OUTDATED, by, at)


def levels() -> dict[int | None, list[Decimal]]:
    """The scores at which something happens, by group (None: overall): thresholds, and levels that re-arm."""
    found: dict[int | None, list[Decimal]] = defaultdict(list)
    for trigger in Trigger.objects.active(timezone.now()):
        found[trigger.group_id] += [trigger.threshold, *([] if trigger.rearm_at is None else [trigger.rearm_at])]
    return found


def watched() -> dict[int | None, list[Range]]:
    """The ranges of scores, by group (None: overall), that a movement must touch to fire or re-arm anything."""
    found: dict[int | None, list[Range]] = defaultdict(list)
    for trigger in Trigger.objects.active(timezone.now()):
        found[trigger.group_id] += ranges(trigger)
    return found


def ranges(trigger: Trigger) -> list[Range]:
    """What a movement must touch to concern this trigger: the threshold, or all that lies beyond where it re-arms (`back`)."""
    threshold = (trigger.threshold, trigger.threshold)
    if trigger.again != Trigger.Again.REARM:
        return [threshold]
    level = trigger.threshold if trigger.rearm_at is None else trigger.rearm_at
    rising = trigger.direction == Trigger.Direction.RISING
    return [threshold, (-ENDLESS, level) if rising else (level, ENDLESS)]


# --- switching on: who is there already -------------------------------------------------------------------------------


def already(trigger: Trigger) -> Rows:
    """The scores that are past the threshold today, whatever the trigger's condition says.

    Who does not allow profiling has none: not even one below a threshold.
    """
    score = values.of(trigger.group_id)
    rising = trigger.direction == Trigger.Direction.RISING
    past = score.at_least(trigger.threshold) if rising else score.below(trigger.threshold)
    # Few are merged: by a join every contact would be looked up.
    past = past.exclude(contact__in=Contact.objects.filter(merged_into__isnull=False).order_by())
    return profiling.counted(past)


def would_act(trigger: Trigger) -> QuerySet[Contact]:
    """Those past the threshold for whom `switch_on(existing="act")` would act: condition met, and no firing that stands."""
    past = already(trigger)
    if trigger.pk:
        later = Firing.objects.filter(trigger=trigger, contact=OuterRef("contact"), cycle__gt=OuterRef("cycle"))
        stands = trigger.firings.filter(~Exists(later)).exclude(state__in=[State.UNMET, State.OUTDATED])
        if trigger.again == Trigger.Again.REARM:
            stands = stands.filter(rearmed_at=None)
        past = past.exclude(contact__in=stands.order_by().values("contact_id"))
    there = Contact.objects.filter(pk__in=past.values("contact_id"))
    return conditions.matching(trigger.conditions, there) if trigger.conditions else there


def switch_on(trigger: Trigger, existing: Literal["act", "mark", "hold"], publication_id: int | None = None) -> int:
    """Make the trigger active; those past the threshold already are acted for, marked so that they never are, or held.

    Returns how many firings were written. Repeating adds nothing. Waits for running batches: whoever one of them moves past
    the threshold would neither be there already nor cross a trigger that is on.
    """
    state = {"act": State.FIRED, "mark": State.MARKED, "hold": State.HELD}[existing]
    with transaction.atomic():
        own_rules()
        Trigger.objects.filter(pk=trigger.pk).update(is_active=True)
        trigger.is_active = True
        versions.keep(trigger)
        return _stand(trigger, already(trigger), state, publication_id)


def hold(trigger: Trigger, contact_ids: Sequence[int], publication_id: int) -> int:
    """Hold a firing for those of these contacts who are past the threshold; how many. The caller holds a transaction."""
    there = already(trigger).filter(contact__in=contact_sql.one_of(contact_ids))
    return _stand(trigger, there, State.HELD, publication_id)


# --- helpers, in the order they are needed ----------------------------------------------------------------------------


def _decide(
    firings: Iterable[Firing] | QuerySet[Firing], state: str, by: User | None, at: datetime | None = None
) -> int:
    ids = [firing.pk for firing in firings]
    return len(sql.decide_firings(ids, state=state, by=by.pk if by else None, at=at or timezone.now()))


def _stand(trigger: Trigger, past: Rows, state: str, publication_id: int | None) -> int:
    """Write firings for those whose scores stand past the threshold; how many are of this state."""
    count, version_id = 0, versions.latest_ids([trigger])[trigger.pk]
    for chunk in _chunks(past.order_by("contact_id").values_list("contact_id", VALUE).iterator()):
        there = [contact_id for contact_id, _ in chunk]
        meeting = set(there) if state == State.MARKED else met(trigger, there)
        crossings = [Crossing(contact_id, score, score, contact_id in meeting) for contact_id, score in chunk]
        fired = _insert(trigger, version_id, crossings, state, publication_id)
        _save(_deliveries(trigger, fired))
        count += sum(row.state == state for row in fired)
    return count


def _moved(movements: Sequence[Movement], at: datetime) -> list[tuple[Trigger, list[Movement], Sequence[Movement]]]:
    """The active triggers that these concern, each with the movements that re-arm it and those that cross it."""
    by_group: dict[int | None, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_group[movement.group_id].append(movement)
    moved: list[tuple[Trigger, list[Movement], Sequence[Movement]]] = []
    for trigger in Trigger.objects.active(at).prefetch_related("actions"):
        moves = by_group[trigger.group_id]
        returned, crossed = back(trigger, moves), crossing(trigger, moves)
        if returned or crossed:
            moved.append((trigger, returned, crossed))
    return moved


def crossing(trigger: Trigger, movements: Sequence[Movement]) -> list[Movement]:
    """Those that went through the threshold. (Every movement of a batch meets every trigger: hence no call for each.)"""
    level = trigger.threshold
    if trigger.direction == Trigger.Direction.RISING:
        return [m for m in movements if m.before < level <= m.after]
    return [m for m in movements if m.after < level <= m.before]


def back(trigger: Trigger, movements: Sequence[Movement]) -> list[Movement]:
    """Those whose score is, or was until now, back at the re-arm level. `before` counts too: the way back may have been
    taken while the trigger was off."""
    if trigger.again != Trigger.Again.REARM:
        return []
    level, rearm = trigger.threshold, trigger.rearm_at
    if trigger.direction == Trigger.Direction.RISING:
        return [m for m in movements if (low := min(m.before, m.after)) < level and (rearm is None or low <= rearm)]
    return [m for m in movements if (high := max(m.before, m.after)) >= level and (rearm is None or high >= rearm)]


def met(trigger: Trigger, contact_ids: Collection[int]) -> set[int]:
    """Those of these contacts who meet the trigger's condition now."""
    if not trigger.conditions or not contact_ids:
        return set(contact_ids)
    candidates = contact_sql.contacts(list(contact_ids))
    return set(conditions.matching(trigger.conditions, candidates).values_list("pk", flat=True))


def _insert(
    trigger: Trigger, version_id: int, crossings: Sequence[Crossing], state: str, publication_id: int | None = None
) -> list[Fired]:
    if not crossings:
        return []
    again = trigger.again == Trigger.Again.REARM
    return sql.insert_firings(
        trigger.pk, version_id, crossings, state=state, again=again, at=timezone.now(), publication_id=publication_id
    )


def _deliveries(trigger: Trigger, fired: Iterable[Fired]) -> list[Delivery]:
    return [
        Delivery(
            firing_id=row.id,
            trigger_action=action,
            contact_id=row.contact_id,
            type=action.type,
            params=action.params,
            key=uuid.uuid5(DELIVERY_KEYS, f"firing {row.id} action {action.pk}"),
        )
        for row in fired
        if row.state == State.FIRED
        for action in trigger.actions.all()
    ]


def _save(deliveries: Sequence[Delivery]) -> None:
    if deliveries:
        Delivery.objects.bulk_create(deliveries, batch_size=CHUNK, ignore_conflicts=True)


def _chunks(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while chunk := list(islice(rows, CHUNK)):
        yield chunk
