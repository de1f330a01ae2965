import pytest

from tests.factories import FormFactory
from tracking.models import LandingPage

SECTION = {"sections-TOTAL": "1", "sections-0-type": "form", "accent": "#6d28d9", "font": "sans"}
WARNING = "The section “Form” shows nothing yet"


@pytest.mark.django_db
@pytest.mark.parametrize("has_form", [True, False])
def test_a_section_that_shows_no_form_is_told(marketer, has_form):
    chosen = {"form": FormFactory().pk} if has_form else {}

    page = marketer.post(
        "/admin/tracking/landingpage/add/", {"title": "A", "slug": "a", **SECTION, **chosen}, follow=True
    )

    assert [row["type"] for row in LandingPage.objects.get().sections] == ["form"]
    assert (WARNING in page.text) is not has_form
