"""What the modules of the demo world share: its language, its clock, its dice, and what has been made so far, by key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from campaigns.models import Campaign, Email, Integration, Sms, Webinar
    from contacts.models import Segment, Stage, Tag
    from scoring.models import PointAction, PointGroup
    from tracking.models import Asset, Form, LandingPage

K = TypeVar("K")
HISTORY = timedelta(days=182)
SEED = 1516  # the year of the Reinheitsgebot


@dataclass(frozen=True)
class Words:
    """A name in both languages; an instance shows one of them."""

    fr: str
    en: str

    def into(self, language: str) -> str:
        return self.fr if language == "fr" else self.en


@dataclass
class World:
    """The world while it is being made. Modules look up by key what an earlier one has made."""

    language: str
    size: int  # contacts
    now: datetime
    say: Callable[[str], None] = print
    random: Random = field(default_factory=lambda: Random(SEED))

    users: dict[str, User] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    tags: dict[str, Tag] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    groups: dict[str, PointGroup] = field(default_factory=dict)
    actions: dict[str, PointAction] = field(default_factory=dict)
    assets: dict[str, Asset] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    landing_pages: dict[str, LandingPage] = field(default_factory=dict)
    emails: dict[str, Email] = field(default_factory=dict)
    sms: dict[str, Sms] = field(default_factory=dict)
    webinars: dict[str, Webinar] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    integrations: dict[str, Integration] = field(default_factory=dict)

    @property
    def start(self) -> datetime:
        """When its history begins."""
        return self.now - HISTORY

    def ago(self, days: float) -> datetime:
        return self.now - timedelta(days=days)

    def name(self, words: Words | str) -> str:
        return words if isinstance(words, str) else words.into(self.language)

    def names(self, several: Iterable[Words | str]) -> list[str]:
        return [self.name(words) for words in several]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, weighted: Mapping[K, float]) -> K:
        """One of the keys, as often as its weight says."""
        return self.random.choices(list(weighted), list(weighted.values()))[0]
