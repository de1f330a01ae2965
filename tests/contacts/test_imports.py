import csv
import io

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from contacts import exports
from contacts.imports import jobs, loading, reading, targets
from contacts.models import Change, Company, Contact, ContactTag, Import, ImportRow, Membership
from contacts.tasks import sweep_imports
from tests.factories import ContactFactory, CustomFieldFactory, SegmentFactory, StageFactory, TagFactory, UserFactory

pytestmark = pytest.mark.django_db


def staged(text, encoding="utf-8"):
    return jobs.stage(io.BytesIO(text.encode(encoding)), "people.csv", None)


def imported(text, encoding="utf-8"):
    job = staged(text, encoding)
    jobs.start(job)
    jobs.advance(job.pk)
    job.refresh_from_db()
    return job


def errors(job):
    return [(row.line, header, said) for row in job.rows.order_by("line") for header, said in row.errors]


def counts(job):
    return (job.created, job.updated, job.unchanged, job.failed)


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


def test_look_changes_nothing_and_counts_new_known_and_wrong():
    ContactFactory(email="a@example.com")

    look = jobs.look(staged("email\na@example.com\nb@example.com\nnope\n"))

    assert (look.known, look.new, len(look.wrong)) == (1, 1, 1)
    assert Contact.objects.count() == 1


def test_remap_says_where_columns_go():
    job = staged("courrier,foo\na@example.com,Lyon\n")
    assert job.mapping == ["", ""]

    jobs.remap(job, ["email", "city"])
    jobs.start(job)
    jobs.advance(job.pk)

    assert list(Contact.objects.values_list("email", "city")) == [("a@example.com", "Lyon")]


@pytest.mark.parametrize("mapping", [["city", "city"], ["", "city"], ["email", "email"], ["x", "y"]])
def test_remap_refuses_what_cannot_work(mapping):
    with pytest.raises(ValidationError):
        jobs.remap(staged("a,b\n1,2\n"), mapping)


def test_an_import_stopped_midway_goes_on_where_it_was(monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    job = staged("email\n" + "".join(f"u{number}@example.com\n" for number in range(5)))
    jobs.start(job)

    assert jobs.advance(job.pk, seconds=-1) is True
    assert Contact.objects.count() == 2
    assert jobs.advance(job.pk) is False

    job.refresh_from_db()
    assert (counts(job), job.done, job.state) == ((5, 0, 0, 0), 5, Import.State.DONE)
    assert ImportRow.objects.count() == 0


def test_a_cancelled_import_does_no_more(monkeypatch):
    monkeypatch.setattr(jobs, "CHUNK", 2)
    job = staged("email\n" + "".join(f"u{number}@example.com\n" for number in range(5)))
    jobs.start(job)
    jobs.advance(job.pk, seconds=-1)

    assert jobs.cancel(job) is True
    assert jobs.advance(job.pk) is False
    assert jobs.cancel(job) is False
    assert (Contact.objects.count(), ImportRow.objects.count()) == (2, 0)


def test_an_import_starts_once():
    job = staged("email\na@example.com\n")

    assert [jobs.start(job), jobs.start(job)] == [True, False]


def test_the_sweep_takes_up_abandoned_imports_and_forgets_old_drafts(monkeypatch):
    draft, lost = staged("email\na@example.com\n"), staged("email\nb@example.com\n")
    jobs.start(lost)
    Import.objects.filter(pk=lost.pk).update(heard_at="2020-01-01T00:00Z")
    Import.objects.filter(pk=draft.pk).update(created_at="2020-01-01T00:00Z")
    rung = []
    monkeypatch.setattr("contacts.tasks.carry_import.delay", rung.append)

    sweep_imports()

    assert rung == [lost.pk]
    assert list(Import.objects.values_list("pk", flat=True)) == [lost.pk]


# Export


def exported(**options):
    lines = "".join(exports.stream(Contact.objects.order_by("email"), exports.Csv(), **options))
    return list(csv.reader(io.StringIO(lines)))


def test_export_writes_every_column_our_import_reads():
    CustomFieldFactory(key="focus", type="choices", choices=["A", "B"])
    contact = ContactFactory(email="a@example.com", fields={"focus": ["A", "B"]})
    contact.tags.set([TagFactory(name="x"), TagFactory(name="y")])

    header, row = exported()

    assert targets.guess(header)[:2] == ["email", "first_name"]
    assert [name for name, key in zip(header, targets.guess(header), strict=True) if not key] == ["created_at"]
    assert dict(zip(header, row, strict=True))["tags"] == "x|y"
    assert dict(zip(header, row, strict=True))["focus"] == "A|B"


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "＝1+1", "＋cmd", "－2", "＠SUM(A1)"])
def test_export_makes_formulas_harmless(cell):
    ContactFactory(email="a@example.com", first_name=cell)

    assert exported(only=["email", "first_name"])[1] == ["a@example.com", f"'{cell}"]


def test_what_was_exported_can_be_imported_to_the_same_contacts():
    ContactFactory(email="a@example.com", first_name="=A", phone="+33612345678", job_title="－")
    text = "".join(exports.stream(Contact.objects.all(), exports.ExcelCsv()))
    Contact.objects.all().delete()

    imported(text)

    assert list(Contact.objects.values_list("email", "first_name", "phone", "job_title")) == [
        ("a@example.com", "=A", "+33612345678", "－")
    ]


def test_export_asks_as_often_for_three_contacts_as_for_one(django_assert_num_queries):
    ContactFactory()
    with django_assert_num_queries(4):  # custom fields, contacts, tags, memberships
        exported()
    ContactFactory.create_batch(2)
    with django_assert_num_queries(4):
        exported()


def test_delimiter_is_the_one_that_cuts_the_header_most():
    assert [reading.delimiter(header) for header in ("a,b", "a;b,c;d", "a\tb", "a", "")] == [",", ";", "\t", ",", ","]


# Pages


def upload(client, text, name="people.csv"):
    file = io.BytesIO(text.encode())
    file.name = name
    return client.post(reverse("admin:contacts_contact_import"), {"file": file}, follow=True)


def test_a_file_is_shown_before_anything_changes_then_imported(marketer):
    answer = upload(marketer, "email,city\na@example.com,Paris\nnope,Lyon\n")
    assert "“nope” is not an email address." in answer.content.decode()
    assert Contact.objects.count() == 0

    page = reverse("admin:contacts_import_page", args=[Import.objects.get().pk])
    answer = marketer.post(page, {"start": "1", "column_0": "email", "column_1": "city"}, follow=True)

    assert answer.status_code == 200
    assert list(Contact.objects.values_list("email", "city")) == [("a@example.com", "Paris")]
    report = b"".join(marketer.get(page + "errors.csv").streaming_content).decode("utf-8-sig")
    assert report.splitlines()[1] == "nope,Lyon,3,email: “nope” is not an email address."


def test_a_large_file_is_left_to_a_worker(marketer, monkeypatch):
    monkeypatch.setattr(jobs, "INLINE", 1)
    rung = []
    monkeypatch.setattr("contacts.admin.imports.carry_import.delay", rung.append)
    upload(marketer, "email\na@example.com\nb@example.com\n")
    job = Import.objects.get()
    page = reverse("admin:contacts_import_page", args=[job.pk])

    answer = marketer.post(page, {"start": "1", "column_0": "email"}, follow=True)

    assert (rung, Contact.objects.count()) == ([job.pk], 0)
    assert "data-progress" in answer.content.decode()
    assert marketer.get(page + "status/").json() == {
        "going": True,
        "percent": 0,
        "sentence": "0 of 2 lines: 0 new, 0 updated, 0 with errors.",
    }


def test_empty_and_missing_files_give_a_form_error(marketer):
    assert "This file has a header but no lines below it." in upload(marketer, "email\n").content.decode()
    assert marketer.post(reverse("admin:contacts_contact_import"), {}).status_code == 200
    assert Import.objects.count() == 0


def test_importing_needs_the_right_to_add_and_change_and_exporting_to_view(client, django_user_model):
    client.force_login(UserFactory())
    job = staged("email\na@example.com\n")

    addresses = [
        reverse("admin:contacts_contact_import"),
        reverse("admin:contacts_contact_export"),
        reverse("admin:contacts_import_page", args=[job.pk]),
        reverse("admin:contacts_import_status", args=[job.pk]),
        reverse("admin:contacts_import_errors", args=[job.pk]),
    ]

    assert [client.get(address).status_code for address in addresses] == [403] * 5


def test_export_page_streams_the_chosen_columns(marketer):
    ContactFactory(email="a@example.com", first_name="Anne")

    answer = marketer.post(
        reverse("admin:contacts_contact_export"),
        {"format": "1", "resource": "0", "contactresource_email": "on", "contactresource_first_name": "on"},
    )

    assert b"".join(answer.streaming_content).decode() == "\ufeffemail;first_name\r\na@example.com;Anne\r\n"
