"""What a mail says: personal fields, HTML made safe, and the text beside it."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from campaigns.mail import fields, html, render
from campaigns.mail.fields import Person
from scoring.models import PointGroup
from tests.campaigns.conftest import give_score
from tests.campaigns.mail.conftest import perform
from tests.factories import (
    CompanyFactory,
    CustomFieldFactory,
    EmailFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


# --- personal fields --------------------------------------------------------------------------------------------------


def test_personal_fields_are_those_of_the_contact_and_what_belongs_to_them(anne):
    CustomFieldFactory(key="budget", label="Budget")
    anne.fields, anne.company = {"budget": 12, "likes": ["tea", "coffee"]}, CompanyFactory(name="Lumen")
    anne.owner = UserFactory(first_name="Paul", last_name="Roy")
    engagement = PointGroup.objects.create(name="Hot leads")
    give_score(anne, Decimal("12.50"), engagement)
    give_score(anne, Decimal("27.50"), PointGroup.objects.create(name="Fit"))
    give_score(anne, 40)
    person = Person(anne)

    def text(template):
        return render.line(template, person)

    assert text("{{ contact.first_name }} {{contact.last_name|upper}}") == "Anne MOREAU"
    assert text("{{ company.name }}, {{ custom.budget }}, {{ custom.likes }}") == "Lumen, 12, tea, coffee"
    assert text("{{ owner.name }} <{{ owner.email }}>") == f"Paul Roy <{anne.owner.email}>"
    assert text("{{ score.hot-leads }} / {{ score.overall }} / {{ score.none }}") == "12.50 / 40 / 0"
    assert text('{{ contact.job_title|default:"your job"|capitalize }}') == "Your job"
    assert text("{{ contact.job_title|default:'there' }} {{ contact.phone|default:&quot;?&quot; }}") == "there ?"


@pytest.mark.parametrize(
    ("case", "source"),
    [
        ("unknown field", "{{ contact.password }}"),
        ("attribute of an object", "{{ contact.owner.password }}"),
        ("private attribute", "{{ contact.__class__ }}"),
        ("method", "{{ contact.delete }}"),
        ("unknown custom field", "{{ custom.nothing }}"),
        ("unknown filter", "{{ contact.email|safe }}"),
        ("tag", "{% load static %}"),
        ("include", "{% include 'admin/base.html' %}"),
        ("comment", "{# x #}"),
        ("not closed", "{{ contact.email"),
        ("nested", "{{ contact.{{ email }} }}"),
        ("call", "{{ contact.email() }}"),
        ("filter without quotes", "{{ contact.email|default:contact.phone }}"),
    ],
)
def test_anything_but_a_known_field_is_refused(case, source):
    with pytest.raises(ValidationError):
        fields.validate(source)


def test_an_unknown_field_is_answered_with_the_list_of_those_there_are():
    CustomFieldFactory(key="budget")

    with pytest.raises(
        ValidationError, match=r"no field contact\.age\. There are: contact\.first_name, .*custom\.budget"
    ):
        fields.validate("{{ contact.age }}")


@pytest.mark.parametrize(
    "source", ["<script>alert(1)</script>", "<p onclick='x()'>", "<a href='javascript:x'>", "<form>"]
)
def test_html_that_acts_is_refused(source):
    with pytest.raises(ValidationError, match="has no place in a mail"):
        html.validate(source)


def test_a_hostile_name_stays_text_everywhere(anne):
    anne.first_name = '<img src=x onerror=alert(1)>"{{ contact.email }}zqlink0z{% now %}'
    email = EmailFactory(
        subject_line="For {{ contact.first_name }}",
        html='<p title="{{ contact.first_name }}">{{ contact.first_name }}</p>'
        '<a href="https://x.example/?n={{ contact.first_name }}">go</a><a href="{{ contact.first_name }}">bad</a>',
    )

    rendered = render.email(email, anne)

    escaped = "&lt;img src=x onerror=alert(1)&gt;&quot;{{ contact.email }}zqlink0z{% now %}"
    assert f'<p title="{escaped}">{escaped}</p>' in rendered.html
    assert "n=%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22%7B%7B" in rendered.html
    assert '<a href="#">bad</a>' in rendered.html
    assert rendered.title == f"For {anne.first_name}"


def test_a_name_that_looks_like_an_encoded_header_is_a_name(anne, smtp):
    anne.first_name = "=?utf-8?q?x=0D=0ABcc:other@example.com?="
    anne.save()
    perform(EmailFactory(html="", text="Hello"), anne)

    ((to, mail),) = smtp.mails
    assert to == [anne.email]
    assert "Bcc" not in mail


# --- HTML and text ----------------------------------------------------------------------------------------------------


def test_styles_are_inlined_and_the_text_part_is_made_from_the_html(anne):
    email = EmailFactory(
        html="<style>p{color:red}</style><h1>Bonjour {{ contact.first_name }}</h1><p>First</p><ul><li>One</li><li>Two</li></ul>"
        '<p>See <a href="https://example.com/a">our page</a><br>soon</p>'
    )

    rendered = render.email(email, anne)

    assert '<p style="color: red;">First</p>' in rendered.html
    assert rendered.text == "Bonjour Anne\n\nFirst\n\n- One\n- Two\n\nSee our page (https://example.com/a)\nsoon"


def test_broken_css_does_not_keep_a_mail_from_going_out(anne):
    assert "Hello" in render.email(EmailFactory(html="<style>p{color:}}}{</style><p>Hello</p>"), anne).html


def test_a_mail_of_text_only_has_no_html_part(anne, smtp):
    perform(EmailFactory(html="", text="Hi {{ contact.first_name }}: https://example.com/a."), anne)

    ((_to, mail),) = smtp.mails
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().startswith("Hi Anne: https://bareme.example/t/c/")
