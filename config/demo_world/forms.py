"""The forms: contact request, white paper, webinar registration and newsletter, each in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.demo_world.funnel import INTERESTS, TOOLS
from config.demo_world.world import Words, World
from contacts.models import Channel, Purpose
from tracking.models import Form, FormField

Type = FormField.Type


@dataclass(frozen=True)
class Question:
    key: str
    label: Words
    type: str = Type.TEXT
    contact_field: str = ""
    required: bool = True
    choices: tuple[Words, ...] = ()
    purpose: str = ""
    own_choices: bool = False  # in the instance's language: they are values of a custom field
    only_if: tuple[str, Words] | None = None  # the key of an earlier question, and the answer to it
    options: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A form: its names, its words, its questions."""

    name: Words
    title: Words
    description: Words
    button: Words
    thanks: Words
    questions: tuple[Question, ...]


SOON = Words("Dans les trois mois", "Within three months")
THIS_YEAR = Words("Dans l'année", "Within a year")
LOOKING = Words("Je regarde, c'est tout", "Just looking")

EMAIL = Question("email", Words("Votre email", "Your email"), Type.EMAIL, "email")
FIRST_NAME = Question("first_name", Words("Prénom", "First name"), contact_field="first_name")
LAST_NAME = Question("last_name", Words("Nom", "Last name"), contact_field="last_name")
COMPANY = Question("company", Words("Votre brasserie", "Your brewery"), contact_field="company", required=False)
JOB_TITLE = Question("job_title", Words("Votre fonction", "Your role"), contact_field="job_title", required=False)
PHONE = Question("phone", Words("Téléphone", "Phone"), Type.PHONE, "phone", required=False)
VOLUME = Question(
    "annual_volume",
    Words("Volume annuel (hl)", "Annual volume (hl)"),
    Type.NUMBER,
    "fields.annual_volume",
    required=False,
)
TOOL = Question(
    "current_tool",
    Words("Avec quoi suivez-vous votre production\xa0?", "What do you track production with?"),
    Type.SELECT,
    "fields.current_tool",
    required=False,
    choices=tuple(TOOLS.values()),
    own_choices=True,
)
PROJECT = Question(
    "project",
    Words("Quand pensez-vous vous équiper\xa0?", "When do you plan to buy?"),
    Type.RADIO,
    choices=(SOON, THIS_YEAR, LOOKING),
)
BEFORE = Question(
    "before",
    Words("Quelle échéance ne faut-il pas manquer\xa0?", "Which date must not be missed?"),
    required=False,
    only_if=("project", SOON),
)
RECIPES = Question(
    "recipes",
    Words("Une liste de vos bières (PDF ou tableur)", "A list of your beers (PDF or spreadsheet)"),
    Type.FILE,
    required=False,
    options=(("kinds", ["pdf", "table"]), ("megabytes", 5)),
    only_if=("project", SOON),
)
MESSAGE = Question("message", Words("Votre message", "Your message"), Type.TEXTAREA, required=False)
INTEREST = Question(
    "interests",
    Words("Ce qui vous intéresse", "What you are interested in"),
    Type.CHECKBOXES,
    "fields.interests",
    required=False,
    choices=tuple(INTERESTS.values()),
    own_choices=True,
)
FOLLOW = Question(
    "follow",
    Words(
        "J'accepte que Cuvelog suive mes visites sur ses sites pour ne m'écrire que de ce qui m'intéresse.",
        "Cuvelog may follow my visits to its sites, to write to me only about what interests me.",
    ),
    Type.CONSENT,
    required=False,
    purpose=Purpose.WEB_TRACKING,
)
READ = Question(
    "read",
    Words("J'accepte que Cuvelog sache si j'ouvre ses emails.", "Cuvelog may know whether I open its emails."),
    Type.CONSENT,
    required=False,
    purpose=Purpose.EMAIL_TRACKING,
)

LETTER = Question(
    "letter",
    Words("Oui, envoyez-moi la lettre par email.", "Yes, send me the letter by email."),
    Type.CONSENT,
    purpose=Channel.EMAIL,
)

SHEETS = {
    "contact": Sheet(
        Words("Demande de contact", "Contact request"),
        Words("Parlons de votre brasserie", "Let's talk about your brewery"),
        Words("Camille vous répond dans la journée.", "Oliver answers within the day."),
        Words("Demander une démonstration", "Ask for a demo"),
        Words("Merci, nous vous appelons très vite.", "Thank you, we will call you very soon."),
        (FIRST_NAME, LAST_NAME, EMAIL, PHONE, COMPANY, JOB_TITLE, PROJECT, BEFORE, RECIPES, MESSAGE, FOLLOW, READ),
    ),
    "paper": Sheet(
        Words("Livre blanc\xa0: la marge", "White paper: the margin"),
        Words("Recevez le livre blanc", "Get the white paper"),
        Words("28 pages, aucune recette secrète.", "28 pages, no secret recipes."),
        Words("Télécharger", "Download"),
        Words("Bonne lecture\xa0!", "Enjoy the read!"),
        (FIRST_NAME, LAST_NAME, EMAIL, COMPANY, TOOL, FOLLOW, READ),
    ),
    "newsletter": Sheet(
        Words("Lettre du brasseur", "Brewer's letter"),
        Words("La lettre du brasseur", "The brewer's letter"),
        Words("Tous les deux mois, une lecture de cinq minutes.", "A five-minute read every other month."),
        Words("Je m'abonne", "Subscribe"),
        Words("Encore un clic, et la lettre est à vous.", "One more click, and the letter is yours."),
        (EMAIL, FIRST_NAME, LETTER, FOLLOW, READ),
    ),
    "webinar": Sheet(
        Words("Inscription au webinaire", "Webinar registration"),
        Words("Réservez votre place", "Save your seat"),
        Words("Quarante-cinq minutes, questions comprises.", "Forty-five minutes, questions included."),
        Words("Je m'inscris", "Register"),
        Words("C'est noté\xa0! Le lien arrive par email.", "You are in! The link follows by email."),
        (FIRST_NAME, LAST_NAME, EMAIL, COMPANY, INTEREST, FOLLOW, READ),
    ),
}


def create(world: World) -> None:
    """Make every form in both languages, `contact_fr` and so on."""
    for key, sheet in SHEETS.items():
        for language in ("fr", "en"):
            world.forms[f"{key}_{language}"] = _form(world, sheet, language)


def switch_on(world: World) -> None:
    """From now on the contact's owner and the marketer hear of each contact request, the letter is confirmed from a mail, and the
    white paper asks for no more than three things at a time."""
    for language in ("fr", "en"):
        Form.objects.filter(pk=world.forms[f"newsletter_{language}"].pk).update(double_opt_in=True)
        Form.objects.filter(pk=world.forms[f"paper_{language}"].pk).update(leave_out_known=True, ask_at_most=3)
        form = world.forms[f"contact_{language}"]
        form.notify_owner = True
        form.save(update_fields=["notify_owner"])
        form.notify_users.set([world.users["marketer"]])


def _form(world: World, sheet: Sheet, language: str) -> Form:
    form = Form.objects.create(
        name=f"{sheet.name.into(language)} ({language.upper()})",
        title=sheet.title.into(language),
        description=sheet.description.into(language),
        button=sheet.button.into(language),
        language=language,
        thank_you_message=sheet.thanks.into(language),
        created_at=world.start,
    )
    FormField.objects.bulk_create(
        FormField(
            form=form,
            key=question.key,
            label=question.label.into(language),
            type=question.type,
            required=question.required,
            choices=[choice.into(world.language if question.own_choices else language) for choice in question.choices],
            contact_field=question.contact_field,
            purpose=question.purpose,
            depends_on=question.only_if[0] if question.only_if else "",
            depends_values=[question.only_if[1].into(language)] if question.only_if else [],
            options=dict(question.options),
            position=position,
        )
        for position, question in enumerate(sheet.questions, start=1)
    )
    return form
