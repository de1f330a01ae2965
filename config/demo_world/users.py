"""Who works at Cuvelog: the administrator, the marketer, and the two salespeople who own contacts."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db.models import Q

from config.demo_world.world import World

# (username, first name, last name, groups); the password is the username.
COLLEAGUES = [
    ("marketer", "Manon", "Delattre", ["Marketers"]),
    ("camille", "Camille", "Roussel", ["Sales"]),
    ("oliver", "Oliver", "Hartley", ["Sales"]),
]
APPS = ["contacts", "tracking", "scoring", "campaigns"]
NOT_MARKETING = ["apikey"]  # models a marketer does not touch
SALES_CHANGE = ["contact", "company", "contacttag", "adjustment"]  # what salespeople may also write; the rest they read


def create(world: World) -> None:
    """Make the users. Their passwords are their names: this is a demo on one machine."""
    groups = {"Marketers": _group("Marketers", _marketing()), "Sales": _group("Sales", _sales())}
    world.users["admin"] = User.objects.create_superuser("admin", "admin@cuvelog.example", "admin", first_name="Alix")
    for username, first_name, last_name, group_names in COLLEAGUES:
        user = User.objects.create_user(
            username,
            f"{username}@cuvelog.example",
            username,
            first_name=first_name,
            last_name=last_name,
            is_staff=True,
        )
        user.groups.set(groups[name] for name in group_names)
        world.users[username] = user


def _group(name: str, permissions: Q) -> Group:
    group, _ = Group.objects.get_or_create(name=name)
    group.permissions.set(Permission.objects.filter(permissions))
    return group


def _marketing() -> Q:
    """Everything of marketing; neither users nor API keys."""
    return Q(content_type__app_label__in=APPS) & ~Q(content_type__model__in=NOT_MARKETING)


def _sales() -> Q:
    reads = Q(codename__startswith="view_")
    writes = Q(codename__in=[f"{verb}_{model}" for verb in ("add", "change") for model in SALES_CHANGE])
    return _marketing() & (reads | writes)
