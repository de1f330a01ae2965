from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from contacts import custom_values
from contacts.models import CustomField

PARIS = ZoneInfo("Europe/Paris")


def field(type, **more):
    return CustomField(key="x", label="X", type=type, choices=["Red", "Dark blue"], **more)


@pytest.mark.parametrize(
    ("type", "written", "kept"),
    [
        ("text", "  hello ", "hello"),
        ("text", 12, "12"),
        ("long_text", "a\nb", "a\nb"),
        ("integer", "1 234", 1234),
        ("integer", "-3", -3),
        ("integer", 3.0, 3),
        ("decimal", "1\u202f234,50", 1234.5),
        ("decimal", "1.50", 1.5),
        ("decimal", 2, 2),
        ("boolean", "Oui", True),
        ("boolean", "FALSE", False),
        ("boolean", 1, True),
        ("boolean", False, False),
        ("date", "2025-12-31", "2025-12-31"),
        ("date", "31/12/2025", "2025-12-31"),
        ("date", date(2025, 12, 31), "2025-12-31"),
        ("date", datetime(2025, 12, 31, 23, 30, tzinfo=PARIS), "2025-12-31"),
        ("datetime", "2025-12-31 14:30", "2025-12-31T13:30:00+00:00"),
        ("datetime", "2025-12-31T14:30:00Z", "2025-12-31T14:30:00+00:00"),
        ("datetime", "31/12/2025 14:30", "2025-12-31T13:30:00+00:00"),
        ("datetime", datetime(2025, 7, 1, 12, tzinfo=PARIS), "2025-07-01T10:00:00+00:00"),
        ("choice", "dark BLUE", "Dark blue"),
        ("choices", "red|dark blue", ["Red", "Dark blue"]),
        ("choices", ["Dark blue", "Red", "Red"], ["Red", "Dark blue"]),
        ("email", " A@Example.com", "a@example.com"),
        ("url", "https://example.com/x", "https://example.com/x"),
        ("phone", "06 12 34 56 78", "+33612345678"),
    ],
)
def test_a_value_is_kept_in_one_form_however_it_was_written(type, written, kept):
    cleaned = custom_values.clean(field(type), written)

    assert cleaned == kept
    assert cleaned.__class__ is kept.__class__
    assert custom_values.clean(field(type), cleaned) == kept


@pytest.mark.parametrize("type", CustomField.Type.values)
@pytest.mark.parametrize("nothing", [None, "", "  ", []])
def test_nothing_is_kept_as_nothing(type, nothing):
    assert custom_values.clean(field(type), nothing) is None


@pytest.mark.parametrize(
    ("type", "written"),
    [
        ("text", {"a": 1}),
        ("text", "a\x00b"),
        ("text", "x" * 501),
        ("integer", "1.5"),
        ("integer", "1e400"),
        ("integer", "NaN"),
        ("integer", True),
        ("decimal", "Infinity"),
        ("decimal", "9" * 50),
        ("decimal", "one"),
        ("boolean", "maybe"),
        ("date", "2025-02-30"),
        ("date", "yesterday"),
        ("datetime", "2025-13-01T00:00"),
        ("datetime", "0001-01-01T00:00+14:00"),
        ("choice", "green"),
        ("choice", ["Red"]),
        ("choices", ["Red", "green"]),
        ("choices", 7),
        ("email", "nobody"),
        ("url", "javascript:alert(1)"),
        ("url", "ftp://example.com"),
        ("phone", "12"),
    ],
)
def test_what_the_type_cannot_be_is_refused_with_a_sentence(type, written):
    with pytest.raises(ValidationError) as caught:
        custom_values.clean(field(type), written)

    assert all(caught.value.messages)


def test_an_empty_value_takes_the_old_one_away():
    assert custom_values.merged({"age": 1, "b": 2}, {"age": None}) == {"b": 2}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"key": "Budget"}, "key"),
        ({"key": "1st"}, "key"),
        ({"key": "with-hyphen"}, "key"),
        ({"key": "email"}, "key"),
        ({"key": "tags"}, "key"),
        ({"type": "choice", "choices": []}, "choices"),
        ({"type": "choice", "choices": ["a", "A"]}, "choices"),
        ({"type": "choices", "choices": ["a|b"]}, "choices"),
    ],
)
def test_a_field_that_would_not_work_is_refused(values, wrong):
    with pytest.raises(ValidationError) as caught:
        CustomField(**{"key": "budget", "label": "Budget", **values}).full_clean()

    assert list(caught.value.message_dict) == [wrong]
