"""The funnel and what marks contacts on their way: stages, tags, point groups, custom fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from config.demo_world.world import Words, World
from contacts.models import CustomField, Stage, Tag
from scoring.models import PointGroup

# key: (name, colour, description), in order
STAGES = {
    "curious": (
        Words("Curieux", "Curious"),
        "#94a3b8",
        Words(
            "Nous connaît à peine\xa0: une visite, une carte de visite.", "Hardly knows us: a visit, a business card."
        ),
    ),
    "lead": (
        Words("Prospect", "Lead"),
        "#38bdf8",
        Words(
            "A demandé quelque chose\xa0: un livre blanc, la lettre, un webinaire.",
            "Asked for something: a paper, the letter, a webinar.",
        ),
    ),
    "qualified": (
        Words("Prospect qualifié", "Qualified lead"),
        "#818cf8",
        Words(
            "La bonne brasserie, et de l'intérêt\xa0: un appel vaut la peine.",
            "The right brewery, and interest: worth a call.",
        ),
    ),
    "opportunity": (
        Words("Opportunité", "Opportunity"),
        "#f59e0b",
        Words("Démonstration demandée ou essai en cours.", "Asked for a demo, or is on a trial."),
    ),
    "customer": (Words("Client", "Customer"), "#22c55e", Words("Brasse avec Cuvelog.", "Brews with Cuvelog.")),
    "ambassador": (
        Words("Ambassadeur", "Ambassador"),
        "#d946ef",
        Words("Nous a déjà amené une autre brasserie.", "Has already brought us another brewery."),
    ),
}

# key: (name, weight in the overall score, colour, description)
GROUPS = {
    "engagement": (
        Words("Engagement", "Engagement"),
        "1",
        "#2563eb",
        Words(
            "Ce que la personne fait\xa0: lire, cliquer, demander, essayer.", "What people do: read, click, ask, try."
        ),
    ),
    "fit": (
        Words("Adéquation", "Fit"),
        "0.5",
        "#16a34a",
        Words(
            "Ce que la personne est\xa0: son rôle, la taille de sa brasserie.",
            "Who people are: their role, their brewery's size.",
        ),
    ),
    "ambassador": (
        Words("Ambassadeur", "Ambassador"),
        "0.25",
        "#d946ef",
        Words("À quel point un client parle de nous.", "How much a customer speaks for us."),
    ),
}

TAGS = {
    "hot": Words("Chaud", "Hot"),
    "fair": Words("Salon Bières & Terroirs", "Beer & Terroir fair"),
    "partner": Words("Partenaire", "Partner"),
    "press": Words("Presse", "Press"),
    "student": Words("Étudiant", "Student"),
    "speaks": Words("Témoigne pour nous", "Speaks for us"),
    "invoice": Words("Payé par virement", "Pays by transfer"),
}

TOOLS = {
    "spreadsheet": Words("Un tableur", "A spreadsheet"),
    "paper": Words("Un cahier", "A notebook"),
    "other": Words("Un autre logiciel", "Other software"),
    "none": Words("Rien encore", "Nothing yet"),
}
INTERESTS = {
    "brewhouse": Words("Salle de brassage", "Brewhouse"),
    "kegs": Words("Suivi des fûts", "Keg tracking"),
    "excise": Words("Droits d'accise", "Excise duty"),
    "cost": Words("Coût de revient", "Cost of a batch"),
}

Type = CustomField.Type
FIELDS: list[tuple[str, Words, str, dict[str, Words], Words]] = [
    (
        "annual_volume",
        Words("Volume annuel (hl)", "Annual volume (hl)"),
        Type.INTEGER,
        {},
        Words("En hectolitres par an.", "In hectolitres a year."),
    ),
    ("current_tool", Words("Outil actuel", "Current tool"), Type.CHOICE, TOOLS, Words("", "")),
    ("interests", Words("Centres d'intérêt", "Interests"), Type.CHOICES, INTERESTS, Words("", "")),
    ("customer_since", Words("Client depuis", "Customer since"), Type.DATE, {}, Words("", "")),
    (
        "exports",
        Words("Exporte", "Exports"),
        Type.BOOLEAN,
        {},
        Words("Vend dans un autre pays que le sien.", "Sells outside its own country."),
    ),
]


def create(world: World) -> None:
    for position, (key, (name, color, description)) in enumerate(STAGES.items(), start=1):
        world.stages[key] = Stage.objects.create(
            name=world.name(name), color=color, description=world.name(description), position=position
        )
    for position, (key, (name, weight, color, description)) in enumerate(GROUPS.items(), start=1):
        world.groups[key] = PointGroup.objects.create(
            name=world.name(name),
            weight=Decimal(weight),
            color=color,
            description=world.name(description),
            position=position,
        )
    for key, name in TAGS.items():
        world.tags[key] = Tag.objects.create(name=world.name(name))
    for position, (key, label, type_, choices, help_text) in enumerate(FIELDS, start=1):
        CustomField.objects.create(
            key=key,
            label=world.name(label),
            type=type_,
            choices=world.names(choices.values()),
            help_text=world.name(help_text),
            position=position,
        )


def leaf(filter_: str, op: str, value: Any = None, **fixed: Any) -> dict[str, Any]:
    """One condition of a tree."""
    return {"filter": filter_, **fixed, "op": op} | ({} if value is None else {"value": value})
