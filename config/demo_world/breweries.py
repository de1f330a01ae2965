"""The companies contacts work for: about one for every seven contacts, most of them breweries."""

from __future__ import annotations

from django.utils.text import slugify

from config.demo_world.world import Words, World
from contacts.models import Company

CITIES = {
    "FR": ["Lille", "Strasbourg", "Annecy", "Rennes", "Nantes", "Grenoble", "Lyon", "Dijon", "Toulouse", "Bordeaux",
           "Quimper", "Metz", "Valence", "Clermont-Ferrand", "Bayonne", "Montreuil", "Douai", "Chambéry", "Rouen", "Sète"],
    "BE": ["Namur", "Liège", "Gand", "Tournai", "Bruges", "Louvain"],
    "CH": ["Lausanne", "Neuchâtel", "Fribourg", "Sion"],
    "GB": ["Bristol", "Leeds", "Edinburgh", "Cardiff", "Norwich", "Sheffield", "Brighton", "York", "Glasgow"],
    "IE": ["Cork", "Galway", "Kilkenny"],
    "DE": ["Bamberg", "Köln", "Leipzig", "Freiburg", "Bremen", "Regensburg", "Erfurt"],
    "NL": ["Utrecht", "Haarlem", "Breda"],
    "US": ["Portland", "Asheville", "Burlington"],
}  # fmt: skip

THINGS = {
    "fr": ["du Beffroi", "du Vercors", "des Trois Ponts", "de la Lune", "du Canal", "de l'Écluse", "du Moulin", "des Remparts",
           "de la Forge", "du Lavoir", "des Tilleuls", "de la Halle", "du Passeur", "de l'Ours", "du Renard", "des Corbières",
           "de la Garrigue", "du Phare", "des Goélands", "du Pressoir", "de la Comète", "du Chat Noir", "des Tanneurs",
           "de la Dune", "du Verger", "des Cimes", "de la Source", "du Colporteur", "des Alouettes", "du Vieux Port"],
    "en": ["Thistle & Barrel", "Copper Lantern", "Seven Gulls", "Old Ferry", "Blackthorn", "Salt Marsh", "Quarry Lane",
           "Hollow Oak", "Night Heron", "Tin Whistle", "Millrace", "Red Kite", "Harbour Wall", "Foxglove", "Long Acre",
           "Lighthouse", "Magpie", "Wild Hare", "Stone Bridge", "Northgate", "Kingfisher", "Moor & Dale", "Clocktower"],
    "de": ["Adler", "Mühlen", "Brücken", "Hopfengarten", "Turm", "Sonnen", "Eichen", "Fähren", "Storchen", "Kloster"],
}  # fmt: skip
PATTERNS = {
    "fr": ["Brasserie {}", "Microbrasserie {}", "La Mousse {}", "Les Brasseurs {}", "Bières {}", "Le Fût {}"],
    "en": ["{} Brewing", "{} Brewery", "{} Ales", "{} Beer Co."],
    "de": ["{}bräu", "Brauerei {}", "{}brauhaus"],
}
SUPPLIERS = {
    "fr": ["Houblons {}", "Malterie {}", "Distribution {}"],
    "en": ["{} Hops", "{} Maltings", "{} Drinks"],
    "de": ["{}hopfen", "{}malz", "{} Getränke"],
}
CRAFT = Words("Brasserie artisanale", "Craft brewery")
PUB = Words("Brasserie-restaurant", "Brewpub")
INDUSTRIES = {
    "brewery": {CRAFT: 70, PUB: 18, Words("Brasserie régionale", "Regional brewery"): 12},
    "supplier": {
        Words("Houblon et malt", "Hops and malt"): 50,
        Words("Distribution de boissons", "Drinks wholesale"): 50,
    },
}
COUNTRIES = {"FR": 58, "BE": 10, "CH": 4, "GB": 13, "IE": 2, "DE": 9, "NL": 2, "US": 2}
SPEECH = {"FR": "fr", "BE": "fr", "CH": "fr", "DE": "de"}  # of names; English elsewhere
SUPPLIER_SHARE = 0.12


def create(world: World) -> list[Company]:
    """About 300 companies for 2,000 contacts, each with a name, a domain and a size of its own."""
    names: set[str] = set()
    rows: list[Company] = []
    while len(rows) < max(12, world.size * 3 // 20):
        company = _company(world)
        if company.name not in names:
            names.add(company.name)
            rows.append(company)
    return Company.objects.bulk_create(rows)


def _company(world: World) -> Company:
    country = world.pick(COUNTRIES)
    speech = SPEECH.get(country, "en")
    supplier = world.chance(SUPPLIER_SHARE)
    city = world.random.choice(CITIES[country])
    pattern = world.random.choice((SUPPLIERS if supplier else PATTERNS)[speech])
    name = pattern.format(world.random.choice(THINGS[speech]))
    if world.chance(0.35):  # the same name may be found in two towns
        name = f"{name} ({city})"
    return Company(
        name=name,
        domain=f"{slugify(name)}.example",
        industry=world.name(world.pick(INDUSTRIES["supplier" if supplier else "brewery"])),
        employees=max(1, round(world.random.lognormvariate(2.2, 1.0))),
        city=city,
        country=country,
        created_at=world.start,
    )
