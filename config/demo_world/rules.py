"""The point actions: what is worth how much at Cuvelog. Every point source is used, for more and for less."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from config.demo_world import profiles, segments
from config.demo_world.forms import LOOKING, SOON
from config.demo_world.world import Words, World
from contacts import typed_params
from scoring import rules
from scoring.models import CapPeriod, PointAction, Repeat
from scoring.sources import point_sources
from tracking import subjects
from tracking.models import FormField, Subject

SITE = "www.cuvelog.example"
# The events Cuvelog's own application sends by API.
EVENTS = ("trial_started", "batch_recorded", "purchase", "referral", "survey_happy", "survey_unhappy")


@dataclass(frozen=True)
class Rule:
    name: Words
    source: str
    points: int
    group: str = "engagement"
    repeat: str = Repeat.ONCE_PER_OBJECT
    params: dict[str, Any] | Callable[[World], dict[str, Any]] = field(default_factory=dict)
    form: str = ""  # set where the points belong to a form itself
    limits: dict[str, Any] = field(default_factory=dict)  # caps and expiry


def pages(*paths: str) -> dict[str, Any]:
    return {"addresses": [f"{SITE}{path}" for path in paths]}


def event(name: str) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"only": [_custom(name)]}


def about(kind: str, *keys: str) -> Callable[[World], dict[str, Any]]:
    """Only these emails, forms, assets …, by their key in the world."""
    return lambda world: {"only": [_subject(getattr(world, kind)[key]) for key in keys]}


def answer(form: str, words: Words) -> Callable[[World], dict[str, Any]]:
    language = form.rpartition("_")[2]
    return lambda world: {
        "question": FormField.objects.get(form=world.forms[form], key="project").pk,
        "answers": words.into(language),
    }


def who(name: Words, points: int, tree: Callable[[World], dict[str, Any]]) -> Rule:
    """A rule about who somebody is."""
    return Rule(name, "profile_matches", points, "fit", Repeat.ONCE, lambda world: {"conditions": tree(world)})


RULES = {
    # Mail and SMS
    "sent": Rule(Words("Sollicité par email", "Was sent an email"), "email_sent", -1, repeat=Repeat.MONTHLY),
    "opened": Rule(Words("Ouvre un email", "Opens an email"), "email_opened", 2, limits={"expires_after_days": 365}),
    "clicked": Rule(Words("Clique dans un email", "Clicks in an email"), "email_clicked", 4),
    "clicked_prices": Rule(
        Words("Clique vers les tarifs", "Clicks through to pricing"),
        "email_clicked",
        8,
        repeat=Repeat.MONTHLY,
        params=pages("/tarifs", "/en/pricing"),
    ),
    "texted": Rule(Words("Clique dans un SMS", "Clicks in an SMS"), "sms_clicked", 8),
    # The site
    "landed": Rule(Words("Visite une page d'atterrissage", "Visits a landing page"), "landing_page_visited", 3),
    "read": Rule(
        Words("Lit le journal du brasseur", "Reads the brewer's journal"),
        "page_visited",
        1,
        repeat=Repeat.DAILY,
        params=pages("/blog/*", "/en/blog/*"),
    ),
    "prices": Rule(
        Words("Regarde les tarifs", "Looks at pricing"),
        "page_visited",
        8,
        repeat=Repeat.WEEKLY,
        params=pages("/tarifs", "/en/pricing"),
    ),
    "tour": Rule(
        Words("Regarde la visite guidée", "Watches the guided tour"),
        "page_visited",
        10,
        repeat=Repeat.MONTHLY,
        params=pages("/demo", "/en/demo"),
    ),
    "careers": Rule(
        Words("Cherche un emploi chez nous", "Looks for a job with us"),
        "page_visited",
        -20,
        repeat=Repeat.ONCE,
        params=pages("/carrieres/*", "/en/careers/*"),
    ),
    # Forms and downloads
    "asked": Rule(
        Words("Demande à être contacté", "Asks to be contacted"),
        "form_submitted",
        25,
        params=about("forms", "contact_fr", "contact_en"),
    ),
    "soon_fr": Rule(
        Words("Projet dans les trois mois", "Project within three months (FR)"),
        "form_answered",
        15,
        repeat=Repeat.ONCE,
        params=answer("contact_fr", SOON),
    ),
    "soon_en": Rule(
        Words("Projet dans les trois mois (EN)", "Project within three months"),
        "form_answered",
        15,
        repeat=Repeat.ONCE,
        params=answer("contact_en", SOON),
    ),
    "looking": Rule(
        Words("«\xa0Je regarde, c'est tout\xa0»", "“Just looking” (FR)"),
        "form_answered",
        -5,
        repeat=Repeat.ONCE,
        params=answer("contact_fr", LOOKING),
    ),
    "subscribed_fr": Rule(
        Words("S'abonne à la lettre", "Subscribes to the letter (FR)"),
        "form_submitted",
        5,
        params=about("forms", "newsletter_fr"),
        form="newsletter_fr",
    ),
    "subscribed_en": Rule(
        Words("S'abonne à la lettre (EN)", "Subscribes to the letter"),
        "form_submitted",
        5,
        params=about("forms", "newsletter_en"),
        form="newsletter_en",
    ),
    "downloaded": Rule(Words("Télécharge une ressource", "Downloads a resource"), "asset_downloaded", 6),
    "price_list": Rule(
        Words("Télécharge la grille tarifaire", "Downloads the price list"),
        "asset_downloaded",
        10,
        repeat=Repeat.ONCE,
        params=about("assets", "prices"),
    ),
    # Webinars
    "registered": Rule(Words("S'inscrit à un webinaire", "Registers for a webinar"), "webinar_registered", 8),
    "attended": Rule(Words("Assiste à un webinaire", "Attends a webinar"), "webinar_attended", 12),
    "missed": Rule(Words("Manque un webinaire", "Misses a webinar"), "webinar_missed", -4),
    # What the application tells
    "trial": Rule(
        Words("Commence un essai", "Starts a trial"),
        "custom_event",
        30,
        repeat=Repeat.ONCE,
        params=event("trial_started"),
    ),
    "batches": Rule(
        Words("Saisit un brassin", "Records a batch"),
        "custom_event",
        1,
        repeat=Repeat.ALWAYS,
        params=event("batch_recorded"),
        limits={"cap_amount": 5, "cap_period": CapPeriod.WEEK},
    ),
    # Ambassadors
    "bought": Rule(
        Words("Renouvelle son abonnement", "Pays for another month"),
        "custom_event",
        3,
        "ambassador",
        Repeat.MONTHLY,
        event("purchase"),
    ),
    "referred": Rule(
        Words("Recommande Cuvelog", "Recommends Cuvelog"),
        "custom_event",
        30,
        "ambassador",
        Repeat.ALWAYS,
        event("referral"),
    ),
    "happy": Rule(
        Words("Enquête\xa0: enchanté", "Survey: delighted"),
        "custom_event",
        15,
        "ambassador",
        Repeat.MONTHLY,
        event("survey_happy"),
    ),
    "unhappy": Rule(
        Words("Enquête\xa0: déçu", "Survey: disappointed"),
        "custom_event",
        -20,
        "ambassador",
        Repeat.MONTHLY,
        event("survey_unhappy"),
    ),
    "stories": Rule(
        Words("Lit les histoires de clients", "Reads customers' stories"),
        "page_visited",
        2,
        "ambassador",
        Repeat.WEEKLY,
        pages("/clients/*", "/en/customers/*"),
    ),
    "leaving": Rule(
        Words("Regarde comment résilier", "Looks up how to cancel"),
        "page_visited",
        -25,
        "ambassador",
        Repeat.ONCE,
        pages("/aide/resilier", "/en/help/cancel"),
    ),
    # Who they are
    "decider": who(Words("Décide", "Decides"), 20, profiles.deciders),
    "brewer": who(Words("Brasse", "Brews"), 10, profiles.brewers),
    "our_size": who(Words("Brasserie à notre taille", "Brewery of our size"), 15, segments.craft),
    "volume": who(Words("Plus de 1\xa0000\xa0hl par an", "More than 1,000 hl a year"), 15, profiles.large_volume),
    "spreadsheet": who(
        Words("Suit sa production sur un tableur", "Tracks production on a spreadsheet"), 10, profiles.on_spreadsheet
    ),
    "student": who(Words("Étudiant ou stagiaire", "Student or trainee"), -30, profiles.learners),
    "far": who(Words("Hors de nos pays", "Outside our countries"), -20, profiles.far_away),
    "free_mail": who(Words("Adresse personnelle", "Personal address"), -5, profiles.free_mail),
}
# Rules that were worth something else before: the points until then, and when that changed.
EARLIER = {"prices": (5, 75), "trial": (20, 110)}


def create(world: World) -> None:
    """Save and publish every rule for all of the history; two have an earlier version."""
    for key, rule in RULES.items():
        points, days = EARLIER.get(key, (rule.points, 0))
        action = PointAction.objects.create(
            name=world.name(rule.name),
            source=rule.source,
            params=typed_params.validated(
                point_sources[rule.source], rule.params(world) if callable(rule.params) else rule.params
            ),
            points=points,
            group=world.groups[rule.group],
            repeat=rule.repeat,
            **rule.limits,
            form=world.forms[rule.form] if rule.form else None,
            created_at=world.start,
        )
        rules.publish(action, world.users["admin"], since=world.start)
        if points != rule.points:
            action.points = rule.points
            action.save()
            rules.publish(action, world.users["marketer"], since=world.ago(days))
        world.actions[key] = action


def _subject(owner: Any) -> int:
    return subjects.register(owner.subject_type, owner.pk, str(owner)).pk


def _custom(name: str) -> int:
    """The subject of an event of the application, made before the first one arrives."""
    wanted = Subject(type=Subject.Type.CUSTOM, key=name, name=name)
    return subjects.ids([wanted])[wanted.type, wanted.key]
