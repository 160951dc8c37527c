"""The database itself keeps the audit trail as it was written; and the two groups that may look at it."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION compliance_keep_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'the audit trail is append-only: DELETE refused' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.outcome <> 'pending' THEN
        RAISE EXCEPTION 'an audit entry begins as pending' USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.outcome <> 'pending' THEN
            RAISE EXCEPTION 'audit entry % is finished: UPDATE refused', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        IF (OLD.id, OLD.started_at, OLD.actor_id, OLD.action, OLD.target, OLD.before, OLD.after, OLD.reason,
            OLD.request_id) IS DISTINCT FROM (NEW.id, NEW.started_at, NEW.actor_id, NEW.action, NEW.target, NEW.before,
            NEW.after, NEW.reason, NEW.request_id) THEN
            RAISE EXCEPTION 'what audit entry % intended stays: UPDATE refused', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER audit_entry_kept BEFORE INSERT OR UPDATE OR DELETE ON compliance_auditentry
    FOR EACH ROW EXECUTE FUNCTION compliance_keep_audit_entry();
"""
UNPROTECT = """
DROP TRIGGER audit_entry_kept ON compliance_auditentry;
DROP FUNCTION compliance_keep_audit_entry();
"""
PEOPLE = (("user", "view_user"), ("account", "view_account"), ("apikey", "view_apikey"))
GROUPS = {"auditor": ("inspect",), "operator": ("inspect", "operate")}


def make_groups(apps, schema_editor):
    """Rights come after all migrations otherwise; those needed here are made here, under the same names."""
    group_model = apps.get_model("auth", "Group")
    people = [right(apps, "identity", model, codename) for model, codename in PEOPLE]
    for name, codenames in GROUPS.items():
        group, _ = group_model.objects.get_or_create(name=name)
        group.permissions.add(*people, *(right(apps, "compliance", "auditentry", codename) for codename in codenames))


def right(apps, app_label, model, codename):
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label=app_label, model=model
    )
    name = {"inspect": "May look at every row", "operate": "May give commands to the engine"}.get(
        codename, f"Can view {model}"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=codename, defaults={"name": name}
    )
    return permission


def drop_groups(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0001_audit_trail"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("identity", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(PROTECT, UNPROTECT),
        migrations.RunPython(make_groups, drop_groups),
    ]
