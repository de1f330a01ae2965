"""What a form can be built of: the cards of the builder's palette, each with what it fills in by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from contacts import consent_texts
from contacts.models import Channel, Purpose
from tracking.models import FormField

Type = FormField.Type

BUILT_IN = {
    "email": _("Email"),
    "first_name": _("First name"),
    "last_name": _("Last name"),
    "phone": _("Phone"),
    "company": _("Company"),
    "job_title": _("Job title"),
    "city": _("City"),
    "country": _("Country"),
    "language": _("Language"),
    "time_zone": _("Time zone"),
}
ICONS = {
    Type.TEXT: "short_text",
    Type.TEXTAREA: "notes",
    Type.EMAIL: "mail",
    Type.PHONE: "call",
    Type.NUMBER: "pin",
    Type.URL: "link",
    Type.DATE: "event",
    Type.TIME: "schedule",
    Type.SELECT: "arrow_drop_down_circle",
    Type.RADIO: "radio_button_checked",
    Type.CHECKBOXES: "checklist",
    Type.CHECKBOX: "check_box",
    Type.COUNTRY: "public",
    Type.SCALE: "linear_scale",
    Type.FILE: "attach_file",
    Type.HIDDEN: "visibility_off",
    Type.CONSENT: "verified_user",
    Type.HEADING: "title",
    Type.PARAGRAPH: "subject",
}


def cards() -> list[dict[str, Any]]:
    """What can be added with one click: fields of each type, questions about the contact, and the origin of a visit."""
    types = [Card(str(type_.label), {"type": type_}) for type_ in Type]
    person = [Card(str(label), _about_contact(name, str(label))) for name, label in list(BUILT_IN.items())[:8]]
    utm = [_utm(name) for name in ("source", "medium", "campaign", "term", "content")]
    return [
        {"title": _g("Any field"), "cards": [card.as_json() for card in types]},
        {"title": _g("About the contact"), "cards": [card.as_json() for card in person]},
        {"title": _g("What they allow"), "cards": _consents()},
        {
            "title": _g("Where they come from"),
            "cards": [{"label": _g("All UTM parameters"), "icon": "query_stats", "rows": utm}],
        },
    ]


def words() -> dict[str, str]:
    """What the script of the builder says."""
    return {
        "up": _g("%(field)s moved up: %(place)s of %(count)s."),
        "down": _g("%(field)s moved down: %(place)s of %(count)s."),
        "taken": _g("%(field)s: taken out."),
        "required": _g("required"),
        "if": _g("only if “%(field)s”"),
        "choose": _g("Always"),
    }


BY_CHANNEL = {
    Channel.EMAIL: _("You may write to me by email."),
    Channel.SMS: _("You may write to me by SMS."),
}


@dataclass(frozen=True)
class Card:
    label: str
    values: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "icon": ICONS[Type(self.values["type"])], "rows": [self.values]}


def _consents() -> list[dict[str, Any]]:
    """A consent for each purpose with the text in force, in each language: the answer then names its version."""
    texts = {language: consent_texts.current(language) for language, _name in settings.LANGUAGES}
    asked = {
        purpose: {language: shown[purpose].text for language, shown in texts.items()} for purpose in Purpose.values
    }
    for channel, sentence in BY_CHANNEL.items():
        asked[channel] = {language: _in(language, sentence) for language in texts}
    names = {**dict(Purpose.choices), Channel.EMAIL: _g("Writing by email"), Channel.SMS: _g("Writing by SMS")}
    return [
        {
            "label": str(names[purpose]),
            "icon": ICONS[Type.CONSENT],
            "rows": [{"type": Type.CONSENT, "purpose": purpose, "key": _key(purpose), "labels": labels}],
        }
        for purpose, labels in asked.items()
    ]


def _key(purpose: str) -> str:
    """What the answer is called in exports and rules. “email” is the address."""
    return f"{purpose}_consent" if purpose in Channel.values else purpose


def _in(language: str, sentence: Any) -> str:
    with translation.override(language):
        return str(sentence)


def _about_contact(name: str, label: str) -> dict[str, Any]:
    types = {"email": Type.EMAIL, "phone": Type.PHONE, "country": Type.COUNTRY}
    values = {"type": types.get(name, Type.TEXT), "label": label, "key": name, "contact_field": name}
    return values | ({"required": True} if name == "email" else {})


def _utm(name: str) -> dict[str, Any]:
    return {"type": Type.HIDDEN, "label": f"UTM {name}", "key": f"utm_{name}", "parameter": f"utm_{name}"}
