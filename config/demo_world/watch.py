"""What the scores do meanwhile: movements, firings and deliveries since the last look, in readable lines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.db.models import Max
from django.utils import timezone

from campaigns.models import Delivery, Firing
from scoring import values
from scoring.models import ContactScore

MOST = 40  # lines of one kind at one look


class Watch:
    """Remembers where it looked last."""

    def __init__(self) -> None:
        self.firing_id: int = Firing.objects.aggregate(last=Max("pk"))["last"] or 0
        self.done_at = self.moved_at = timezone.now()
        self.scores: dict[int, Decimal] = {}

    def look(self) -> Iterator[str]:
        yield from self._scores()
        yield from self._firings()
        yield from self._deliveries()

    def _scores(self) -> Iterator[str]:
        rows = ContactScore.objects.filter(group__isnull=False, updated_at__gt=self.moved_at).order_by(
            "updated_at", "pk"
        )
        moved = list(rows.select_related("contact", "group")[:MOST])
        today = values.current([row.contact_id for row in moved])
        for row in moved:
            value = today[row.contact_id, row.group_id]
            before = self.scores.get(row.pk)
            self.scores[row.pk] = value
            self.moved_at = max(self.moved_at, row.updated_at)
            change = "" if before is None else f" (was {float(before):g})"
            yield f"    {row.contact}: {row.group} {float(value):g}{change}"

    def _firings(self) -> Iterator[str]:
        told = [Firing.State.FIRED, Firing.State.HELD]
        rows = Firing.objects.filter(pk__gt=self.firing_id, state__in=told).order_by("pk")
        for firing in rows.select_related("contact", "trigger")[:MOST]:
            self.firing_id = firing.pk
            how = "fires for" if firing.state == Firing.State.FIRED else f"({firing.get_state_display()}) for"
            yield f"  * trigger “{firing.trigger}” {how} {firing.contact}: {float(firing.before):g} → {float(firing.after):g}"

    def _deliveries(self) -> Iterator[str]:
        rows = Delivery.objects.filter(done_at__gt=self.done_at).order_by("done_at", "pk")
        for delivery in rows.select_related("contact")[:MOST]:
            self.done_at = max(self.done_at, delivery.done_at or self.done_at)
            yield f"    {delivery.type} for {delivery.contact}: {delivery.get_state_display()}. {delivery.outcome}".rstrip()
