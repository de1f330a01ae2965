import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from campaigns import delivery
from campaigns.mail import fields, html, render, send
from campaigns.mail.fields import Person
from campaigns.models import Delivery, Email, Message
from contacts import consent
from contacts.models import Channel, DoNotContact, Purpose
from scoring.models import PointGroup
from tests.campaigns.conftest import give_score
from tests.factories import (
    CompanyFactory,
    ContactFactory,
    CustomFieldFactory,
    DeliveryFactory,
    EmailFactory,
    UserFactory,
)
from tests.threads import together
from tracking import addresses, tokens
from tracking.models import Hit, Kind, Link, Subject
from tracking.tokens import Ref
from tracking.verdicts import hidden_link

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public(settings):
    settings.PUBLIC_URL = "https://bareme.example"


@pytest.fixture
def anne():
    anne = ContactFactory(email="anne@example.com", first_name="Anne", last_name="Moreau", city="Lyon")
    for purpose in Purpose:
        consent.give(anne, purpose)
    return anne


def queue(email, contact):
    return DeliveryFactory(type="send_email", params={"email": email.pk}, contact=contact)


def perform(email, contact):
    queued = queue(email, contact)
    delivery.perform(queued.pk)
    queued.refresh_from_db()
    return queued


def tracked(text, kind="c"):
    """Whose copy of which links the tracked addresses in a mail are, but for the hidden one."""
    found = [addresses.read_click(token)[0] for token in re.findall(r"https://bareme\.example/t/c/([\w-]+)", text)]
    return [ref for ref in found if ref.subject_id != hidden_link.subject_id()]


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


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_a_mail_is_sent_followed_and_kept_exactly_as_it_left(anne, smtp):
    email = EmailFactory(
        subject_line="Hello {{ contact.first_name }}",
        from_name="Lumen",
        reply_to="sales@example.com",
        html='<p>Hi {{ contact.first_name }}, <a href="https://Example.com/Pricing/?utm_source=x&amp;a=1">prices</a> '
        '<a href="https://example.com/?e={{ contact.email }}">yours</a> <a href="mailto:a@example.com">mail</a></p>',
    )

    queued = perform(email, anne)

    assert (queued.state, queued.outcome) == (Delivery.State.SENT, "Sent to anne@example.com.")
    message, source = Message.objects.get(), Subject.objects.get(type="email")
    ((to, mail),) = smtp.mails
    assert to == ["anne@example.com"]
    assert mail["Subject"] == message.title == "Hello Anne"
    assert mail["From"] == message.sender == "Lumen <hello@bareme.example>"
    assert mail["To"] == "Anne Moreau <anne@example.com>"
    assert mail["Reply-To"] == "sales@example.com"
    assert mail["Message-ID"] == f"<{queued.key}@bareme.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert {name: mail[name].strip() for name in message.headers} == message.headers
    body = mail.get_body(("html",)).get_content().replace("\r\n", "\n")
    assert body.rstrip("\n") == message.html.rstrip("\n")
    assert mail.get_body(("plain",)).get_content().split() == message.text.split()
    assert message.sent_at is not None

    link = Link.objects.get()
    assert (link.url, link.source) == ("https://Example.com/Pricing/?utm_source=x&a=1", source)
    assert (link.subject.host, link.subject.path, link.subject.parent) == ("example.com", "/Pricing", source)
    assert tracked(body) == [Ref(anne.pk, link.subject_id, message.pk)]
    assert 'href="https://example.com/?e=anne%40example.com"' in body
    assert 'href="mailto:a@example.com"' in body
    (opened,) = re.findall(r'src="https://bareme\.example/t/o/([\w-]+)\.gif"', body)
    assert tokens.unsign_ref("open", opened) == Ref(anne.pk, source.pk, message.pk)
    (unsubscribe,) = re.findall(r"https://bareme\.example/u/([\w-]+)>", mail["List-Unsubscribe"])
    assert tokens.unsign_ref("unsubscribe", unsubscribe) == Ref(anne.pk, source.pk, message.pk)
    assert f'<a href="https://bareme.example/u/{unsubscribe}"' in body

    hit = Hit.objects.get(kind=Kind.EMAIL_SENT)
    assert (hit.contact_id, hit.subject_id, hit.message_id) == (anne.pk, source.pk, message.pk)


@pytest.mark.parametrize(
    ("case", "purpose", "pattern"), [("opens", "email_tracking", "/t/o/"), ("links", "link_tracking", "/t/c/")]
)
def test_what_the_contact_did_not_allow_is_not_followed(anne, smtp, case, purpose, pattern):
    consent.withdraw(anne, purpose)

    perform(EmailFactory(html='<a href="https://example.com/a">a</a>'), anne)

    message = Message.objects.get()
    assert pattern not in message.html + message.text
    assert "/u/" in message.html
    assert ("https://example.com/a" in message.html) == (case == "links")


def test_links_are_the_same_rows_for_every_contact_and_every_sending(anne, smtp):
    email = EmailFactory(html='<a href="https://example.com/a">a</a> <a href="https://example.com/a">again</a>')

    for contact in (anne, anne, ContactFactory()):
        perform(email, contact)

    assert list(Link.objects.values_list("url", flat=True)) == ["https://example.com/a"]


def test_the_footer_speaks_the_language_of_the_mail_and_gives_way_to_a_link_of_ones_own(anne, smtp):
    own = EmailFactory(html='<p>x <a href="{{ unsubscribe_url }}">Stop</a></p>')

    perform(own, anne)

    body = Message.objects.get().html
    assert re.findall(r"/u/[\w-]+(/choices)?", body) == ["", "/choices"]
    assert re.search(r'<a href="https://bareme\.example/u/[\w-]+">Stop</a>', body)
    assert "You no longer want these emails?" not in body


def test_colleagues_get_one_mail_that_is_not_followed_and_somebody_chosen_twice_gets_it_once(anne, smtp):
    owner, other = UserFactory(email="Owner@example.com"), UserFactory(email="other@example.com")
    anne.owner = owner
    anne.save()
    email = EmailFactory(subject_line="{{ contact.name }} is hot", html='<a href="https://example.com">x</a>')
    queued = DeliveryFactory(
        type="send_email_to_user",
        contact=anne,
        params={"email": email.pk, "owner": True, "users": [owner.pk, other.pk]},
    )

    delivery.perform(queued.pk)

    ((to, mail),) = smtp.mails
    assert to == ["other@example.com", "owner@example.com"]
    assert (mail["Subject"], mail["List-Unsubscribe"]) == ("Anne Moreau is hot", None)
    assert "bareme.example/" not in Message.objects.get().html
    assert not Hit.objects.filter(kind=Kind.EMAIL_SENT).exists()


def test_nobody_to_tell_is_said(anne, smtp):
    queued = DeliveryFactory(
        type="send_email_to_user", contact=anne, params={"email": EmailFactory().pk, "owner": True, "users": []}
    )

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, smtp.mails) == (Delivery.State.SKIPPED, [])


# --- who is not written to --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "values", "outcome"),
    [
        ("no address", {"email": None, "phone": "+33612345678"}, "The contact has no email address."),
        ("no real address", {"email": "not an address"}, "“not an address” is not an email address."),
    ],
)
def test_a_contact_without_an_address_is_skipped(smtp, case, values, outcome):
    queued = perform(EmailFactory(), ContactFactory(**values))

    assert (queued.state, queued.outcome, smtp.mails) == (Delivery.State.SKIPPED, outcome, [])


def test_a_blocked_contact_is_never_written_to(anne, smtp):
    consent.block(anne, Channel.EMAIL)

    queued = perform(EmailFactory(), anne)

    assert queued.state == Delivery.State.SKIPPED
    assert queued.outcome == "The contact may not be sent emails (do not contact)."
    assert (smtp.mails, Hit.objects.filter(kind=Kind.EMAIL_SENT).exists()) == ([], False)


@pytest.mark.parametrize("change", ["inactive", "deleted"])
def test_an_email_that_is_not_active_is_given_up_visibly(anne, smtp, change):
    email = EmailFactory(is_active=change != "inactive")
    queued = queue(email, anne)
    if change == "deleted":
        email.delete()

    delivery.perform(queued.pk)

    queued.refresh_from_db()
    assert (queued.state, smtp.mails) == (Delivery.State.FAILED, [])


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_line_break_in_a_contacts_name_is_no_new_header(smtp):
    contact = ContactFactory(first_name="Eve\r\nBcc: victim@example.com", email="eve@example.com")

    perform(EmailFactory(subject_line="Hi {{ contact.first_name }}", from_name="{{ contact.first_name }}"), contact)

    ((to, mail),) = smtp.mails
    assert (to, mail["Bcc"]) == (["eve@example.com"], None)
    assert mail["Subject"] == "Hi Eve Bcc: victim@example.com"


@pytest.mark.parametrize("column", ["subject_line", "from_name"])
def test_a_line_break_in_a_header_is_refused_at_sending(anne, smtp, column):
    email = EmailFactory()
    Email.objects.update(**{column: "x\nBcc: victim@example.com"})

    queued = perform(email, anne)

    assert (queued.state, smtp.mails) == (Delivery.State.FAILED, []) or column == "from_name"
    assert all(mail["Bcc"] is None for _to, mail in smtp.mails)


def test_a_line_break_in_a_header_is_refused_in_the_admin():
    with pytest.raises(ValidationError, match="single line"):
        fields.validate_header("x\nBcc: victim@example.com")


# --- the mail server's answers ----------------------------------------------------------------------------------------


def test_an_address_that_does_not_exist_is_given_up_and_blocked(anne, smtp):
    smtp.answers["anne@example.com"] = "550 5.1.1 No such user"

    queued = perform(EmailFactory(), anne)

    assert (queued.state, queued.outcome) == (Delivery.State.FAILED, "550 5.1.1 No such user")
    block = DoNotContact.objects.get()
    assert (block.contact, block.reason, block.note) == (anne, "bounced", "550 5.1.1 No such user")
    assert Message.objects.get().sent_at is None


def test_a_server_that_refuses_the_content_does_not_block_the_person(anne, smtp):
    smtp.answer_data = "554 5.7.1 Looks like spam"

    queued = perform(EmailFactory(), anne)

    assert (queued.state, DoNotContact.objects.count()) == (Delivery.State.FAILED, 0)


def test_a_server_that_is_busy_is_tried_again_with_the_same_message_id(anne, smtp):
    smtp.answers["anne@example.com"] = "451 4.7.1 Try again later"
    queued = perform(EmailFactory(), anne)
    assert (queued.state, queued.outcome) == (Delivery.State.RETRYING, "451 4.7.1 Try again later")

    smtp.answers.clear()
    delivery.try_again(Delivery.objects.all())
    delivery.perform(queued.pk)

    ((_to, mail),) = smtp.mails
    assert mail["Message-ID"] == f"<{queued.key}@bareme.example>"
    assert Message.objects.count() == 1


def test_a_server_that_is_away_is_tried_again(anne, smtp, settings):
    settings.EMAIL_PORT = 1

    queued = perform(EmailFactory(), anne)

    assert queued.state == Delivery.State.RETRYING
    assert queued.outcome.startswith("ConnectionRefusedError")


def test_a_test_mail_leaves_no_trace(anne, smtp):
    send.test_to(EmailFactory(subject_line="Hello {{ contact.first_name }}"), anne, "me@example.com")

    ((to, mail),) = smtp.mails
    assert (to, mail["Subject"]) == (["me@example.com"], "[Test] Hello Anne")
    assert (Message.objects.count(), Hit.objects.count()) == (0, 0)


# --- unsubscribing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def link(anne, smtp):
    perform(EmailFactory(), anne)
    return re.search(r"https://bareme\.example(/u/[\w-]+)>", Message.objects.get().headers["List-Unsubscribe"])[1]


def unsubscribed():
    return list(DoNotContact.objects.values_list("contact__email", "channel", "reason"))


def test_looking_at_the_page_unsubscribes_nobody(client, link):
    response = client.get(link)

    assert (response.status_code, unsubscribed()) == (200, [])
    assert "No more emails from us?" in response.content.decode()


def test_one_post_without_a_cookie_unsubscribes_once_and_for_all(client, link, anne):
    client.handler.enforce_csrf_checks = True
    for _again in range(2):
        response = client.post(link, {"List-Unsubscribe": "One-Click"})

    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert unsubscribed() == [("anne@example.com", "email", "unsubscribed")]
    assert Hit.objects.filter(kind=Kind.UNSUBSCRIBED, contact_id=anne.pk).count() == 1
    assert "You are unsubscribed" in client.get(link).content.decode()


def test_the_page_speaks_the_contacts_language(client, link, anne):
    anne.language = "fr"
    anne.save()

    assert client.get(link)["Content-Language"] == "fr"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_token_that_is_not_ours_is_a_404(client, link, method):
    assert getattr(client, method)(link[:-3] + "abc").status_code == 404
    assert unsubscribed() == []


def test_a_merged_contact_is_unsubscribed_as_who_they_are_now(client, link, anne):
    kept = ContactFactory(email="kept@example.com")
    anne.merged_into = kept
    anne.save()

    client.post(link)

    assert unsubscribed() == [("kept@example.com", "email", "unsubscribed")]


def test_an_erased_contact_gets_the_same_answer(client, link, anne):
    anne.delete()

    assert client.post(link).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_meet_a_new_link_make_one_row(anne, smtp):
    email = EmailFactory(html='<a href="https://example.com/a">a</a>')
    first, second = queue(email, anne), queue(email, ContactFactory())

    assert together(lambda: delivery.perform(first.pk), lambda: delivery.perform(second.pk)) == [True, True]

    assert (Link.objects.count(), Subject.objects.filter(type="link").count()) == (1, 1)
    assert len(smtp.mails) == 2
