"""Tracking's part of a merge: what the contact did, in which browsers, and what they submitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from contacts import consent
from contacts.merging import Job, Part, parts
from contacts.merging.parts import Figures
from contacts.models import Channel, Contact, DoNotContact
from tracking import merging_sql as sql
from tracking import proofs  # noqa: F401 - registers its finder
from tracking.inbox import KIND_OF_CHANGE
from tracking.models import Event, FormSubmission, Kind, Visitor

# What the database notes of a contact's own data stays with whom it was noted of.
OWN = sorted({int(kind) for kind in (*KIND_OF_CHANGE.values(), Kind.STAGE_CHANGED)})

# With which people say in a browser who they are.
INTRODUCING = [int(kind) for kind in (Kind.FORM_SUBMITTED, Kind.IDENTIFIED)]


@parts.register
class Deeds(Part):
    """Ties and confirmations stay with the address they are about, and marks with the contact who was marked."""

    key = "tracking"
    position = 10
    lock_position = 30
    covers = frozenset(
        f"tracking.{name}" for name in ("Event", "Visitor", "FormSubmission", "Tie", "Mark", "Confirmation")
    )

    def lock(self, ids: Sequence[int]) -> None:
        sql.lock_visitors(ids)

    def move(self, job: Job) -> dict[str, Any]:
        winner, loser = job.winner_id, job.loser_id
        known = sql.lock_visitors([winner])
        visitors = sql.lock_visitors([loser])
        Visitor.objects.filter(pk__in=visitors).update(contact=winner)
        submissions = list(FormSubmission.objects.filter(contact=loser).order_by("pk").values_list("pk", flat=True))
        FormSubmission.objects.filter(pk__in=submissions).update(contact=winner)
        return {
            "after": sql.last_event(),
            "events": sql.give_events(winner, loser, OWN),
            "visitors": visitors,
            "known": known,
            "submissions": submissions,
        }

    def put_back(self, job: Job, moved: Mapping[str, Any]) -> None:
        winner, loser, after = job.winner_id, job.loser_id, moved["after"]
        losers = [loser, *Contact.objects.filter(merged_into=loser).values_list("pk", flat=True)]
        known = [*_known(job, moved), *moved["visitors"], *job.kept(self.key, "visitors")]
        new = sql.new_visitors(winner, losers, known, after, INTRODUCING)
        others = job.kept(self.key, "events")  # who was merged since brought them
        sql.return_events(winner, losers, moved, others, new, OWN, Kind.FORM_SUBMITTED)
        Visitor.objects.filter(pk__in=[*moved["visitors"], *new], contact=winner).update(contact=loser)
        FormSubmission.objects.filter(pk__in=moved["submissions"], contact=winner).update(contact=loser)
        for contact_id in job.ids:  # a refusal is never lost: the block it made may have been one of the merge's
            if Event.objects.filter(contact=contact_id, kind=Kind.UNSUBSCRIBED, pk__gt=after).exists():
                consent.block(contact_id, Channel.EMAIL, DoNotContact.Reason.UNSUBSCRIBED)
            told = Event.objects.filter(contact=contact_id, kind=Kind.CONSENT_ANSWERED, pk__gt=after)
            refused = {name for name, said in consent.answers(contact_id).items() if not said.granted}
            for channel in told.filter(data__purpose__in=refused & set(Channel.values)).values_list(
                "data__purpose", flat=True
            ):
                consent.block(contact_id, channel, DoNotContact.Reason.UNSUBSCRIBED)

    def figures(self, contact_id: int) -> Figures:
        return {
            _("Events"): Event.objects.filter(contact=contact_id).exclude(kind__in=OWN).count() or "",
            _("Form submissions"): FormSubmission.objects.filter(contact=contact_id).count() or "",
            _("Browsers"): Visitor.objects.filter(contact=contact_id).count() or "",
        }


def _known(job: Job, moved: Mapping[str, Any]) -> list[str]:
    """The winner's browsers when they were merged. Of older merges it was not noted: then none that was seen since is."""
    if "known" in moved:
        return list(moved["known"])
    seen = Visitor.objects.filter(contact=job.winner_id, first_seen_at__lte=job.merge.at)
    return [str(pk) for pk in seen.values_list("pk", flat=True)]
