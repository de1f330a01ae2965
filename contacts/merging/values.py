"""Which value wins, field by field, and how the winner gets it and gives it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model
from django.utils import timezone

from contacts import custom_values
from contacts.models import Company, Contact, CustomField, Merge, Stage

WINNER, LOSER = "winner", "loser"
COLUMNS = (
    "email",
    "phone",
    "first_name",
    "last_name",
    "company_id",
    "job_title",
    "city",
    "country",
    "language",
    "time_zone",
    "owner_id",
    "stage_id",
)
CUSTOM = "fields."
EMPTY: tuple[Any, ...] = (None, "", [])


@dataclass(frozen=True)
class Field:
    """A field of both contacts, and whose value would win if nobody chose."""

    name: str
    label: str
    winner: Any
    loser: Any
    default: str

    @property
    def is_choice(self) -> bool:
        """Have both a value, and not the same?"""
        return self.winner not in EMPTY and self.loser not in EMPTY and self.winner != self.loser


def fields(winner: Contact, loser: Contact) -> list[Field]:
    """What either of them has, in the order of the contact's form."""
    labels = {name: str(Contact._meta.get_field(name.removesuffix("_id")).verbose_name) for name in COLUMNS}  # type: ignore[union-attr]
    custom = {field.key: field.label for field in CustomField.objects.filter(archived_at__isnull=True)}
    known = {*winner.fields, *loser.fields}
    names = [
        *COLUMNS,
        *(CUSTOM + key for key in custom if key in known),
        *(CUSTOM + key for key in sorted(known - custom.keys())),
    ]
    found = [
        Field(
            name,
            labels.get(name) or custom.get(name.removeprefix(CUSTOM)) or name.removeprefix(CUSTOM),
            _of(winner, name),
            _of(loser, name),
            _default(winner, loser, name),
        )
        for name in names
    ]
    return [field for field in found if field.winner not in EMPTY or field.loser not in EMPTY]


def choose(winner: Contact, loser: Contact, choices: Mapping[str, str]) -> dict[str, Any]:
    """Give the winner the values that win; what they were and became, by name. The caller holds both contacts.

    Where the loser's email wins, the two change addresses: the old one goes on leading to the winner.
    """
    changed: dict[str, Any] = {}
    for field in fields(winner, loser):
        theirs = choices.get(field.name, field.default) == LOSER
        if theirs and field.loser not in EMPTY and field.loser != field.winner:
            changed[field.name] = [field.winner, field.loser]
    created = min(winner.created_at, loser.created_at)
    if "email" in changed:
        _exchange(winner, loser, changed["email"][1], changed["email"][0])
    _write(winner, {name: new for name, (_old, new) in changed.items() if name != "email"})
    if created != winner.created_at:
        changed["created_at"] = [winner.created_at.isoformat(), created.isoformat()]
        Contact.objects.filter(pk=winner.pk).update(created_at=created)
    return changed


def put_back(merge: Merge, later: Sequence[Merge]) -> None:
    """Give the winner back what it had, where nobody has changed it since. The caller holds both contacts.

    `later`: merges into the same winner since. What they have put in the place of a value goes back to what was there before it.
    """
    winner, loser = Contact.objects.get(pk=merge.winner_id), Contact.objects.get(pk=merge.loser_id)
    changed = dict(merge.fields)
    if email := changed.pop("email", None):
        _email_back(winner, loser, email, _hand_on("email", email, later))
    if created := changed.pop("created_at", None):
        _created_back(winner, created, later)
    same = {
        name: change[0]
        for name, change in changed.items()
        if not _hand_on(name, change, later) and _of(winner, name) == change[1]
    }
    _write(winner, {name: before for name, before in same.items() if before is None or _exists(name, before)})


def _hand_on(name: str, change: Sequence[Any], later: Sequence[Merge]) -> Merge | None:
    """The later merge that has put another value in the place of this one: it gives back what was there before."""
    before, after = change
    for merge in later:
        if name in merge.fields:
            if merge.fields[name][0] != after:
                return None
            merge.fields[name][0] = before
            return merge
    return None


def _email_back(winner: Contact, loser: Contact, change: Sequence[str | None], next_one: Merge | None) -> None:
    """The loser has its address again. Where a later merge took it from the winner, that one's loser has it."""
    before, after = change
    holder = winner if next_one is None else Contact.objects.get(pk=next_one.loser_id)
    if holder.email == after:
        _exchange(holder, loser, before, after)
    elif not Contact.objects.filter(email__iexact=after).exclude(pk=loser.pk).exists():
        Contact.objects.filter(pk=loser.pk).update(email=after)


def _created_back(winner: Contact, change: Sequence[str], later: Sequence[Merge]) -> None:
    """Whoever came first of those who are the winner still has been there since."""
    if _hand_on("created_at", change, later) or winner.created_at.isoformat() != change[1]:
        return
    created = change[0]
    for merge in later:
        theirs = Contact.objects.get(pk=merge.loser_id).created_at.isoformat()
        if datetime.fromisoformat(theirs) < datetime.fromisoformat(created):
            merge.fields["created_at"], created = [created, theirs], theirs
    Contact.objects.filter(pk=winner.pk).update(created_at=created)


def _exchange(winner: Contact, loser: Contact, winners: str | None, losers: str | None) -> None:
    """In two steps: an address is one contact's at a time."""
    Contact.objects.filter(pk=loser.pk).update(email=None)
    Contact.objects.filter(pk=winner.pk).update(email=winners)
    Contact.objects.filter(pk=loser.pk).update(email=losers)


def _write(contact: Contact, new: Mapping[str, Any]) -> None:
    columns = {name: value for name, value in new.items() if not name.startswith(CUSTOM)}
    custom = {name.removeprefix(CUSTOM): value for name, value in new.items() if name.startswith(CUSTOM)}
    if custom:
        columns["fields"] = custom_values.merged(contact.fields, custom)
    if columns:
        Contact.objects.filter(pk=contact.pk).update(**columns, updated_at=timezone.now())


def _exists(name: str, pk: Any) -> bool:
    """Is the company, owner or stage still there?"""
    models: dict[str, type[Model]] = {"company_id": Company, "owner_id": get_user_model(), "stage_id": Stage}
    return name not in models or models[name]._default_manager.filter(pk=pk).exists()


def _of(contact: Contact, name: str) -> Any:
    if name.startswith(CUSTOM):
        return contact.fields.get(name.removeprefix(CUSTOM))
    return getattr(contact, name)


def _default(winner: Contact, loser: Contact, name: str) -> str:
    """The winner's, if there is one; of two stages the further one."""
    if name == "stage_id" and winner.stage and loser.stage:
        return LOSER if loser.stage.position > winner.stage.position else WINNER
    return LOSER if _of(winner, name) in EMPTY else WINNER
