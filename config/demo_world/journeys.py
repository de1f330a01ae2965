"""What each contact does over six months: visits, forms, downloads, events of the application. Mails are in `mailings`.

A journey is drawn from the part a person plays. What it yields is not written anywhere yet: hits to record, and moves
through the funnel that follow from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby

from config.demo_world import funnel, site
from config.demo_world.deeds import Browser, Deeds, Story
from config.demo_world.people import Person, office_hours
from config.demo_world.world import World

# How many visits of the site, at least and at most, and what they are about.
VISITS = {
    "cold": (0, 1, {"home": 3, "blog": 5, "product": 2}),
    "reader": (1, 3, {"blog": 8, "home": 2, "product": 2, "customers": 1}),
    "warm": (3, 6, {"blog": 4, "product": 4, "customers": 3, "pricing": 2, "home": 2}),
    "hot": (5, 9, {"pricing": 4, "product": 4, "demo": 2, "customers": 3, "home": 1, "blog": 1}),
    "almost": (3, 5, {"product": 4, "customers": 2, "blog": 2, "pricing": 1}),
    "customer": (2, 5, {"help": 6, "blog": 2, "product": 1, "customers": 1}),
    "ambassador": (3, 6, {"customers": 4, "blog": 4, "help": 2}),
    "job_seeker": (1, 3, {"careers": 7, "home": 2, "customers": 1}),
}


class Journeys:
    """Draws the journeys of everybody."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.deeds = Deeds(world)
        self.story = self.deeds.story
        self.browsers: dict[int, Browser] = {}

    def of(self, people: list[Person]) -> Story:
        for person in people:
            self._journey(person)
        for _passer_by in range(len(people) // 6):
            at = office_hours(self.world, self.world.ago(self.world.random.uniform(1, 180)))
            self.deeds.visit(Browser.new(self.world), at, self.world.pick({"fr": 7, "en": 3}), VISITS["reader"][2])
        for _glance in range(len(people) // 8):
            self.deeds.glance()
        return self.story

    def _journey(self, person: Person) -> None:
        browser = self.browsers[person.id] = Browser.new(self.world)
        if person.entry:
            self._arrive(person, browser)
        if person.follows:
            self._wander(person, browser)
        self._ask(person, browser)
        self._use(person)
        self._register(person, browser)

    def _arrive(self, person: Person, browser: Browser) -> None:
        """The first form somebody fills in is where the contact comes from; the visits before it were anonymous."""
        for _visit in range(self.world.random.choice([0, 1, 1, 2]) if person.follows else 0):
            before = office_hours(self.world, person.joined - timedelta(days=self.world.random.uniform(0.1, 12)))
            if before < person.joined:
                self.deeds.visit(browser, before, person.speaks, VISITS[person.kind][2])
        self.deeds.submit(person, browser, person.entry, person.joined)

    def _wander(self, person: Person, browser: Browser) -> None:
        least, most, topics = VISITS[person.kind]
        for _visit in range(self.world.random.randint(least, most)):
            self.deeds.visit(browser, self._some_time(person), person.speaks, topics, contact_id=person.id)

    def _ask(self, person: Person, browser: Browser) -> None:
        """The more interested ask for more: the paper, files, a demo."""
        chances = {"warm": 0.3, "hot": 0.8, "almost": 0.6, "reader": 0.08, "ambassador": 0.2}
        if self.world.chance(chances.get(person.kind, 0)):
            self.deeds.submit(person, browser, "paper", self._some_time(person))
        for asset, chance in (("prices", 0.5), ("sheet", 0.4), ("podcast", 0.2)):
            if self.world.chance(chance * chances.get(person.kind, 0)):
                self.deeds.download(person, browser, asset, self._some_time(person))
        if person.kind == "hot" and self.world.chance(0.7):
            self.deeds.submit(person, browser, "contact", self._some_time(person))

    def _use(self, person: Person) -> None:
        """What the application tells of its users."""
        if person.kind == "hot" and self.world.chance(0.45):
            begun = self._some_time(person)
            self.deeds.event(person, "trial_started", begun)
            self.story.moves.append((begun, person, "opportunity"))
            self.deeds.record_batches(person, begun, self.world.random.randint(1, 6))
            if self.world.now - begun > timedelta(days=21) and self.world.chance(0.5):
                bought = office_hours(self.world, begun + timedelta(days=15))
                self.deeds.event(person, "purchase", bought)
                self.story.moves.append((bought, person, "customer"))
        if person.kind in ("customer", "ambassador"):
            self._subscribe(person)

    def _subscribe(self, person: Person) -> None:
        for month in range(6):
            if month and self.world.chance(0.02):
                break
            self.deeds.event(person, "purchase", self.world.start + timedelta(days=30 * month + 1, hours=6))
        self.deeds.record_batches(person, self.world.start, self.world.random.randint(3, 20))
        mood = self.world.pick(
            {"survey_happy": 3, "survey_unhappy": 1, "": 4} if person.kind == "customer" else {"survey_happy": 1}
        )
        if mood:
            self.deeds.event(person, mood, self._some_time(person))
        for _referral in range(self.world.random.choice([0, 1, 1, 2]) if person.kind == "ambassador" else 0):
            at = self._some_time(person)
            self.deeds.event(person, "referral", at)
            if self.world.chance(0.5):
                self.story.moves.append((at, person, "ambassador"))
        if mood == "survey_unhappy" and self.world.chance(0.5):
            self.deeds.page(
                self.browsers[person.id], self._some_time(person), site.about(person.speaks, "cancel")[0], person.id
            )

    def _register(self, person: Person, browser: Browser) -> None:
        """For the webinar that is over, and for the one that is to come."""
        chances = {
            "reader": 0.12,
            "warm": 0.3,
            "hot": 0.5,
            "customer": 0.12,
            "ambassador": 0.4,
            "cold": 0.01,
            "almost": 0.2,
        }
        if not self.world.chance(chances.get(person.kind, 0)):
            return
        webinar = self.world.webinars["excise" if person.speaks == "fr" else "kegs"]
        latest = min(webinar.starts_at - timedelta(hours=3), self.world.now - timedelta(hours=1))
        earliest = max(person.joined, latest - timedelta(days=12))
        if earliest >= latest:
            return
        at = earliest + (latest - earliest) * self.world.random.random()
        self.deeds.land(
            person, browser, f"webinar_{'excise' if person.speaks == 'fr' else 'kegs'}", at - timedelta(minutes=2)
        )
        self.deeds.submit(person, browser, "webinar", at)
        if person.speaks == "fr":
            self.story.registered.append((at, person))

    def _some_time(self, person: Person) -> datetime:
        """Some moment of the person's six months; the hot ones are hot now."""
        oldest = max(person.joined, self.world.start)
        if person.kind in ("hot", "almost"):
            oldest = max(oldest, self.world.ago(40))
        at = oldest + (self.world.now - oldest) * self.world.random.random()
        return max(office_hours(self.world, at), person.joined + timedelta(minutes=self.world.random.randint(2, 50)))


def moments(story: Story) -> Iterator[tuple[datetime, list[tuple[Person, str]]]]:
    """The moves forward through the funnel by the minute they were made in, oldest first."""
    moves = list(_forward(sorted(story.moves, key=lambda move: move[0])))
    for _minute, group in groupby(moves, key=lambda move: move[0].replace(second=0, microsecond=0)):
        made = list(group)
        yield made[-1][0], [(person, stage) for _at, person, stage in made]


def _forward(moves: list[tuple[datetime, Person, str]]) -> Iterator[tuple[datetime, Person, str]]:
    """Without those that would lead back, or nowhere."""
    order = list(funnel.STAGES)
    reached: dict[int, int] = {}
    for at, person, stage in moves:
        if order.index(stage) > reached.get(person.id, 0):
            reached[person.id] = order.index(stage)
            yield at, person, stage
