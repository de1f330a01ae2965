"""The draft shows what it has, and what publishing it would do."""

import csv
import io
from decimal import Decimal

import pytest

from campaigns.admin.histograms import histogram
from config import pipeline
from scoring import previews, publications
from scoring.models import (
    PointAction,
)
from scoring.publishing.figures import Bin, figures, step
from scoring.tasks import forecast
from tests.campaigns.drafting import (
    Scope,
    a_trigger,
    edit,
    page,
    previewed,
    said,
)

pytestmark = pytest.mark.django_db


def test_the_draft_shows_its_edits_and_lets_one_be_taken_out(marketer, rule, engagement):
    draft = edit(rule, points=7)
    publications.add(draft, "point_group", engagement.pk, {"weight": "3.00"}, marketer.user)
    answer = marketer.get(page("publication_change", draft.pk))

    assert [(told.edit.name, [(c.before, c.after) for c in told.changes][:1]) for told in answer.context["edits"]] == [
        ("Download", [("+5", "+7")]),
        ("Engagement", [("1", "3")]),
    ]
    taken = marketer.post(page("publication_change", draft.pk), {"remove": draft.edits.first().pk}, follow=True)
    assert said(taken) == ["“Download” was taken out of the draft."]
    assert [one.name for one in draft.edits.all()] == ["Engagement"]
    gone = marketer.post(page("publication_change", draft.pk), {"remove": "0"}, follow=True)
    assert said(gone) == ["It was taken out of the draft meanwhile."]


def test_the_draft_is_thrown_away_only_after_a_question(marketer, rule):
    draft = edit(rule, points=7)
    assert "1 edit is lost." in marketer.get(page("publication_discard", draft.pk)).content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"

    marketer.post(page("publication_discard", draft.pk))
    draft.refresh_from_db()
    assert draft.state == "discarded"


def test_a_preview_is_made_behind_the_scenes_and_its_page_follows(marketer, rule, people):
    draft = edit(rule, points=10)
    waiting = marketer.post(page("publication_change", draft.pk), {"preview": "1", "scope": "past"}, follow=True)
    assert "data-progress" in waiting.content.decode()
    status = page("publication_status", draft.pk)
    assert marketer.get(status).json() == {"going": True, "percent": 0, "sentence": "Waiting for its turn."}

    previews.step(size=1)
    assert marketer.get(status).json() == {"going": True, "percent": 33, "sentence": "1 of 3 contacts."}
    forecast()
    assert marketer.get(status).json() == {"going": False, "percent": 100, "sentence": "3 of 3 contacts."}
    assert "data-progress" not in marketer.get(page("publication_change", draft.pk)).content.decode()


def test_the_preview_says_how_many_change_by_how_much_and_who_most(rule, engagement, people):
    draft = previewed(edit(rule, points=7))
    overall, group = figures(draft)

    assert (overall.group, group.group) == (None, engagement)
    assert (group.changed, group.up, group.down, group.mean, group.median) == (3, 3, 0, 4, 4)
    assert [(m.contact.first_name, m.before, m.after, m.change) for m in group.risers] == [
        ("Ada", 15, 21, 6),
        ("Bob", 10, 14, 4),
        ("Cleo", 5, 7, 2),
    ]
    assert group.fallers == []
    assert [(b.low, b.high, b.before, b.after) for b in group.bins if b.before or b.after] == [
        (5, 6, 1, 0),
        (7, 8, 0, 1),
        (10, 11, 1, 0),
        (14, 15, 0, 1),
        (15, 16, 1, 0),
        (21, 22, 0, 1),
    ]


def test_steps_of_a_histogram_are_round_and_few():
    cases = [(0, 0), (0, 1), (3, 22), (-50, 50), (0, 999), (Decimal("-0.07"), Decimal("0.30")), (-1, 1_000_000)]
    assert [step(Decimal(low), Decimal(high)) for low, high in cases] == [
        Decimal(expected) for expected in ("0.01", "0.1", "2", "10", "100", "0.02", "100000")
    ]


def test_a_histogram_is_drawn_to_its_tallest_bar():
    picture = histogram([Bin(Decimal(0), Decimal(10), 4, 0), Bin(Decimal(10), Decimal(20), 0, 2)])

    assert [(bar.kind, bar.height, bar.title) for bar in picture.bars] == [
        ("before", "120.00", "0 … 10: 4"),
        ("after", "0.00", "0 … 10: 0"),
        ("before", "0.00", "10 … 20: 0"),
        ("after", "60.00", "10 … 20: 2"),
    ]
    assert ([label for _, label in picture.labels], picture.highest) == (["0", "10", "20"], 4)


def rows_of(response):
    text = b"".join(response.streaming_content).decode()
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:])))


def test_the_files_name_exactly_who_changes_and_who_crosses(marketer, rule, people):
    a_trigger(20, name="=HYPERLINK(1)")
    hostile, who = "=cmd|' /C calc'!A0", ["contact", "email", "first name", "last name"]
    people["bob"].first_name = hostile
    people["bob"].save()
    draft = previewed(edit(rule, points=10))
    ada, bob, cleo = (str(people[name].pk) for name in ("ada", "bob", "cleo"))

    assert rows_of(marketer.get(page("publication_crossings", draft.pk))) == [
        ["trigger", "direction", "what would happen", *who, "score before", "score after"],
        ["'=HYPERLINK(1)", "up", "Waits for your release", ada, "ada@example.com", "Ada", "Test", "15.00", "30.00"],
        ["'=HYPERLINK(1)", "up", "Waits for your release", bob, "bob@example.com", "'" + hostile, "Test", "10.00", "20.00"],
    ]  # fmt: skip
    changes = rows_of(marketer.get(page("publication_changes", draft.pk)))
    assert changes[0] == [
        "contact",
        "email",
        "first name",
        "last name",
        "score",
        "score before",
        "score after",
        "change",
    ]
    assert sorted((row[0], row[4], row[7]) for row in changes[1:]) == sorted(
        (pk, name, change)
        for pk, change in ((ada, "15.00"), (bob, "10.00"), (cleo, "5.00"))
        for name in ("Engagement", "Overall score")
    )


def test_names_of_others_are_written_as_text(marketer, rule, people):
    hostile = "<script>alert(1)</script>"
    PointAction.objects.filter(pk=rule.pk).update(name=hostile)
    rule.refresh_from_db()
    a_trigger(20, name=hostile)
    people["ada"].first_name = hostile
    people["ada"].save()
    draft = edit(rule, points=10, name=hostile + "2")
    draft.note = hostile
    draft.save()
    previewed(draft)

    addresses = [page("publication_change", draft.pk), page("publication_publish", draft.pk) + "?scope=past"]
    addresses += [
        page("publication_changelist"),
        page("pointaction_change", rule.pk),
        page("publication_discard", draft.pk),
    ]
    for address in addresses:
        assert hostile not in marketer.get(address).content.decode()
    publications.publish(draft, Scope.PAST, note=hostile)
    pipeline.drain()
    after = [
        page("publication_change", draft.pk),
        page("publication_roll_back", draft.pk),
        page("publication_changelist"),
    ]
    after += [page("publication_release", draft.pk), page("pointaction_history", rule.pk)]
    after += [page("firing_changelist", app="campaigns") + f"?publication={draft.pk}"]
    for address in after:
        response = marketer.get(address)
        assert response.status_code == 200
        assert hostile not in response.content.decode()
