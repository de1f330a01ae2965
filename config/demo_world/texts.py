"""The SMS: short, with one link."""

from __future__ import annotations

from campaigns.models import Sms
from config.demo_world.world import World
from tracking import addresses

# key: (name, text); {link} is the address of the landing page named last. Spaces are plain: one that does not break would
# take the text out of the alphabet of SMS, and more than double what it costs.
TEXTS = {
    "demo_fr": (
        "Rappel\xa0: démonstration",
        'Bonjour {{ contact.first_name|default:"" }}, Camille de Cuvelog. Vingt minutes pour voir vos propres fûts ? {link}',
        "demo_fr",
    ),
    "demo_en": (
        "Reminder: demo",
        'Hello {{ contact.first_name|default:"" }}, Oliver from Cuvelog. Twenty minutes to see your own kegs? {link}',
        "demo_en",
    ),
    "webinar_fr": (
        "Rappel\xa0: webinaire",
        "Demain jeudi, 11 h : les droits d'accise sans larmes. {link}",
        "webinar_excise",
    ),
}


def create(world: World) -> None:
    for key, (name, text, page) in TEXTS.items():
        link = addresses.landing_page(world.landing_pages[page])
        world.sms[key] = Sms.objects.create(name=name, body=text.replace("{link}", link), created_at=world.start)
