from django.db import migrations, models

REFUSE_CHANGES = """
CREATE FUNCTION trading_journal_refuse_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % refused', TG_OP;
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON trading_journal
    FOR EACH STATEMENT EXECUTE FUNCTION trading_journal_refuse_changes();
"""
ALLOW_CHANGES = """
DROP TRIGGER journal_append_only ON trading_journal;
DROP FUNCTION trading_journal_refuse_changes();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="JournalRow",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "domain", "last_sequence", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.SmallIntegerField()),
                ("first_sequence", models.BigIntegerField()),
                ("last_sequence", models.BigIntegerField()),
                ("epoch", models.BigIntegerField(help_text="Of the lease under which it was written.")),
                ("time_ns", models.BigIntegerField(help_text="Engine time of its last record, UTC.")),
                ("format", models.IntegerField(help_text="Of the payload.")),
                ("logic_version", models.IntegerField(help_text="Of the rules that decided it.")),
                ("payload", models.BinaryField(help_text="The records, msgpack.")),
                ("previous_hash", models.BinaryField(help_text="Of the row before, zeros for the first.")),
                ("hash", models.BinaryField(help_text="sha256(previous hash + header + payload).")),
            ],
            options={
                "db_table": "trading_journal",
                "constraints": [
                    models.UniqueConstraint(fields=["domain", "first_sequence"], name="journal_first_sequence_unique"),
                    models.CheckConstraint(
                        condition=models.Q(first_sequence__gte=1, last_sequence__gte=models.F("first_sequence")),
                        name="journal_sequences_in_order",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EngineLease",
            fields=[
                ("domain", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("epoch", models.BigIntegerField(help_text="Rises with every take-over.")),
                ("last_sequence", models.BigIntegerField(help_text="End of the journal, 0 when it is empty.")),
                ("last_hash", models.BinaryField()),
            ],
            options={"db_table": "trading_engine_lease"},
        ),
        migrations.CreateModel(
            name="Snapshot",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "domain", "sequence", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("domain", models.SmallIntegerField()),
                ("sequence", models.BigIntegerField()),
                ("format", models.IntegerField()),
                ("logic_version", models.IntegerField()),
                ("payload", models.BinaryField()),
                ("hash", models.BinaryField(help_text="State hash: what the state loaded from the payload must have.")),
            ],
            options={"db_table": "trading_snapshot"},
        ),
        migrations.RunSQL(REFUSE_CHANGES, ALLOW_CHANGES),
    ]
