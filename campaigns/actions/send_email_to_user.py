from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from campaigns import sent
from campaigns.actions.base import contact_of, named, row, rows
from campaigns.mail import send
from campaigns.models import Delivery, Email
from campaigns.registry import Action, DeliveryError, Params, Skipped, actions
from contacts.remarks import Remark

User = get_user_model()


@actions.register
class SendEmailToUser(Action):
    """One mail to all of them; somebody who is both chosen and the owner gets it once."""

    key = "send_email_to_user"
    label = _("Send an email to colleagues")
    group = _("Messages")
    external = True

    class Form(forms.Form):
        email = forms.ModelChoiceField(
            Email.objects.filter(is_active=True),
            label=_("Email"),
            help_text=_("Its personal fields are those of the contact."),
        )
        owner = forms.BooleanField(label=_("To the contact's owner"), required=False)
        users = forms.ModelMultipleChoiceField(
            User.objects.filter(is_active=True), label=_("To these colleagues"), required=False
        )

        def clean(self) -> dict[str, Any]:
            cleaned = super().clean() or {}
            if not cleaned.get("owner") and not cleaned.get("users"):
                raise ValidationError(_("Choose the owner, or at least one colleague."))
            return cleaned

    def describe(self, params: Params) -> str:
        people = [_g("the owner")] if params.get("owner") else []
        people += [str(user) for user in rows(User, params.get("users", ()))]
        text = _g("send the email %(name)s to %(people)s")
        return text % {"name": named(Email, [params["email"]]), "people": get_text_list(people, _g("and"))}

    def perform(self, delivery: Delivery, params: Params) -> str:
        email = row(Email, params["email"])
        if not email.is_active:
            raise DeliveryError(Remark(_("The email “%(name)s” is not active."), name=email), permanent=True)
        contact = contact_of(delivery)
        users = rows(User, params.get("users", ()))
        if params.get("owner") and contact.owner:
            users.append(contact.owner)
        addresses = sorted({user.email.lower() for user in users if user.is_active and user.email})
        if not addresses:
            raise Skipped(Remark(_("None of these colleagues has an address, and the contact has no owner with one.")))
        return send.to_colleagues(delivery, email, contact, addresses)

    def sent(self, delivery: Delivery) -> None:
        sent.note(delivery)
