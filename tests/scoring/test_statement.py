"""The statement of a contact names each line and adds up."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from config import pipeline
from contacts.models import Contact
from scoring import ledger, rules, sql
from scoring.explain import explain
from scoring.models import (
    PointAction,
    PointGroup,
    Repeat,
)
from tests.cases import cases
from tests.factories import ContactFactory, UserFactory
from tests.scoring.conftest import SINCE, download, subject
from tests.scoring.posting import AT, FRENCH, queries
from tests.scoring.undoing import trying

pytestmark = pytest.mark.django_db


def test_the_statement_names_each_line_and_adds_up(publish, engagement, fit):
    author = UserFactory(username="sales")
    ada = ContactFactory(country="FR")
    guide = subject("The guide")
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    publish(-2, repeat=Repeat.WEEKLY)
    publish(1, repeat=Repeat.ALWAYS, group=fit)
    publish(20, source="profile_matches", params={"conditions": FRENCH}, group=fit)
    ledger.adjust(ada.pk, fit.pk, -8, note="Too small", author=author)
    for _ in range(3):
        download(ada, guide, AT)
    pipeline.drain()
    with translation.override("en"):
        statement = explain(ada)

    groups = {part.group.name: (part.score, part.weighted) for part in statement.groups}
    assert groups == {"Engagement": (3, 3), "Fit": (15, 30)}
    assert statement.overall == 33
    assert {(line.name, line.about, line.points, line.note) for part in statement.groups for line in part.lines} == {
        ("asset_downloaded +5", "The guide", 5, "happened 3 times, counts 1"),
        ("asset_downloaded -2", "The guide · week of March 2, 2026", -2, "happened 3 times, counts 1"),
        ("asset_downloaded +1", "The guide · March 2, 2026", 3, ""),
        ("profile_matches +20", "", 20, "while it is true"),
        ("By hand", "sales", -8, "Too small"),
    }


def test_the_statement_takes_as_many_queries_for_many_lines_as_for_few(publish, engagement):
    ada = ContactFactory()
    publish(5, repeat=Repeat.ONCE_PER_OBJECT)
    counts = set()
    for number in range(3):
        download(ada, subject(f"guide {number}"), AT)
        ledger.adjust(ada.pk, engagement.pk, 1, note="x", author=UserFactory())
        pipeline.drain()
        counts.add(queries(lambda: explain(ada)))
    assert len(counts) == 1


def test_points_of_an_archived_group_are_still_explained(publish, engagement):
    ada = ContactFactory()
    publish(5)
    PointGroup.objects.create(name="Never used", archived_at=AT)
    download(ada, subject("guide"), AT)
    pipeline.drain()
    PointGroup.objects.filter(pk=engagement.pk).update(archived_at=AT)

    assert [(part.group.name, part.score, len(part.lines)) for part in explain(ada).groups] == [("Engagement", 5, 1)]


steps = st.lists(
    st.one_of(
        st.tuples(st.just("download"), st.integers(0, 2), st.integers(0, 20)),
        st.tuples(st.just("adjust"), st.integers(0, 1), st.integers(-9, 9).filter(bool)),
        st.tuples(st.just("country"), st.sampled_from(["FR", "GB"]), st.just(0)),
        st.tuples(st.just("publish"), st.integers(0, 3), st.integers(-9, 9).filter(bool)),
    ),
    max_size=12,
)


@given(steps=steps)
@cases(4)
def test_whatever_happens_the_lines_add_up_to_the_score(steps):
    def check():
        groups = [
            PointGroup.objects.create(name=name, weight=weight) for name, weight in (("A", 1), ("B", Decimal("0.25")))
        ]
        ada, subjects = ContactFactory(), [subject(str(number)) for number in range(3)]
        made = []
        for number, (source, params) in enumerate(
            [
                ("asset_downloaded", {}),
                ("asset_downloaded", {"only": [subjects[0].pk]}),
                ("profile_matches", {"conditions": FRENCH}),
            ]
            * 2
        ):
            action = PointAction.objects.create(
                name=str(number), source=source, params=params, points=number - 7, group=groups[number % 2],
                repeat=Repeat.values[number],
            )  # fmt: skip
            rules.publish(action, since=SINCE)
            made.append(action)
        for step, first, second in steps:
            if step == "download":
                download(ada, subjects[first], AT.replace(day=1 + second))
            elif step == "adjust":
                ledger.adjust(ada.pk, groups[first].pk, second, note="x")
            elif step == "country":
                Contact.objects.filter(pk=ada.pk).update(country=first)
            else:
                made[first].points = second
                made[first].save()
                rules.publish(made[first], since=AT.replace(day=10))
            if len(step) % 2:
                pipeline.drain(limit=2)
        pipeline.drain()
        statement = explain(ada)

        assert [sum(line.points for line in part.lines) for part in statement.groups] == [
            part.score for part in statement.groups
        ]
        assert all(line.points == line.credited * line.each for part in statement.groups for line in part.lines)
        assert sum(part.weighted for part in statement.groups) == statement.overall
        assert sql.differences() == []

    trying(check)
