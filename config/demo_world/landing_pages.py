"""Landing pages: one promise each, and the form to take it up. Those of a webinar close when it begins."""

from __future__ import annotations

from config.demo_world.world import World
from tracking import sections
from tracking.models import LandingPage

# key: (title, address, language, form, body)
PAGES = {
    "paper_fr": (
        "Où passe votre marge ?",
        "livre-blanc-marge",
        "fr",
        "paper_fr",
        """
<p>Entre le malt et le verre, une brasserie artisanale perd en moyenne <strong>9&nbsp;% de son volume</strong>. Pas par
maladresse : par manque de chiffres.</p>
<h2>Ce que vous y trouverez</h2>
<ul>
  <li>les douze endroits où la bière disparaît, du fond de cuve au fût oublié ;</li>
  <li>une méthode pour chiffrer un brassin en vingt minutes ;</li>
  <li>ce qu'ont gagné trois brasseries qui s'y sont mises.</li>
</ul>
<blockquote><p>« Nous pensions perdre deux fûts par mois. C'étaient dix-sept. »</p><p>Brasserie du Beffroi, Lille</p></blockquote>
""",
    ),
    "paper_en": (
        "Where does your margin go?",
        "white-paper-margin",
        "en",
        "paper_en",
        """
<p>Between malt and glass a craft brewery loses <strong>9% of its volume</strong> on average. Not for lack of care: for lack
of figures.</p>
<h2>What is inside</h2>
<ul>
  <li>the twelve places where beer disappears, from the tank bottom to the forgotten keg;</li>
  <li>a way to cost a batch in twenty minutes;</li>
  <li>what three breweries gained once they had the numbers.</li>
</ul>
<blockquote><p>“We thought we lost two kegs a month. It was seventeen.”</p><p>Thistle &amp; Barrel, Edinburgh</p></blockquote>
""",
    ),
    "webinar_excise": (
        "Webinaire : les droits d'accise sans larmes",
        "webinaire-accises",
        "fr",
        "webinar_fr",
        """
<p>Une déclaration, trois taux, un retour de fûts : en quarante-cinq minutes, Camille Roussel et une brasseuse montrent comment
elles déclarent leurs droits sans tableur.</p>
<ul><li>Petite brasserie indépendante : qui a droit au taux réduit ?</li><li>Retours, pertes, dégustations : que déclarer ?</li>
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
<p>Pas de diaporama : nous ouvrons Cuvelog avec <strong>vos</strong> recettes et <strong>vos</strong> fûts. Vingt minutes, à
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
    for key, (title, slug, language, form, body) in PAGES.items():
        webinar = world.webinars.get(key.removeprefix("webinar_"))
        world.landing_pages[key] = LandingPage.objects.create(
            title=title,
            slug=slug,
            language=language,
            form=world.forms[form],
            sections=[sections.new_row("html", html=body.strip())],
            is_published=True,
            publish_until=webinar.starts_at if webinar else None,
            created_at=world.start,
        )
