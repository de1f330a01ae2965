"""Back-tests asked of the engine, around one cut-off date."""

from datetime import UTC, date, datetime

from scoring.backtests import books, cohorts, running
from scoring.models import BackTest
from scoring.rulebook import Rulebook
from tests.factories import ContactFactory
from tracking import inbox
from tracking.models import Event, Kind, Verdict

CUT = date(2026, 3, 31)
LONG_BEFORE = datetime(2025, 6, 1, tzinfo=UTC)
BEFORE = datetime(2026, 3, 20, 12, tzinfo=UTC)
AFTER = datetime(2026, 4, 10, 12, tzinfo=UTC)


def person(**fields):
    return ContactFactory(created_at=LONG_BEFORE, **fields)


def event(contact, kind, about=None, at=AFTER, **fields):
    inbox.ensure_months("tracking_event", [at.date().replace(day=1)])
    return Event.objects.create(
        contact=contact, kind=kind, subject=about, at=at, **{"verdict": Verdict.HUMAN, **fields}
    )


def submit(contact, about, at=AFTER, **fields):
    return event(contact, Kind.FORM_SUBMITTED, about, at, **fields)


def question(**fields):
    return BackTest(**{"outcome": "form_submitted", "cutoff": CUT, "horizon_days": 30, **fields})


def found(test, *contacts):
    """{contact: (converted, scores)} of those of these contacts who are looked at."""
    kept = books.read(test) if test.pk else {"today": books.always(Rulebook.current())}
    looked = cohorts.look(test, kept, sorted(contact.pk for contact in contacts))
    return list(looked.converted), {name: list(map(float, column)) for name, column in looked.scores.items()}


def finished(test, size=100):
    while running.step(test.pk, size=size):
        pass
    test.refresh_from_db()
    return test
