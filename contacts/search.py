"""The search box over contacts: every word somewhere in the name, email, phone or company, by trigram indexes."""

from __future__ import annotations

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import Contains

from contacts.models import Company, Contact
from contacts.sampling import are_more

MAX_WORDS = 6
COMMON = 10_000  # contacts in whom a word is found: beyond that, no index helps


def search(contacts: QuerySet[Contact], text: str) -> QuerySet[Contact]:
    """Those in whom every word of `text` is found."""
    for word in text.replace("\x00", "").lower().split()[:MAX_WORDS]:
        companies = Company.objects.alias(lower=Lower("name")).filter(lower__contains=word)  # index company_by_any_part
        of_company = Contact.objects.order_by().filter(company__in=companies.values("pk")).values("pk")
        own = Contact.objects.order_by().filter(Contains(_everything(), word))
        if are_more(own, COMMON):  # a page of them is near, and all of them are far
            contacts = contacts.filter(Q(Contains(_everything(), word)) | Q(company__in=companies.values("pk")))
        else:  # two selections united, where an OR could use neither index
            contacts = contacts.filter(pk__in=own.values("pk").union(of_company))
    return contacts


def _everything() -> Func:
    """The expression of the index contact_by_any_part (migration search_index), to the letter."""
    return Func(
        *(Coalesce("email", Value("")), F("first_name"), F("last_name"), F("phone")),
        template="lower(%(expressions)s)",
        arg_joiner=" || ' ' || ",
        output_field=TextField(),
    )
