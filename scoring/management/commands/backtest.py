"""`manage.py backtest`: would the score have told who converts? Asks the engine, and answers in words or as JSON."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from contacts.registry import unknown_label
from contacts.wording import labelled
from scoring.backtests import books, questions, running
from scoring.management.groups import named
from scoring.models import BackTest
from scoring.outcomes import Outcome, UnknownName, outcomes


class Command(BaseCommand):
    help = "Test on the past whether the score tells who converts: scores of a past day, outcomes after it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        known = ", ".join(outcome.key for outcome in outcomes)
        parser.add_argument("--outcome", required=True, metavar="TYPE[:NAME,…]", help=f"one of {known}")
        parser.add_argument(
            "--cutoff", required=True, type=date.fromisoformat, metavar="DATE", help="such as 2026-03-31"
        )
        parser.add_argument("--horizon", type=int, default=90, metavar="DAYS", help="to convert in (default: 90)")
        parser.add_argument(
            "--score", metavar="GROUP", help="the score of this point group (default: the overall score)"
        )
        parser.add_argument("--capacity", type=int, metavar="LEADS", help="that sales can call a month")
        parser.add_argument("--again", action="store_true", help="also contacts who had converted before")
        parser.add_argument("--draft", action="store_true", help="compare with the rules of the draft")
        parser.add_argument("--then", action="store_true", help="compare with the rules in force then")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        test = running.ask(self._question(options))
        while test.is_going:
            if not running.step(test.pk):
                time.sleep(0.2)  # a worker has it
            test.refresh_from_db()
        if test.state != BackTest.State.DONE:
            raise CommandError(test.error or test.get_state_display())
        if options["json"]:
            self.stdout.write(json.dumps(_data(test), ensure_ascii=False, indent=2))
        else:
            self._tell(test)

    def _question(self, options: dict[str, Any]) -> BackTest:
        outcome, params = _outcome(options["outcome"])
        test = BackTest(
            outcome=outcome.key,
            params=params,
            cutoff=options["cutoff"],
            horizon_days=options["horizon"],
            group=None if options["score"] is None else named(options["score"]),
            capacity=options["capacity"],
            with_earlier=options["again"],
            with_draft=options["draft"],
            with_then=options["then"],
        )
        try:
            test.clean_fields(exclude={field.name for field in test._meta.fields} - {"horizon_days", "capacity"})
            questions.check_days(test.cutoff, test.horizon_days)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from None
        if test.with_draft and not books.waiting_draft():
            raise CommandError(_("There is nothing in the draft to compare with."))
        return test

    def _tell(self, test: BackTest) -> None:
        from scoring.backtests import pages  # numpy: not where a question is refused

        found = pages.shown(test)
        lines = [questions.outcome(test), questions.sentence(test), *questions.whom(test), ""]
        lines += [f"{found['words'].title}. {found['words'].text}", found["lift"], ""]
        lines += [labelled(side.name, f"{side.words.title} (AUC {side.auc}, {side.lift})") for side in found["sides"]]
        if comparison := found["comparison"]:
            lines.append(f"{comparison.title}. {comparison.text}")
        lines += [_("Score of at least | leads passed | converted | precision | recall")]
        lines += [
            f"{mark.threshold:>17} | {mark.leads:>12} | {mark.converted:>9} | {mark.precision:>9} | {mark.recall:>6}"
            for mark in found["marks"]
        ]
        lines += [f"{labelled(why.title, mark.threshold)}. {why.text}" for why, mark, _useless in found["suggestions"]]
        self.stdout.write("\n".join(lines))


def _data(test: BackTest) -> dict[str, Any]:
    return {
        "outcome": test.outcome,
        "params": test.params,
        "cutoff": test.cutoff.isoformat(),
        "horizon_days": test.horizon_days,
        "score": test.group and test.group.name,
        **(test.results or {}),
    }


def _outcome(text: str) -> tuple[Outcome, dict[str, Any]]:
    key, _colon, names = text.partition(":")
    if (outcome := outcomes.get(key)) is None:
        known = ", ".join(outcome.key for outcome in outcomes)
        raise CommandError(f"{unknown_label(key)} ({known})")
    try:
        return outcome, outcome.params_of([name.strip() for name in names.split(",") if name.strip()])
    except UnknownName as error:
        raise CommandError(str(error)) from None
