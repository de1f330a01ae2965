"""How benchmarks are measured and what is saved of them."""

import json

import pytest

from benchmarks import report
from benchmarks.benchmark import Benchmark, measure
from benchmarks.databases import Size
from benchmarks.figures import Figure, Goal, Measured, figures
from benchmarks.items import ITEMS
from config.load import load
from config.load.plan import Plan

SIZE = Size(contacts=100, events=500, actions=20, seed=1)
SHAPE = {"name": str, "value": float, "unit": str, "baseline": float, "ratio": float, "goal": str, "met": bool}


class Noted(Benchmark):
    """Notes what is called, in order."""

    name = "noted"
    rounds = 2
    warm = 1

    def set_up(self):
        self.calls = ["set up"]

    def prepare(self):
        self.calls.append("prepare")

    def run(self):
        self.calls.append("run")

    def floor(self):
        self.calls.append("floor")

    def check(self):
        self.calls.append("check")

    def tear_down(self):
        self.calls.append("tear down")


def measured(name="pages", unit="ms", goal=None, seconds=0.2, floor=0.1, **more):
    return Measured(name, unit, goal, seconds, floor, **more)


def test_every_round_measures_the_bare_sql_and_bareme_one_after_the_other():
    noted = Noted(Plan())
    measure(noted)

    assert noted.calls == ["set up", *["prepare", "floor", "run", "check"] * 3, "tear down"]


def test_a_figure_has_its_value_its_baseline_their_ratio_and_its_goal():
    found = figures({0.1: [measured(seconds=0.1)], 1.0: [measured(goal=Goal(300, "most"))]})

    assert found == [
        Figure("pages · 10% of the data", 100, "ms", 100, 1, None, None),
        Figure("pages · 100% of the data", 200, "ms", 100, 2, "≤ 300 ms", True),
        Figure("pages · growth from 10% to 100%", 2, "×", 1, 2, None, None),
    ]


@pytest.mark.parametrize(
    ("goal", "words", "met"),
    [
        (Goal(5_000, "least"), "≥ 5,000 hits/s", True),
        (Goal(5_001, "least"), "≥ 5,001 hits/s", False),
        (Goal(2, "ratio"), "≤ 2 × its bare SQL", True),
        (Goal(1.9, "ratio"), "≤ 1.9 × its bare SQL", False),
    ],
)
def test_a_goal_bounds_the_rate_or_the_ratio(goal, words, met):
    figure = figures({1.0: [], 2.0: [measured("batch", "hits/s", goal, count=1000)]})[0]

    assert (figure.value, figure.baseline, figure.ratio) == (5_000, 10_000, 2)
    assert (figure.goal, figure.met) == (words, met)


def test_what_should_cost_the_same_has_a_goal_for_how_it_grows_with_history_alone():
    small, young, large = (measured(steady=True, seconds=seconds) for seconds in (0.1, 0.2, 0.27))
    *_, growth, with_history = figures({0.1: [small], 1.0: [large]}, [young])

    assert (growth.name, growth.value, growth.goal) == ("pages · growth from 10% to 100%", 2.7, None)
    assert with_history.name == "pages · growth with history, from 10% to 100%"
    assert (with_history.value, with_history.goal, with_history.met) == (1.35, "≤ 1.3 ×", False)


def test_measurements_survive_the_way_between_processes(tmp_path):
    several = [measured(), measured("batch", "hits/s", Goal(1, "least"), count=10, steady=True)]
    Measured.write(tmp_path / "m.json", several)

    assert Measured.read(tmp_path / "m.json") == several


def test_the_file_and_the_table_show_every_figure(tmp_path):
    found = figures({0.1: [measured()], 1.0: [measured(goal=Goal(100, "most"))]})
    report.save(tmp_path / "r.json", found, SIZE)

    saved = json.loads((tmp_path / "r.json").read_text())
    assert saved["size"] == {"contacts": 100, "events": 500, "actions": 20, "seed": 1}
    assert [list(row) for row in saved["figures"]] == [list(SHAPE)] * 3
    assert all(row[key] is None or type(row[key]) is SHAPE[key] for row in saved["figures"] for key in SHAPE)
    lines = report.table(found).splitlines()
    assert len(lines) == 4
    assert " ".join(lines[2].split()) == "pages · 100% of the data 200 ms 100 2 ≤ 100 ms NO"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_every_item_can_be_measured_on_a_generated_world(settings):
    settings.ALLOWED_HOSTS = ["*"]
    plan = Plan(contacts=100, events=500, actions=20, workers=1)
    load.generate(plan, say=lambda sentence: None)

    for item in ITEMS:
        if getattr(item, "connections", 8) != 8:
            continue  # the same with more or fewer visitors
        small = type(item.__name__, (item,), {"count": min(item.count, 20), "warm": 0})
        found = measure(small(plan), rounds=1)
        assert (found.name, found.seconds > 0, found.floor > 0) == (item.name, True, True)
