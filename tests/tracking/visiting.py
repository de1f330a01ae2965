"""What browsers and contacts do in tests: they visit, click, submit and say who they are; and whose it is then."""

from datetime import UTC, datetime
from uuid import UUID

from tests.factories import LinkFactory
from tests.scoring.conftest import happen
from tracking.models import Event, Kind, Subject, Visitor

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BROWSER, OTHER = UUID(int=1), UUID(int=2)


def visit(visitor=BROWSER, path="/pricing", at=AT, **fields):
    return happen(None, Kind.PAGE_VISITED, at=at, visitor_id=visitor, url=f"https://shop.example{path}", **fields)


def identify(email, visitor=BROWSER, **data):
    return happen(None, Kind.IDENTIFIED, visitor_id=visitor, data={"email": email, **data})


def click(contact, visitor=BROWSER, at=AT):
    return happen(contact, Kind.EMAIL_CLICKED, LinkFactory().subject, at, visitor_id=visitor)


def submit(form, visitor=BROWSER, **answers):
    consents = answers.pop("consents", {})
    about = Subject.objects.get(type=Subject.Type.FORM, ref_id=form.pk)
    data = {"form": form.pk, "answers": answers, "consents": consents}
    return happen(None, Kind.FORM_SUBMITTED, about, AT, visitor_id=visitor, data=data, ip="192.0.2.77")


def owners(kind=Kind.PAGE_VISITED):
    return list(Event.objects.filter(kind=kind).order_by("id").values_list("contact__email", flat=True))


def known_as(visitor=BROWSER):
    return Visitor.objects.get(pk=visitor).contact
