import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("idempotency_key", models.CharField(max_length=100, unique=True)),
                ("content_hash", models.BinaryField(max_length=32)),
                ("kind", models.CharField(max_length=32)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("idempotency_key", ""), _negated=True),
                        name="entry_idempotency_key_is_given",
                    ),
                    models.CheckConstraint(condition=models.Q(("kind", ""), _negated=True), name="entry_kind_is_given"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=16)),
                ("asset", models.CharField(max_length=12)),
                ("balance_units", models.BigIntegerField(default=0)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger_accounts",
                        to="identity.account",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("amount_units", models.BigIntegerField()),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="wallets.ledgeraccount"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="postings", to="wallets.entry"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="ledgeraccount",
            constraint=models.UniqueConstraint(
                fields=("owner", "kind", "asset"), name="ledger_account_is_one", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgeraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("funding", "transit", "collateral", "equity"))),
                name="ledger_account_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgeraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "funding"), ("owner__isnull", False)),
                    models.Q(models.Q(("kind", "funding"), _negated=True), ("owner__isnull", True)),
                    _connector="OR",
                ),
                name="ledger_account_owner_iff_funding",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgeraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ("funding", "transit")), _negated=True),
                    ("balance_units__gte", 0),
                    _connector="OR",
                ),
                name="ledger_account_not_overdrawn",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgeraccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("asset", ""), _negated=True), name="ledger_account_asset_is_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.UniqueConstraint(fields=("entry", "account"), name="posting_account_once_per_entry"),
        ),
        migrations.AddConstraint(
            model_name="posting",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_units", 0), _negated=True), name="posting_amount_not_zero"
            ),
        ),
    ]
