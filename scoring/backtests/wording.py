"""Back-tests in words: what the page and the command say to the marketer."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from contacts.wording import whole, with_minus
from scoring.backtests.bands import Top
from scoring.backtests.rates import Interval, Rate
from scoring.backtests.separation import Gain, Separation
from scoring.backtests.thresholds import Passing, Reason, Suggestion
from scoring.backtests.verdicts import FEWEST, Change, Comparison, Verdict, Worth


@dataclass(frozen=True)
class Words:
    title: str
    text: str


def verdict(given: Verdict) -> Words:
    if given.separation is None:
        return _too_few(given.worth.value, given.base)
    title, text = _on_worth(given.worth)
    return Words(title, f"{text} {_measured(given.separation)}")


def comparison(given: Comparison) -> Words:
    if given.gain is None:
        return _too_few(given.change.value, given.base)
    title, text = _on_change(given.change)
    return Words(title, f"{text} {_gained(given.gain)}")


def suggestion(given: Suggestion) -> Words:
    """Why this threshold, and what it would have passed."""
    titles = {
        Reason.CAPACITY: _("The best use of your sales team"),
        Reason.OVER_CAPACITY: _("The fewest leads there can be"),
        Reason.BALANCE: _("The best separation"),
        Reason.KEEP: _("Lose almost nobody"),
    }
    title = _("No better than drawing lots") if given.is_useless else titles[given.reason]
    return Words(title, f"{_because(given)} {passes(given.passing)}")


def passes(given: Passing) -> str:
    leads = ngettext("%(count)s lead would have passed", "%(count)s leads would have passed", given.leads)
    return _("%(leads)s, and %(converted)s of them converted; as many drawn by lot: about %(by_lot)s.") % {
        "leads": leads % {"count": whole(given.leads)},
        "converted": whole(given.conversions),
        "by_lot": whole(round(given.by_lot)),
    }


def lift(given: Top) -> str:
    sentence = _(
        "Of the %(percent)d%% of contacts with the highest scores, %(rate)s converted; of all contacts, %(base)s:"
        " %(lift)s times as often (between %(low)s and %(high)s times, with 95%% confidence)."
    )
    return sentence % {
        "percent": given.percent,
        "rate": percent(given.rate.value),
        "base": percent(given.base.value),
        "lift": _number(given.lift, 2),
        "low": _number(given.interval.low, 2),
        "high": _number(given.interval.high, 2),
    }


def percent(value: float) -> str:
    return _("%(number)s%%") % {"number": _number(100 * value, 1)}


def auc(value: float) -> str:
    return _number(value, 3)


def times(value: float) -> str:
    return _("× %(number)s") % {"number": _number(value, 2)}


def _too_few(which: str, base: Rate) -> Words:
    found = int(base.count)
    sentence = ngettext(
        "%(found)s contact converted; at least %(fewest)d are needed.",
        "%(found)s contacts converted; at least %(fewest)d are needed.",
        found,
    )
    if which == Worth.TOO_FEW_OTHERS:
        found = base.total - found
        sentence = ngettext(
            "%(found)s contact did not convert; at least %(fewest)d are needed.",
            "%(found)s contacts did not convert; at least %(fewest)d are needed.",
            found,
        )
    why = _("With fewer, one contact more or less would turn the answer: choose another date or another time.")
    return Words(_("Too early to tell"), f"{sentence % {'found': whole(found), 'fewest': FEWEST}} {why}")


def _on_worth(worth: Worth) -> tuple[str, str]:
    match worth:
        case Worth.ALL_EQUAL:
            return _("No better than chance"), _("All contacts have the same score, so it tells nobody apart.")
        case Worth.CHANCE:
            return _("No better than chance"), _("Choosing leads by this score is like drawing them by lot.")
        case Worth.WRONG_WAY:
            return (
                _("Worse than chance"),
                _("Your points point the wrong way: those who converted had lower scores than the others."),
            )
        case Worth.LITTLE:
            return _("A little better than chance"), _("The score tells something, but do not rely on it alone.")
        case Worth.FAIR:
            return _("Fair"), _("The score helps to decide whom to call first.")
        case Worth.GOOD:
            return _("Good"), _("The score separates well those who will convert from the others.")
        case Worth.VERY_GOOD:
            return _("Very good"), _("The score separates very well those who will convert from the others.")
        case _:
            return (
                _("Almost too good"),
                _("Hardly any score separates this well: check that no rule gives points for the outcome itself."),
            )


def _on_change(change: Change) -> tuple[str, str]:
    match change:
        case Change.SAME_ORDER:
            return _("No change"), _("The draft puts the contacts in an order that separates exactly as before.")
        case Change.NO_DIFFERENCE:
            return _("No clear difference"), _("These contacts do not show whether the draft is better or worse.")
        case Change.BETTER:
            return _("The draft is better"), _("It separates better those who will convert from the others.")
        case _:
            return _("The draft is worse"), _("It separates less well those who will convert from the others.")


def _measured(separation: Separation) -> str:
    sentence = _(
        "Of one who converted and one who did not, the first had the higher score in %(cases)s of 100 cases"
        " (AUC %(auc)s, between %(low)s and %(high)s with 95%% confidence; 0.5 is chance)."
    )
    values = {"cases": str(round(100 * separation.auc)), "auc": auc(separation.auc)}
    return sentence % (values | _bounds(separation.interval))


def _gained(gain: Gain) -> str:
    sentence = _(
        "AUC %(first)s with the rules in force, %(second)s with the draft: a difference of %(gain)s"
        " (between %(low)s and %(high)s with 95%% confidence)."
    )
    values = {"first": auc(gain.first), "second": auc(gain.second), "gain": auc(gain.value)}
    return sentence % (values | _bounds(gain.interval))


def _bounds(interval: Interval) -> dict[str, str]:
    return {"low": auc(interval.low), "high": auc(interval.high)}


def _number(value: float, places: int) -> str:
    """Rounded here, because Django cuts; minus zero is zero."""
    return with_minus(number_format(round(value, places) + 0.0, places))


def _because(given: Suggestion) -> str:
    match given.reason:
        case Reason.CAPACITY:
            sentence = _("It passes as many leads as you can take, which is %(count)s, or nearly.")
            return sentence % {"count": whole(given.capacity or 0)}
        case Reason.OVER_CAPACITY:
            sentence = _("You can take %(count)s leads, but more than that share the highest score.")
            return sentence % {"count": whole(given.capacity or 0)}
        case Reason.BALANCE:
            return _("It passes %(recall)s of those who converted and %(alarms)s of the others.") % {
                "recall": percent(given.passing.recall.value),
                "alarms": percent(given.passing.false_alarms.value),
            }
        case Reason.KEEP:
            return _("It passes at least nine in ten of those who converted, with hardly more leads than that takes.")
