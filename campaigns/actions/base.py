"""What actions share: the rows their settings name, whom they are for, and why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns.models import Delivery
from campaigns.registry import DeliveryError
from contacts.models import Contact, Membership
from contacts.remarks import Remark
from contacts.wording import quoted

M = TypeVar("M", bound=Model)
_names: ContextVar[dict[tuple[type[Model], object], str] | None] = ContextVar("names", default=None)


def row(model: type[M], pk: object) -> M:
    """The row the settings name; a delivery whose row is gone is given up, and says so."""
    try:
        return model._default_manager.get(pk=pk)
    except (ObjectDoesNotExist, ValueError, TypeError):
        raise DeliveryError(
            Remark(_("The %(noun)s it names does not exist any more."), noun=model._meta.verbose_name), permanent=True
        ) from None


def rows(model: type[M], pks: Iterable[object]) -> list[M]:
    """Those of the rows that still exist, in the model's order."""
    return list(model._default_manager.filter(pk__in=list(pks)))


def names(model: type[Model], pks: Iterable[object]) -> list[str]:
    """The names of rows, for a remark."""
    known, wanted = _names.get() or {}, list(pks)
    if missing := [pk for pk in wanted if (model, pk) not in known]:
        found = {item.pk: str(item) for item in rows(model, missing)}
        known |= {(model, pk): found.get(pk) or Remark(_("(deleted)")) for pk in missing}
        if _names.get() is not None:
            _names.set(known)
    return [known[model, pk] for pk in wanted]


def named(model: type[Model], pks: Iterable[object]) -> str:
    """The names of rows, for a sentence: “A”, “B” and “C”."""
    found = names(model, pks)
    return get_text_list([name if isinstance(name, Remark) else quoted(name) for name in found], _g("and"))


@contextlib.contextmanager
def remembering_names() -> Iterator[None]:
    """Within it each row is asked for its name once: a list of a hundred sentences names the same few emails."""
    token = _names.set({})
    try:
        yield
    finally:
        _names.reset(token)


def contact_of(delivery: Delivery) -> Contact:
    """Whom it is for: whoever the contact was merged into, if they were."""
    contact = delivery.contact
    if contact is None:
        raise DeliveryError(Remark(_("This delivery is about nobody.")), permanent=True)
    while contact.merged_into:
        contact = contact.merged_into
    return contact


def cause(delivery: Delivery) -> str:
    """Why, in words: the name of the trigger or the campaign."""
    if delivery.firing:
        return delivery.firing.trigger.name
    return delivery.step_run.step.campaign.name if delivery.step_run else ""


def reason(delivery: Delivery) -> Membership.Reason:
    return Membership.Reason.TRIGGER if delivery.firing_id else Membership.Reason.CAMPAIGN
