"""Cuvelog's own site: what its visitors read."""

from __future__ import annotations

from dataclasses import dataclass

SITE = "https://www.cuvelog.example"


@dataclass(frozen=True)
class Page:
    """A page of the site; `topic` is what a visit says about the visitor."""

    path: str
    title: str
    language: str
    topic: str

    @property
    def url(self) -> str:
        return SITE + self.path


PAGES = [
    Page("/", "Cuvelog · Le logiciel des brasseries artisanales", "fr", "home"),
    Page("/produit", "Tout Cuvelog en une page", "fr", "product"),
    Page("/produit/salle-de-brassage", "La salle de brassage\xa0: recettes, brassins, fermenteurs", "fr", "product"),
    Page("/produit/suivi-des-futs", "Le suivi des fûts\xa0: savoir où dort votre inox", "fr", "product"),
    Page("/produit/droits-d-accise", "Les droits d'accise, déclarés en dix minutes", "fr", "product"),
    Page("/tarifs", "Tarifs", "fr", "pricing"),
    Page("/demo", "Voir Cuvelog en vingt minutes", "fr", "demo"),
    Page("/clients", "Ils brassent avec Cuvelog", "fr", "customers"),
    Page("/clients/brasserie-du-beffroi", "Le Beffroi a retrouvé 212 fûts", "fr", "customers"),
    Page("/clients/la-mousse-du-vercors", "La Mousse du Vercors\xa0: le vrai prix d'un litre", "fr", "customers"),
    Page("/blog", "Le journal du brasseur", "fr", "blog"),
    Page("/blog/cout-de-revient-d-un-brassin", "Que coûte vraiment un brassin\xa0?", "fr", "blog"),
    Page("/blog/houblon-contrat-ou-marche-libre", "Houblon\xa0: contrat ou marché libre\xa0?", "fr", "blog"),
    Page("/blog/nettoyage-en-place", "Nettoyage en place\xa0: la check-list du lundi", "fr", "blog"),
    Page("/blog/levures-combien-de-generations", "Levures\xa0: combien de générations\xa0?", "fr", "blog"),
    Page("/carrieres", "Travailler chez Cuvelog", "fr", "careers"),
    Page("/carrieres/stage-marketing", "Stage\xa0: assistant marketing (H/F)", "fr", "careers"),
    Page("/aide", "Aide", "fr", "help"),
    Page("/aide/premier-brassin", "Saisir votre premier brassin", "fr", "help"),
    Page("/aide/resilier", "Résilier un abonnement", "fr", "cancel"),
    Page("/en", "Cuvelog · Software for craft breweries", "en", "home"),
    Page("/en/product", "All of Cuvelog on one page", "en", "product"),
    Page("/en/product/brewhouse", "The brewhouse: recipes, batches, tanks", "en", "product"),
    Page("/en/product/keg-tracking", "Keg tracking: know where your steel sleeps", "en", "product"),
    Page("/en/product/excise-duty", "Excise duty, filed in ten minutes", "en", "product"),
    Page("/en/pricing", "Pricing", "en", "pricing"),
    Page("/en/demo", "See Cuvelog in twenty minutes", "en", "demo"),
    Page("/en/customers", "They brew with Cuvelog", "en", "customers"),
    Page("/en/customers/thistle-and-barrel", "Thistle & Barrel found 140 lost kegs", "en", "customers"),
    Page("/en/blog", "The brewer's journal", "en", "blog"),
    Page("/en/blog/cost-of-a-batch", "What does a batch really cost?", "en", "blog"),
    Page("/en/blog/hops-contract-or-spot", "Hops: contract or spot market?", "en", "blog"),
    Page("/en/blog/cleaning-in-place", "Cleaning in place: the Monday checklist", "en", "blog"),
    Page("/en/careers", "Work at Cuvelog", "en", "careers"),
    Page("/en/help", "Help", "en", "help"),
    Page("/en/help/first-batch", "Enter your first batch", "en", "help"),
    Page("/en/help/cancel", "Cancel a subscription", "en", "cancel"),
]


def about(language: str, topic: str) -> list[Page]:
    """The pages on a topic in a language."""
    return [page for page in PAGES if page.language == language and page.topic == topic]
