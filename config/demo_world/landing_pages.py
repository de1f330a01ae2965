"""Landing pages: one promise each, and the form to take it up. Those of a webinar close when it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.demo_world.world import Words, World
from tracking import experiments
from tracking.models import LandingPage, PageTest
from tracking.sections import new_row

TRIED_FOR = 60  # days: how long the variants of the white paper's pages have been tried


@dataclass(frozen=True)
class Offer:
    """A page of several sections, whose opening is tried in two ways."""

    title: str
    slug: str
    language: str
    form: str
    opening: tuple[str, str, str]  # heading, text, button
    instead: tuple[str, str]  # what variant B opens with: heading, text
    benefits: tuple[str, str]
    quote: tuple[str, str, str]

    def sections(self) -> list[dict[str, Any]]:
        heading, text, button = self.opening
        title, points = self.benefits
        said, person, role = self.quote
        return [
            new_row("hero", heading=heading, text=text, button=button),
            new_row("benefits", heading=title, points=points, look="cards"),
            new_row("quote", text=said, person=person, role=role),
        ]


OFFERS = {
    "paper_fr": Offer(
        "Où passe votre marge\xa0?",
        "livre-blanc-marge",
        "fr",
        "paper_fr",
        (
            "Où passe votre marge\xa0?",
            "Entre le malt et le verre, une brasserie artisanale perd en moyenne 9\xa0% de son volume. Pas par maladresse\xa0: par "
            "manque de chiffres.",
            "Recevoir le livre blanc",
        ),
        (
            "Neuf litres sur cent n'arrivent jamais au verre",
            "Vingt-huit pages pour les retrouver, avec la méthode de trois brasseries qui y sont parvenues.",
        ),
        (
            "Ce que vous y trouverez",
            "Douze endroits: où la bière disparaît, du fond de cuve au fût oublié\n"
            "Une méthode: chiffrer un brassin en vingt minutes\n"
            "Trois brasseries: ce qu'elles ont gagné en s'y mettant",
        ),
        (
            "Nous pensions perdre deux fûts par mois. C'étaient dix-sept.",
            "Margaux Delattre",
            "Brasserie du Beffroi, Lille",
        ),
    ),
    "paper_en": Offer(
        "Where does your margin go?",
        "white-paper-margin",
        "en",
        "paper_en",
        (
            "Where does your margin go?",
            "Between malt and glass a craft brewery loses 9% of its volume on average. Not for lack of care: for lack of "
            "figures.",
            "Get the white paper",
        ),
        (
            "Nine litres in a hundred never reach the glass",
            "Twenty-eight pages to find them, with what three breweries did about it.",
        ),
        (
            "What is inside",
            "Twelve places: where beer disappears, from the tank bottom to the forgotten keg\n"
            "One method: cost a batch in twenty minutes\n"
            "Three breweries: what they gained once they had the numbers",
        ),
        ("We thought we lost two kegs a month. It was seventeen.", "Fiona Laidlaw", "Thistle & Barrel, Edinburgh"),
    ),
}

# key: (title, address, language, form, body)
PAGES = {
    "webinar_excise": (
        "Webinaire\xa0: les droits d'accise sans larmes",
        "webinaire-accises",
        "fr",
        "webinar_fr",
        """
<p>Une déclaration, trois taux, un retour de fûts\xa0: en quarante-cinq minutes, Camille Roussel et une brasseuse montrent comment
elles déclarent leurs droits sans tableur.</p>
<ul><li>Petite brasserie indépendante\xa0: qui a droit au taux réduit\xa0?</li><li>Retours, pertes, dégustations\xa0: que déclarer\xa0?</li>
<li>Vos questions, en direct.</li></ul>
""",
    ),
    "webinar_kegs": (
        "Webinar: kegs that come home",
        "webinar-kegs",
        "en",
        "webinar_en",
        """
<p>A stainless keg costs about £90 and travels eleven times a year, until it does not come back. Oliver Hartley and the head
brewer of Thistle &amp; Barrel show how they got theirs home.</p>
<ul><li>Deposits, stickers, sensors: what pays for itself?</li><li>The ten-minute stock count.</li><li>Your questions, live.</li></ul>
""",
    ),
    "demo_fr": (
        "Voir Cuvelog en vingt minutes",
        "demonstration",
        "fr",
        "contact_fr",
        """
<p>Pas de diaporama\xa0: nous ouvrons Cuvelog avec <strong>vos</strong> recettes et <strong>vos</strong> fûts. Vingt minutes, à
l'heure qui vous arrange entre deux brassins.</p>
""",
    ),
    "demo_en": (
        "See Cuvelog in twenty minutes",
        "book-a-demo",
        "en",
        "contact_en",
        """
<p>No slides: we open Cuvelog with <strong>your</strong> recipes and <strong>your</strong> kegs. Twenty minutes, whenever it
suits you between two batches.</p>
""",
    ),
}


def create(world: World) -> None:
    for key, offer in OFFERS.items():
        world.landing_pages[key] = _tried(world, offer)
    for key, (title, slug, language, form, body) in PAGES.items():
        webinar = world.webinars.get(key.removeprefix("webinar_"))
        world.landing_pages[key] = LandingPage.objects.create(
            title=title,
            slug=slug,
            language=language,
            form=world.forms[form],
            sections=[new_row("html", html=body.strip())],
            is_published=True,
            publish_until=webinar.starts_at if webinar else None,
            created_at=world.start,
        )


def _tried(world: World, offer: Offer) -> LandingPage:
    """The page, and a test of its opening that has been running for a while."""
    page = LandingPage.objects.create(
        title=offer.title,
        slug=offer.slug,
        language=offer.language,
        form=world.forms[offer.form],
        sections=offer.sections(),
        accent="#b45309",
        is_published=True,
        created_at=world.start,
    )
    test = experiments.draft(page, world.name(Words("Deux ouvertures", "Two openings")))
    other = test.variants.get(letter="B")
    heading, text = offer.instead
    opening = {**other.sections[0], "params": {**other.sections[0]["params"], "heading": heading, "text": text}}
    other.sections = [opening, *other.sections[1:]]
    other.save()
    PageTest.objects.filter(pk=test.pk).update(started_at=world.ago(TRIED_FOR), created_at=world.ago(TRIED_FOR))
    return page
