"""Why this score: what the lines say, and that they always add up."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from config import pipeline
from contacts.models import Contact
from scoring import decay, ledger, rules, sql, terms, valuation
from scoring.explain import explain
from scoring.models import OverallScore, PointAction, PointGroup, Repeat
from scoring.rulebook import Rulebook
from tests.factories import ContactFactory
from tests.scoring.conftest import SINCE, download, subject
from tests.scoring.test_invariants import trying

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 26, 12, tzinfo=UTC)
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}

# --- invariant 5 ------------------------------------------------------------------------------------------------------

maybe = lambda strategy: st.one_of(st.none(), strategy)  # noqa: E731
points = st.integers(-9, 9).filter(bool)
groups = st.fixed_dictionaries(
    {
        "weight": st.decimals("0", "3", places=2),
        "half_life_days": maybe(st.integers(1, 40)),
        "floor": maybe(st.integers(-10, 0)),
        "ceiling": maybe(st.integers(0, 30)),
        "cap_points": maybe(st.integers(1, 20)),
        "cap_period": st.sampled_from(["day", "week", "month", "ever"]),
    }
)
actions = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["asset_downloaded", "asset_downloaded", "profile_matches"]),
        "points": points,
        "group": st.integers(0, 1),
        "repeat": st.sampled_from(Repeat.values),
        "cap_amount": maybe(st.integers(1, 12)),
        "cap_unit": st.sampled_from(["times", "points"]),
        "cap_period": st.sampled_from(["day", "week", "month", "ever"]),
        "cap_per_object": st.booleans(),
        "expires_after_days": maybe(st.integers(1, 30)),
    }
)
steps = st.one_of(
    st.tuples(st.just("download"), st.integers(0, 2), st.integers(0, 40)),
    st.tuples(st.just("adjust"), st.integers(0, 1), points),
    st.tuples(st.just("country"), st.sampled_from(["FR", "GB"]), st.just(0)),
    st.tuples(st.just("publish"), st.integers(0, 3), points),
    st.tuples(st.just("terms"), st.integers(0, 1), groups),
    st.tuples(st.just("pass"), st.integers(1, 20), st.just(0)),
)
histories = st.fixed_dictionaries(
    {
        "groups": st.lists(groups, min_size=2, max_size=2),
        "actions": st.lists(actions, min_size=1, max_size=4),
        "steps": st.lists(steps, max_size=14),
        "bounds": st.tuples(maybe(st.integers(-10, 0)), maybe(st.integers(0, 40))),
        "asked": st.lists(st.integers(0, 90 * 24), min_size=1, max_size=3),
        "limit": maybe(st.integers(1, 3)),
    }
)


def live(history, clock):
    """Let a history happen; the contact it happened to."""
    groups = [
        PointGroup.objects.create(name=name, **terms) for name, terms in zip("AB", history["groups"], strict=True)
    ]
    OverallScore(floor=history["bounds"][0], ceiling=history["bounds"][1]).save()
    ada, subjects, made = ContactFactory(), [subject(str(number)) for number in range(3)], []
    for number, said in enumerate(history["actions"]):
        params = {"conditions": FRENCH} if said["source"] == "profile_matches" else {}
        action = PointAction.objects.create(
            name=str(number), params=params, **(said | {"group": groups[said["group"]]})
        )
        rules.publish(action, since=SINCE)
        made.append(action)
    for step, first, second in history["steps"]:
        if step == "download":
            download(ada, subjects[first], START + timedelta(days=second - 20))
        elif step == "adjust":
            ledger.adjust(ada.pk, groups[first].pk, second, note="x")
        elif step == "country":
            Contact.objects.filter(pk=ada.pk).update(country=first)
        elif step == "publish" and first < len(made):
            made[first].points = second
            made[first].save()
            rules.publish(made[first])
        elif step == "terms":
            terms.publish(groups[first], second)
        elif step == "pass":
            pipeline.drain()
            clock.shift(timedelta(days=first))
    pipeline.drain()
    return ada


def adds_up(statement):
    for part in statement.groups:
        assert sum(line.points for line in part.lines) == part.score, part.group
        assert all(line.points == line.points.quantize(decay.CENT) for line in part.lines)
    assert sum(part.weighted for part in statement.groups) + statement.limit == statement.overall


def shown(statement):
    values = {part.group.pk: part.score for part in statement.groups if part.score}
    return values | ({None: statement.overall} if statement.overall else {})


def expected(values):
    return {group: value for (_contact, group), value in values.items() if value}


@given(history=histories)
@settings(max_examples=12, deadline=None)
def test_the_lines_add_up_to_the_scores_shown_now_and_at_any_instant(history):
    def check():
        with time_machine.travel(START, tick=False) as clock:
            ada = live(history, clock)
            statement = explain(ada, limit=history["limit"])
            adds_up(statement)
            assert shown(statement) == expected(sql.values([ada.pk], decay.today()))
            assert not [line for part in statement.groups for line in part.lines if line.kind == "pending"]
            for hours in history["asked"]:
                at = START + timedelta(hours=hours) - timedelta(days=30)
                for book in (Rulebook.as_of(at), Rulebook.current()):
                    then = explain(ada, at=at, book=book, limit=history["limit"])
                    adds_up(then)
                    assert shown(then) == expected(valuation.scores(book, [ada.pk], at))

    trying(check)
