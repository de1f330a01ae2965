"""Whatever is sent to a page of the admin, by address or by post: a page, a redirect or a refusal, never an error of ours.

Each page gets a few hostile requests, others with another HOSTILE_SEED; with HYPOTHESIS_PROFILE=thorough each gets many.
"""

import os
import random
import traceback
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import transaction
from django.test import RequestFactory

from tests.cases import THOROUGH
from tests.security import everything, hostile

pytestmark = pytest.mark.slow
EACH = int(os.environ.get("HOSTILE_EACH") or (40 if THOROUGH else 2))
SEED = os.environ.get("HOSTILE_SEED", "1")
ROOM = 200_000  # of an address


class Attack:
    """Sends requests whose effects are undone, and remembers what broke."""

    def __init__(self, client):
        self.client = client
        self.sent = 0
        self.broken = {}

    def get(self, address):
        return self._send("GET", address, lambda: self.client.get(address))

    def post(self, address, values):
        return self._send("POST", address, lambda: self.client.post(address, values))

    def _send(self, method, address, send):
        self.sent += 1
        with transaction.atomic():
            response = send()
            transaction.set_rollback(True)
        if response.status_code >= 500:
            self.broken.setdefault(reason(response), f"{method} {address[:300]}")
        return response

    def held_up(self, at_least):
        said = "\n".join(f"{why}\n    {where}" for why, where in self.broken.items())
        assert not self.broken, f"{len(self.broken)} things break:\n{said}"
        assert self.sent >= at_least


def reason(response):
    """The exception and the last line of code that was ours or Django's admin's."""
    found = getattr(response, "exc_info", None)
    if not found:
        return f"{response.status_code}"
    frames = [one for one in traceback.extract_tb(found[2]) if "/site-packages/" not in one.filename] or [None]
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames[-1] else "?"
    return f"{found[0].__name__}: {str(found[1])[:150]} ({where})"


def texts(text):
    """As it can be written in an address: what is no text is sent as the bytes a broken program would."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.fixture
def attack(walker):
    return Attack(walker)


def dice(name):
    return random.Random(f"{SEED} {name}")


def pages():
    """Each address of the admin once, whatever row it is about."""
    return dict(everything.addresses()).items()


def names_for(name, address, client):
    model = next(
        (m for m in admin.site._registry if name.startswith(f"admin:{m._meta.app_label}_{m._meta.model_name}_")), None
    )
    names = [*hostile.LIST_NAMES, *hostile.NAMES, *hostile.read_by_our_code()["GET"]]
    if model is None:
        return [*names, "app_label", "model_name", "field_name", "term", "next"]
    if name.endswith("_changelist"):
        request = RequestFactory().get(address)
        request.user, request.session = everything.superuser(), {}
        found = admin.site._registry[model].get_changelist_instance(request)
        filters = [one for spec in found.filter_specs for one in spec.expected_parameters()]
        return filters * 3 + names
    return [field.name for field in model._meta.get_fields()] + names


def test_any_address(attack):
    for name, address in pages():
        roll = dice(name)
        names = names_for(name, address, attack.client)
        for _number in range(EACH):
            given = [(roll.choice(names), roll.choice(hostile.TEXTS)) for _ in range(roll.choice([1, 1, 1, 3]))]
            query = "&".join(f"{texts(one)}={texts(value)}" for one, value in given)
            attack.get(f"{address}?{query[:ROOM]}")

    attack.held_up(at_least=200)


def test_any_row(attack):
    for name, address in pages():
        parts = address.split("/")
        places = [number for number, part in enumerate(parts) if part.isdecimal()]
        for place in places:
            for one in dice(name).sample(hostile.IDS, min(EACH, len(hostile.IDS))):
                attack.get("/".join([*parts[:place], one, *parts[place + 1 :]]))

    attack.held_up(at_least=100)


def test_any_post_of_a_form(attack):
    for name, address in pages():
        if not name.endswith(("_add", "_change")):
            continue
        response = attack.get(address)
        if response.status_code != 200:
            continue
        form, roll = hostile.Fields(response.content.decode()), dice(name)
        for _number in range(EACH * 2):
            values = dict(form.values)
            for field in roll.choices([*form.values, "nothing"], k=roll.choice([1, 1, 2, 5])):
                values[field] = [roll.choice(hostile.TEXTS) for _ in range(roll.choice([1, 1, 1, 2]))]
            for field in form.files:
                values[field] = hostile.files(roll)
            if roll.random() < 0.3:
                values[roll.choice(["_addanother", "_continue", "_popup", "_saveasnew", "_confirmed"])] = ["1"]
            attack.post(address, without_surrogates(values))

    attack.held_up(at_least=100)


def test_any_post_elsewhere(attack):
    ours = hostile.read_by_our_code()["POST"]
    for name, address in pages():
        if name.endswith(("_add", "_change")):
            continue
        roll, names = (
            dice(name),
            [*ours, "action", "_selected_action", "index", "select_across", "post", "file", "conditions"],
        )
        for _number in range(EACH):
            values = {one: [roll.choice(hostile.TEXTS)] for one in roll.choices(names, k=4)}
            if roll.random() < 0.3:
                values["file"] = hostile.files(roll)
            if name.endswith("_changelist"):
                values["action"] = [action_of(name, roll)]
                values["_selected_action"] = [roll.choice([*hostile.TEXTS, "1", "2"])]
            attack.post(address, without_surrogates(values))

    attack.held_up(at_least=100)


def action_of(name, roll):
    model = next(
        m for m in admin.site._registry if name == f"admin:{m._meta.app_label}_{m._meta.model_name}_changelist"
    )
    request = RequestFactory().get("/")
    request.user = everything.superuser()
    return roll.choice([*admin.site._registry[model].get_actions(request), "nothing"])


def without_surrogates(values):
    """The test client encodes strictly; lone surrogates come as escapes in JSON, and as bytes in addresses."""
    return {
        name: [text.encode("utf-8", "replace").decode() for text in given] if isinstance(given, list) else given
        for name, given in values.items()
    }
