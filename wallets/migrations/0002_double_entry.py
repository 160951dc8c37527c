"""The database itself refuses entries that do not balance, and any change of what was written."""

from django.db import migrations

BALANCED = """
CREATE FUNCTION wallets_check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked_id bigint := CASE TG_TABLE_NAME WHEN 'wallets_entry' THEN (to_jsonb(NEW)->>'id')::bigint
                                            ELSE (to_jsonb(NEW)->>'entry_id')::bigint END;
BEGIN
    IF NOT EXISTS (SELECT FROM wallets_posting WHERE entry_id = checked_id) THEN
        RAISE EXCEPTION 'entry % has no postings', checked_id USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM wallets_posting JOIN wallets_ledgeraccount ON wallets_ledgeraccount.id = account_id
               WHERE entry_id = checked_id GROUP BY asset HAVING sum(amount_units) <> 0) THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero', checked_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entry_balances AFTER INSERT ON wallets_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wallets_check_entry();
CREATE CONSTRAINT TRIGGER posting_balances AFTER INSERT ON wallets_posting
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wallets_check_entry();
"""
NOT_BALANCED = """
DROP TRIGGER posting_balances ON wallets_posting;
DROP TRIGGER entry_balances ON wallets_entry;
DROP FUNCTION wallets_check_entry();
"""
APPEND_ONLY = """
CREATE FUNCTION wallets_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON wallets_entry
    FOR EACH ROW EXECUTE FUNCTION wallets_refuse_change();
CREATE TRIGGER posting_append_only BEFORE UPDATE OR DELETE ON wallets_posting
    FOR EACH ROW EXECUTE FUNCTION wallets_refuse_change();
"""
NOT_APPEND_ONLY = """
DROP TRIGGER posting_append_only ON wallets_posting;
DROP TRIGGER entry_append_only ON wallets_entry;
DROP FUNCTION wallets_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial")]

    operations = [
        migrations.RunSQL(BALANCED, NOT_BALANCED),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
    ]
