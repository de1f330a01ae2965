"""The contacts: who they are, and what kind of visitor each will be. The same seed makes the same people."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from config.demo_world import funnel
from config.demo_world.breweries import CITIES
from config.demo_world.world import Words, World
from contacts.models import Company, Contact

FIRST_NAMES = {
    ("fr", "f"): ["Camille", "Léa", "Manon", "Chloé", "Inès", "Jade", "Zoé", "Élise", "Margaux", "Clémence", "Aurélie", "Céline",
                  "Solène", "Gwenaëlle", "Nadia", "Sophie", "Agathe", "Fatou", "Maud", "Pauline"],
    ("fr", "m"): ["Camille", "Hugo", "Lucas", "Jules", "Louis", "Arthur", "Nathan", "Gabriel", "Antoine", "Bastien", "Thibault",
                  "Rémi", "Yann", "Mathieu", "Karim", "Benoît", "Damien", "Olivier", "Étienne", "Samir"],
    ("en", "f"): ["Amelia", "Isla", "Freya", "Poppy", "Megan", "Fiona", "Siobhan", "Niamh", "Grace", "Imogen", "Priya", "Ruth", "Bethan"],
    ("en", "m"): ["Oliver", "Harry", "George", "Noah", "Rhys", "Ewan", "Callum", "Declan", "Toby", "Sam", "Alistair", "Joe"],
    ("de", "f"): ["Anna", "Greta", "Klara", "Ute", "Katrin", "Heike"],
    ("de", "m"): ["Lukas", "Felix", "Jonas", "Matthias", "Stefan", "Florian"],
}  # fmt: skip
LAST_NAMES = {
    "fr": ["Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Girard", "Fontaine", "Rousseau", "Blanchard", "Mercier",
           "Chevalier", "Garnier", "Lambert", "Faure", "Le Gall", "Vandamme", "Delcourt", "Peeters", "Benali", "Diallo", "Marchand",
           "Barbier", "Perrin", "Collet", "Renaud", "Besson", "Picard", "Meunier", "Lefèvre", "Charpentier", "Brunel"],
    "en": ["Hughes", "Turner", "Campbell", "Fraser", "Bailey", "Marsh", "Barlow", "Whitfield", "O'Brien", "Doyle", "Kavanagh",
           "Pritchard", "Morgan", "Reid", "Sinclair", "Shah", "Ashworth", "Cooper", "Fletcher", "Hargreaves", "Lowe", "Nolan"],
    "de": ["Bauer", "Hofmann", "Krüger", "Vogel", "Brandt", "Seidel", "Lorenz", "Kaiser", "Ziegler", "Schäfer", "Wolff", "Hahn"],
}  # fmt: skip
# (job title of a man and of a woman): how often. The first three decide.
JOBS = {
    "fr": {("Gérant", "Gérante"): 8, ("Fondateur", "Fondatrice"): 8, ("Directeur de production", "Directrice de production"): 8,
           ("Maître brasseur", "Maître brasseuse"): 22, ("Responsable qualité",) * 2: 9, ("Responsable commercial", "Responsable commerciale"): 12,
           ("Chargé de marketing", "Chargée de marketing"): 8, ("Comptable",) * 2: 8, ("Acheteur", "Acheteuse"): 8, ("Caviste",) * 2: 5,
           ("Étudiant", "Étudiante"): 4},
    "en": {("Owner",) * 2: 9, ("Founder",) * 2: 8, ("Head of Production",) * 2: 8, ("Head Brewer",) * 2: 22, ("Quality Manager",) * 2: 9,
           ("Sales Manager",) * 2: 12, ("Marketing Manager",) * 2: 8, ("Accountant",) * 2: 8, ("Buyer",) * 2: 8,
           ("Bar Manager",) * 2: 5, ("Student",) * 2: 3},
}  # fmt: skip
STUDENTS = ("Étudiant", "Étudiante", "Student")
# Only numbers that regulators keep free for films and examples: none of them rings anybody.
PHONES = {"FR": ("+3363998", 4), "GB": ("+447700900", 3), "US": ("+1212555", 4), "DE": ("+4917139200", 2)}
TWICE = 3
FREE_MAIL = ["courriel.example", "freemail.example"]
ZONES = {"GB": "Europe/London", "IE": "Europe/Dublin", "DE": "Europe/Berlin", "NL": "Europe/Amsterdam", "BE": "Europe/Brussels",
         "CH": "Europe/Zurich", "US": "America/New_York"}  # fmt: skip

# Which form somebody comes in by, if any: the others are business cards, the fair, an import.
ENTRIES = {
    "cold": {"newsletter": 30, "paper": 8, "": 62},
    "reader": {"newsletter": 45, "paper": 25, "": 30},
    "warm": {"paper": 55, "newsletter": 25, "contact": 5, "": 15},
    "hot": {"paper": 60, "contact": 30, "newsletter": 10},
    "almost": {"paper": 70, "newsletter": 30},
    "customer": {"": 1},
    "ambassador": {"": 1},
    "job_seeker": {"newsletter": 20, "": 80},
}
# What kind of visitor somebody is, and how many of each there are in a hundred.
KINDS = {"cold": 47, "reader": 23, "warm": 13, "hot": 4, "customer": 8, "ambassador": 2, "job_seeker": 2, "almost": 1}


@dataclass(eq=False)
class Person:
    """A contact and the part it plays."""

    contact: Contact
    kind: str
    joined: datetime
    speaks: str  # fr or en
    follows: bool = True  # lets its visits be followed
    opens_seen: bool = True  # lets its opens be seen
    entry: str = ""  # the form by which it became known, if any
    blocked_at: datetime | None = None
    tags: list[str] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.contact.pk


def invent(world: World, companies: list[Company]) -> list[Person]:
    """Everybody, not yet saved, in the order they joined."""
    taken: set[str] = set()
    people = [_person(world, companies, taken) for _number in range(world.size)]
    _cast(world, people)
    _come_twice(people)
    return sorted(people, key=lambda person: person.joined)


def _come_twice(people: list[Person]) -> None:
    """Some are there twice, by an address of their own as well: likely duplicates, to merge or not."""
    cold = [person for person in people if person.kind == "cold"]
    for one, again in list(zip(cold[::2], cold[1::2], strict=False))[:TWICE]:
        for name in ("first_name", "last_name", "company", "job_title", "phone", "city", "country"):
            setattr(again.contact, name, getattr(one.contact, name))
        again.contact.email = f"{plain(one.contact.first_name)}.{plain(one.contact.last_name)}.perso@{FREE_MAIL[0]}"


def _person(world: World, companies: list[Company], taken: set[str]) -> Person:
    company = world.random.choice(companies) if world.chance(0.88) else None
    country = company.country if company else world.pick({"FR": 75, "GB": 20, "BE": 5})
    speech = {"FR": "fr", "BE": "fr", "CH": "fr", "DE": "de"}.get(country, "en")
    speaks = "fr" if speech == "fr" else "en"
    gender = world.random.choice("fm")
    first_name = world.random.choice(FIRST_NAMES[speech, gender])
    last_name = world.random.choice(LAST_NAMES[speech])
    joined = _joined(world)
    contact = Contact(
        email=_email(world, first_name, last_name, company, taken),
        first_name=first_name,
        last_name=last_name,
        company=company,
        job_title=world.pick(JOBS[speaks])[gender == "f"],
        phone=_phone(world, country),
        city=company.city if company else world.random.choice(CITIES[country]),
        country=country,
        language=speaks,
        time_zone=ZONES.get(country, "Europe/Paris"),
        owner=world.users["camille" if speaks == "fr" else "oliver"] if world.chance(0.6) else None,
        stage=world.stages["curious"],
        fields=_fields(world, company),
        created_at=joined,
        updated_at=joined,
    )
    return Person(contact, world.pick(KINDS), joined, speaks)


def _joined(world: World) -> datetime:
    """A third was known before the history begins; the others came in office hours, more and more of them."""
    if world.chance(0.33):
        return world.start - timedelta(minutes=world.random.uniform(10, 600))
    days = 182 * (1 - world.random.random() ** 0.8)
    return office_hours(world, world.now - timedelta(days=min(days + 1, 181)))


def office_hours(world: World, moment: datetime) -> datetime:
    """About that moment, at an hour people work at: weekdays mostly, mornings and early afternoons above all."""
    hour = world.pick(
        {7: 2, 8: 6, 9: 12, 10: 14, 11: 11, 12: 5, 13: 8, 14: 12, 15: 10, 16: 8, 17: 6, 18: 3, 20: 3, 21: 3}
    )
    day = moment if moment.weekday() < 5 or world.chance(0.25) else moment - timedelta(days=2)
    found = day.replace(hour=hour, minute=world.random.randrange(60), second=world.random.randrange(60), microsecond=0)
    return min(found, world.now - timedelta(minutes=world.random.randrange(5, 180)))


def awake(moment: datetime) -> datetime:
    """That moment, or the morning after it: few people read mails at night."""
    return moment if moment.hour >= 6 else moment + timedelta(hours=6)


def _email(world: World, first_name: str, last_name: str, company: Company | None, taken: set[str]) -> str:
    domain = company.domain if company else world.random.choice(FREE_MAIL)
    stem = f"{plain(first_name)}.{plain(last_name)}"
    email, number = f"{stem}@{domain}", 1
    while email in taken:
        number += 1
        email = f"{stem}{number}@{domain}"
    taken.add(email)
    return email


def plain(name: str) -> str:
    """A name as it stands in an address."""
    letters = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return "".join(letter for letter in letters if letter.isalnum())


def _phone(world: World, country: str) -> str:
    if country not in PHONES or not world.chance(0.55):
        return ""
    prefix, digits = PHONES[country]
    if country == "US":
        return f"{prefix}01{world.random.randrange(100):02d}"
    return f"{prefix}{world.random.randrange(10**digits):0{digits}d}"


def _fields(world: World, company: Company | None) -> dict[str, object]:
    values: dict[str, object] = {}
    if company and world.chance(0.7):
        values["annual_volume"] = int(round((company.employees or 1) * world.random.uniform(60, 260), -1))
    if world.chance(0.6):
        tools = {funnel.TOOLS[key]: weight for key, weight in TOOL_WEIGHTS.items()}
        values["current_tool"] = world.name(world.pick(tools))
    if world.chance(0.4):
        wanted = world.random.sample(list(funnel.INTERESTS.values()), world.random.choice([1, 1, 2]))
        values["interests"] = world.names(wanted)
    if world.chance(0.3):
        values["exports"] = world.chance(0.4)
    return values


TOOL_WEIGHTS = {"spreadsheet": 45, "paper": 20, "other": 25, "none": 10}
PERMISSION = Words(
    "J'accepte que Cuvelog suive mes visites et mes lectures.", "Cuvelog may follow my visits and what I read."
)


def _cast(world: World, people: list[Person]) -> None:
    """What their part asks for: dates, tags, permissions. Every part is played, however small the world."""
    for person, kind in zip(people, [*KINDS, *KINDS], strict=False):
        person.kind = kind
    for person in people:
        if person.kind in ("customer", "ambassador"):
            _subscribe(world, person)
        if person.kind in ("cold", "reader") and person.contact.job_title in STUDENTS:
            person.kind = "job_seeker" if world.chance(0.5) else "cold"
            person.tags.append("student")
        person.tags += ["fair"] if world.chance(0.06) else []
        person.tags += ["press"] if world.chance(0.005) else []
        if person.joined > world.start:
            person.entry = world.pick(ENTRIES[person.kind])
        _permit(world, person)


def _subscribe(world: World, person: Person) -> None:
    """They were customers before the history begins."""
    since = world.start - timedelta(days=world.random.randrange(30, 900))
    person.joined = min(person.joined, world.start - timedelta(minutes=5))
    person.contact.created_at = person.contact.updated_at = since
    person.contact.fields["customer_since"] = since.date().isoformat()
    person.contact.stage = world.stages["customer"]
    person.tags += ["invoice"] if world.chance(0.3) else []


def _permit(world: World, person: Person) -> None:
    """Most allow to be followed; some refuse, some were never asked; a few may not be written to any more."""
    engaged = person.kind in ("hot", "almost", "ambassador")
    person.follows = engaged or world.chance(0.86)
    person.opens_seen = engaged or world.chance(0.84)
    if not engaged and world.chance(0.035):
        person.blocked_at = world.now - timedelta(days=world.random.uniform(3, 150))
