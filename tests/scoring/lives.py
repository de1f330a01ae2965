"""Short lives of one contact, drawn at random, for whatever explains a score."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from config import pipeline
from contacts.models import Contact
from scoring import ledger, rules, terms
from scoring.models import OverallScore, PointAction, PointGroup, Repeat
from tests.factories import ContactFactory
from tests.scoring.conftest import SINCE, download, subject

START = datetime(2026, 1, 26, 12, tzinfo=UTC)
FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}


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
