"""Where the columns of a file may go, and under which headers people write them, in English and in French."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from contacts.countries import folded
from contacts.models import CustomField

CUSTOM = "fields."


@dataclass(frozen=True)
class Target:
    """What a column can be. `key` is how a mapping names it."""

    key: str
    label: Any
    headers: tuple[str, ...] = ()  # folded: without accents and capitals


BUILT_IN = [
    Target("email", _("Email"), ("e mail", "mail", "email address", "adresse email", "adresse e mail", "courriel")),
    Target("first_name", _("First name"), ("firstname", "given name", "prenom")),
    Target("last_name", _("Last name"), ("lastname", "surname", "family name", "nom", "nom de famille")),
    Target("name", _("Full name"), ("full name", "nom complet", "contact")),
    Target("phone", _("Phone"), ("phone number", "mobile", "mobile phone", "telephone", "tel", "portable")),
    Target("company", _("Company"), ("organisation", "organization", "societe", "entreprise", "company name")),
    Target("job_title", _("Job title"), ("title", "position", "fonction", "poste", "intitule du poste")),
    Target("city", _("City"), ("town", "ville")),
    Target("country", _("Country"), ("pays",)),
    Target("language", _("Language"), ("langue",)),
    Target("time_zone", _("Time zone"), ("timezone", "fuseau horaire")),
    Target("owner", _("Owner"), ("responsable", "proprietaire", "commercial")),
    Target("stage", _("Stage"), ("etape",)),
    Target("tags", _("Tags, separated by |"), ("tag", "tags", "etiquette", "etiquettes", "mots cles")),
    Target("segments", _("Segments, separated by |"), ("segment", "segments", "liste", "listes", "list", "lists")),
]  # fmt: skip


def available() -> list[Target]:
    """Built-in targets, then today's custom fields, by key and by label."""
    custom = CustomField.objects.filter(archived_at__isnull=True)
    return [*BUILT_IN, *(Target(CUSTOM + field.key, field.label, (_plain(field.label),)) for field in custom)]


def guess(headers: Sequence[str]) -> list[str]:
    """The target of each header by its name, "" where none fits; no target twice."""
    names: dict[str, str] = {}
    for target in available():
        for name in (_plain(target.key), _plain(target.key.removeprefix(CUSTOM)), *target.headers):
            names.setdefault(name, target.key)
    taken: set[str] = set()
    mapping = []
    for header in headers:
        key = names.get(_plain(header), "")
        mapping.append("" if key in taken else key)
        taken.add(key)
    return mapping


def _plain(header: str) -> str:
    """A header as names are compared: without accents, capitals, underscores, hyphens or doubled blanks."""
    return " ".join(folded(header).replace("_", " ").replace("-", " ").replace(".", " ").split())
