"""What the tests of the pages of scoring share."""

from datetime import UTC, datetime

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)

FRENCH = {"all": [{"filter": "field", "field": "country", "op": "is", "value": "FR"}]}


def page(name, *args):
    return reverse(f"admin:{name}", args=args)


def values(source="asset_downloaded", **more):
    """What the browser posts for a new point action."""
    plain = {
        "name": "Reads",
        "points": "5",
        "source": source,
        "params__type": source,
        "repeat": "object",
        "is_active": "on",
    }
    return plain | more


def versions_formset():
    return {"versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}


def errors(response):
    assert response.status_code == 200, "the form should have been refused"
    form = response.context["adminform"].form
    inner = form.fields["params"].inner if "params" in form.fields else None
    return {**form.errors, **({f"params__{name}": found for name, found in inner.errors.items()} if inner else {})}


def queries(job):
    with CaptureQueriesContext(connection) as captured:
        job()
    return len(captured)


def form_page(client, form, *rows):
    """Post the form's page with these rows of points."""
    address = page("tracking_form_change", form.pk) if form else page("tracking_form_add")
    response = client.get(address)
    data = {"name": form.name if form else "New form", "thank_you": "message", "is_active": "on"}
    for inline in response.context["inline_admin_formsets"]:
        prefix = inline.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    data["point_actions-TOTAL_FORMS"] = str(len(rows))
    data["point_actions-INITIAL_FORMS"] = str(sum("id" in row for row in rows))
    for number, row in enumerate(rows):
        data |= {f"point_actions-{number}-{name}": str(value) for name, value in row.items()}
    return client.post(address, data)
