"""Files as people have them become contacts, and errors name line and column."""

import io

import pytest
from django.core.exceptions import ValidationError

from contacts.imports import jobs, loading, reading, targets
from contacts.models import Change, Company, Contact, ContactTag, Import, Membership
from tests.contacts.imports.staging import counts, imported
from tests.factories import ContactFactory, CustomFieldFactory, SegmentFactory, StageFactory, UserFactory

pytestmark = pytest.mark.django_db


def errors(job):
    return [(row.line, header, said) for row in job.rows.order_by("line") for header, said in row.errors]


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("cp1252", ";"), ("latin-1", "\t"), ("utf-16", ",")],
)
def test_encodings_and_delimiters_are_recognised(encoding, separator):
    text = separator.join(["Prénom", "Adresse e-mail"]) + "\r\n" + separator.join(["Élise", "elise@example.com"])

    imported(text, encoding)

    assert list(Contact.objects.values_list("first_name", "email")) == [("Élise", "elise@example.com")]


@pytest.mark.parametrize(
    "headers",
    [
        ["Email", "First name", "Last name", "Phone", "Company", "Job title", "Country", "Tags"],
        ["email", "first_name", "last_name", "phone", "company", "job_title", "country", "tags"],
        ["Adresse e-mail", "Prénom", "NOM", "Téléphone", "Société", "Fonction", "Pays", "Étiquettes"],
    ],
)
def test_headers_are_known_in_english_in_french_and_by_key(headers):
    wanted = ["email", "first_name", "last_name", "phone", "company", "job_title", "country", "tags"]

    assert targets.guess(headers) == wanted


def test_custom_fields_are_known_by_key_and_by_label_and_no_target_twice():
    CustomFieldFactory(key="budget", label="Budget annuel")

    assert targets.guess(["Budget annuel", "budget", "mail", "e-mail", "?"]) == ["fields.budget", "", "email", "", ""]


def test_a_line_becomes_a_contact_with_all_that_belongs_to_it():
    stage, segment, owner = StageFactory(name="Lead"), SegmentFactory(name="Dinner"), UserFactory(username="claire")
    CustomFieldFactory(key="budget", type="decimal")

    job = imported(
        "email,name,phone,company,country,stage,owner,tags,segments,budget\n"
        'ANNE@Example.com,Anne Le Goff,06 12 34 56 78,Acme,France,lead,Claire,VIP|Press,dinner,"1 234,50"\n'
    )

    assert counts(job) == (1, 0, 0, 0)
    anne = Contact.objects.get()
    assert (anne.email, anne.first_name, anne.last_name) == ("anne@example.com", "Anne", "Le Goff")
    assert (anne.phone, anne.country, anne.company.name) == ("+33612345678", "FR", "Acme")
    assert (anne.stage, anne.owner, anne.fields) == (stage, owner, {"budget": 1234.5})
    assert [tag.name for tag in anne.tags.all()] == ["Press", "VIP"]
    assert list(Membership.objects.values_list("segment", "is_member", "reason", "note")) == [
        (segment.pk, True, "import", "people.csv")
    ]


def test_a_known_contact_is_completed_and_blank_cells_leave_what_is_known():
    CustomFieldFactory(key="size")
    anne = ContactFactory(email="anne@example.com", first_name="Anne", city="Lyon", fields={"size": "L", "old": 1})

    job = imported("email,first_name,city,size,job_title\nAnne@example.com,,Paris,,CEO\n")

    assert counts(job) == (0, 1, 0, 0)
    anne.refresh_from_db()
    assert (anne.first_name, anne.city, anne.job_title, anne.fields) == (
        "Anne",
        "Paris",
        "CEO",
        {"size": "L", "old": 1},
    )


def test_importing_the_same_file_again_changes_and_notes_nothing():
    text = "email,first_name,tags,company\na@example.com,A,x|y,Acme\nb@example.com,B,,\n"
    imported(text)
    Change.objects.all().delete()

    job = imported(text)

    assert counts(job) == (0, 0, 2, 0)
    assert (Change.objects.count(), Contact.objects.count(), ContactTag.objects.count()) == (0, 2, 2)
    assert Company.objects.count() == 1


def test_what_an_import_changes_is_held():
    imported("email,tags\na@example.com,x\n")

    assert list(Change.objects.values_list("kind", "held")) == [("created", True), ("tagged", True)]


def test_several_lines_about_one_contact_are_put_together_and_the_last_word_wins():
    job = imported("email,city,job_title,tags\na@example.com,Paris,CEO,x\nA@example.com,Lyon,,y\n")

    assert counts(job) == (1, 0, 1, 0)
    contact = Contact.objects.get()
    assert (contact.city, contact.job_title) == ("Lyon", "CEO")
    assert sorted(tag.name for tag in contact.tags.all()) == ["x", "y"]


def test_a_merged_contact_stands_for_whom_it_became():
    winner = ContactFactory(email="winner@example.com")
    ContactFactory(email="loser@example.com", merged_into=winner)

    imported("email,city\nloser@example.com,Nice\n")

    winner.refresh_from_db()
    assert winner.city == "Nice"


def test_errors_name_line_and_column_and_the_other_lines_go_on():
    CustomFieldFactory(key="age", type="integer")

    job = imported(
        "E-mail;Téléphone;Pays;Étape;Responsable;Segments;age\n"
        "a@example.com;;;;;;\n"
        "b@;12;Narnia;Gone;nobody;None;x\n"
        ";;;;;;\n"
        ";;FR;;;;\n"
    )

    assert errors(job) == [
        (3, "E-mail", "“b@” is not an email address."),
        (3, "Pays", "“Narnia” is not a country, such as FR or France."),
        (3, "Étape", "There is no stage “Gone”."),
        (3, "Responsable", "There is no user “nobody”."),
        (3, "Segments", "There is no segment “None”."),
        (3, "age", "“x” is not a number."),
        (3, "Téléphone", "“12” is not a phone number."),
        (5, "E-mail", "An email is needed: it tells contacts apart."),
    ]
    assert counts(job) == (1, 0, 0, 2)
    assert list(Contact.objects.values_list("email", flat=True)) == ["a@example.com"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This file is empty."),
        (b"\n \n", "This file is empty."),
        (b"email\n", "This file has a header but no lines below it."),
        (b'email\n"' + b"x" * 200_000, "This file cannot be read as CSV"),
    ],
)
def test_files_that_hold_nothing_are_refused_with_a_sentence(content, said):
    with pytest.raises(ValidationError, match=said):
        jobs.stage(io.BytesIO(content), "x.csv", None)

    assert Import.objects.count() == 0


@pytest.mark.parametrize("junk", [b"\x00\xff\xfe\x00", b"email\n\x00a@example.com\x00\n", bytes(range(256)) * 20])
def test_binary_junk_never_breaks_more_than_its_own_line(junk):
    try:
        job = jobs.stage(io.BytesIO(junk), "junk.csv", None)
    except ValidationError:
        return
    jobs.start(job)
    jobs.advance(job.pk)

    job.refresh_from_db()
    assert job.state == Import.State.DONE


def test_a_line_the_database_refuses_is_isolated(monkeypatch):
    real = loading._load

    def picky(rows, note):
        if any(row.email == "b@example.com" for row in rows):
            raise loading.DataError("too strange\nDETAIL")
        return real(rows, note)

    monkeypatch.setattr(loading, "_load", picky)

    job = imported("email\na@example.com\nb@example.com\nc@example.com\n")

    assert errors(job) == [(3, "", "The database refused this line: too strange")]
    assert counts(job) == (2, 0, 0, 1)


def test_delimiter_is_the_one_that_cuts_the_header_most():
    assert [reading.delimiter(header) for header in ("a,b", "a;b,c;d", "a\tb", "a", "")] == [",", ";", "\t", ",", ","]
