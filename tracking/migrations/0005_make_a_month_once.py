"""Two workers that need the same new month: the second waits for the first, and then sees what it made.

`to_regclass` does not see it: it answers out of a cache that waiting for an advisory lock does not renew. A statement of
its own, with a snapshot of its own, does.
"""

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION bareme_ensure_month(parent text, month date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  first date := date_trunc('month', month);
  child text := parent || to_char(first, '_YYYYMM');
BEGIN
  IF to_regclass(child) IS NOT NULL THEN RETURN false; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('bareme partitions'));
  IF {exists} THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child, parent);
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, first, first + interval '1 month');
  RETURN true;
END $$;
"""
FORWARD = "EXISTS (SELECT FROM pg_class WHERE relname = child AND relnamespace = current_schema()::regnamespace)"
BACKWARD = "to_regclass(child) IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("tracking", "0004_name_columns_for_readers")]
    operations = [migrations.RunSQL(FUNCTION.replace("{exists}", FORWARD), FUNCTION.replace("{exists}", BACKWARD))]
