"""The database itself keeps the audit trail as it was written."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION compliance_keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the audit trail is append-only: DELETE refused' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.outcome <> 'pending' THEN
            RAISE EXCEPTION 'an audit entry begins as pending' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.outcome <> 'pending' THEN
        RAISE EXCEPTION 'audit entry % is finished: UPDATE refused', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF to_jsonb(OLD) - ARRAY['outcome', 'code', 'sequence', 'finished_at']
        IS DISTINCT FROM to_jsonb(NEW) - ARRAY['outcome', 'code', 'sequence', 'finished_at'] THEN
        RAISE EXCEPTION 'what audit entry % intended stays: UPDATE refused', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_entry_kept BEFORE INSERT OR UPDATE OR DELETE ON compliance_auditentry
    FOR EACH ROW EXECUTE FUNCTION compliance_keep_audit_entry();
"""
UNPROTECT = """
DROP TRIGGER audit_entry_kept ON compliance_auditentry;
DROP FUNCTION compliance_keep_audit_entry();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0001_audit_trail")]
    operations = [migrations.RunSQL(PROTECT, UNPROTECT)]
