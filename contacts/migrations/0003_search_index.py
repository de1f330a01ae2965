"""One trigram index for the search box: any part of a name, an email or a number, among millions of contacts."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

# The expression of `contacts.search.TEXT`, to the letter: the planner compares them.
FORWARD = """
CREATE INDEX contact_by_any_part ON contacts_contact
USING gin (lower(coalesce(email, '') || ' ' || first_name || ' ' || last_name || ' ' || phone) gin_trgm_ops);
CREATE INDEX company_by_any_part ON contacts_company USING gin (lower(name) gin_trgm_ops);
"""
BACKWARD = "DROP INDEX contact_by_any_part; DROP INDEX company_by_any_part;"


class Migration(migrations.Migration):
    dependencies = [("contacts", "0002_record_changes")]
    operations = [TrigramExtension(), migrations.RunSQL(FORWARD, BACKWARD)]
