"""Nothing changes by being looked at: a link somebody is led to may do no harm."""

import pytest
from django.contrib import admin
from django.db import connection, transaction

from tests.security import everything

ROWS = "SELECT md5(coalesce(string_agg(md5(row::text), '' ORDER BY md5(row::text)), '')) FROM {} row"


def test_every_model_of_the_admin_has_a_row(populated, db):
    assert [model._meta.label for model in admin.site._registry if not model._base_manager.exists()] == []


@pytest.mark.slow
def test_no_page_of_the_admin_changes_anything_or_breaks_when_it_is_looked_at(walker, written):
    changed, broken = {}, []
    for _name, address in everything.addresses():
        before, response = written(), look(walker, address)
        touched = {table for table, count in written().items() if count != before.get(table)}
        # Previews do the thing and undo it: what counts is what the tables are afterwards.
        if touched and (kept := [table for table in sorted(touched) if differs(walker, address, table)]):
            changed[address] = kept
        if response.status_code >= 500:
            broken.append(address)

    assert (changed, broken) == ({}, [])


def look(walker, address):
    with transaction.atomic():
        response = walker.get(address)
        transaction.set_rollback(True)
    return response


def differs(walker, address, table):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(ROWS.format(table))
        before = cursor.fetchone()
        walker.get(address)
        cursor.execute(ROWS.format(table))
        after = cursor.fetchone()
        transaction.set_rollback(True)
    return before != after
