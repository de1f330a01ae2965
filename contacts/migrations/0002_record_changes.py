"""The database notes every change of a contact's own data in contacts_change, whatever path it took.

Statement-level triggers with transition tables: a bulk update of 100,000 contacts is one INSERT … SELECT. A session may set
`bareme.hold = 'on'` (bulk work: score crossings are held for release) and `bareme.at` (history that is loaded later).
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION contacts_change_at() RETURNS timestamptz LANGUAGE sql AS
$$ SELECT coalesce(nullif(current_setting('bareme.at', true), '')::timestamptz, clock_timestamp()) $$;

CREATE FUNCTION contacts_change_held() RETURNS boolean LANGUAGE sql AS
$$ SELECT coalesce(current_setting('bareme.hold', true), '') = 'on' $$;

CREATE FUNCTION contacts_note_created() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, data, held, at)
  SELECT id, 'created', '{}', contacts_change_held(), contacts_change_at() FROM new_rows ORDER BY id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_created AFTER INSERT ON contacts_contact
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_created();

CREATE FUNCTION contacts_note_updated() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, data, held, at)
  SELECT n.id, 'updated', difference.data, contacts_change_held(), contacts_change_at()
  FROM new_rows n JOIN old_rows o USING (id), LATERAL (
    SELECT jsonb_object_agg(field, jsonb_build_array(old_value, new_value)) AS data
    FROM (SELECT key AS field, to_jsonb(o) -> key AS old_value, value AS new_value FROM jsonb_each(to_jsonb(n) - 'updated_at')) f
    WHERE old_value IS DISTINCT FROM new_value
  ) difference
  WHERE difference.data IS NOT NULL ORDER BY n.id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_updated AFTER UPDATE ON contacts_contact
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_updated();

CREATE FUNCTION contacts_note_tagged() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, ref_id, data, held, at)
  SELECT contact_id, TG_ARGV[0], tag_id, '{}', contacts_change_held(), contacts_change_at() FROM rows ORDER BY contact_id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_tagged AFTER INSERT ON contacts_contacttag
  REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_tagged('tagged');
CREATE TRIGGER note_untagged AFTER DELETE ON contacts_contacttag
  REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_tagged('untagged');

CREATE FUNCTION contacts_note_membership() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO contacts_change (contact_id, kind, ref_id, data, held, at)
    SELECT contact_id, 'entered', segment_id, jsonb_build_object('reason', reason, 'note', note), contacts_change_held(), contacts_change_at()
    FROM new_rows WHERE is_member ORDER BY contact_id;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO contacts_change (contact_id, kind, ref_id, data, held, at)
    SELECT contact_id, 'left', segment_id, jsonb_build_object('reason', reason, 'note', note), contacts_change_held(), contacts_change_at()
    FROM old_rows WHERE is_member ORDER BY contact_id;
  ELSE
    INSERT INTO contacts_change (contact_id, kind, ref_id, data, held, at)
    SELECT n.contact_id, CASE WHEN n.is_member THEN 'entered' ELSE 'left' END, n.segment_id,
           jsonb_build_object('reason', n.reason, 'note', n.note), contacts_change_held(), contacts_change_at()
    FROM new_rows n JOIN old_rows o USING (id) WHERE n.is_member <> o.is_member ORDER BY n.contact_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_entered AFTER INSERT ON contacts_membership
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_membership();
CREATE TRIGGER note_changed AFTER UPDATE ON contacts_membership
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_membership();
CREATE TRIGGER note_left AFTER DELETE ON contacts_membership
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_membership();

CREATE FUNCTION contacts_note_consent() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, data, held, at)
  SELECT contact_id, 'consent', jsonb_build_object('purpose', purpose, 'granted', granted, 'source', source), contacts_change_held(), given_at
  FROM rows ORDER BY contact_id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_consent AFTER INSERT ON contacts_consent
  REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_consent();

CREATE FUNCTION contacts_note_block() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, data, held, at)
  SELECT contact_id, TG_ARGV[0], jsonb_build_object('channel', channel, 'reason', reason), contacts_change_held(), contacts_change_at()
  FROM rows ORDER BY contact_id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_blocked AFTER INSERT ON contacts_donotcontact
  REFERENCING NEW TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_block('blocked');
CREATE TRIGGER note_unblocked AFTER DELETE ON contacts_donotcontact
  REFERENCING OLD TABLE AS rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_block('unblocked');

CREATE FUNCTION contacts_note_company() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO contacts_change (contact_id, kind, ref_id, data, held, at)
  SELECT c.id, 'company', n.id, '{}', contacts_change_held(), contacts_change_at()
  FROM new_rows n JOIN old_rows o USING (id) JOIN contacts_contact c ON c.company_id = n.id
  WHERE to_jsonb(n) <> to_jsonb(o) ORDER BY c.id;
  RETURN NULL;
END $$;
CREATE TRIGGER note_company AFTER UPDATE ON contacts_company
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION contacts_note_company();
"""

BACKWARD = """
DROP TRIGGER note_company ON contacts_company;
DROP TRIGGER note_unblocked ON contacts_donotcontact;
DROP TRIGGER note_blocked ON contacts_donotcontact;
DROP TRIGGER note_consent ON contacts_consent;
DROP TRIGGER note_left ON contacts_membership;
DROP TRIGGER note_changed ON contacts_membership;
DROP TRIGGER note_entered ON contacts_membership;
DROP TRIGGER note_untagged ON contacts_contacttag;
DROP TRIGGER note_tagged ON contacts_contacttag;
DROP TRIGGER note_updated ON contacts_contact;
DROP TRIGGER note_created ON contacts_contact;
DROP FUNCTION contacts_note_company, contacts_note_block, contacts_note_consent, contacts_note_membership, contacts_note_tagged,
  contacts_note_updated, contacts_note_created, contacts_change_held, contacts_change_at;
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
