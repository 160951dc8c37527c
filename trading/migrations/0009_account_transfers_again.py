from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_verified_addresses"),
        ("trading", "0008_operators"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="accounttransfer",
            name="account_transfer_key_once_per_source",
        ),
        migrations.RemoveConstraint(
            model_name="accounttransfer",
            name="account_transfer_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="accounttransfer",
            name="account_transfer_code_iff_refused",
        ),
        migrations.AlterField(
            model_name="accounttransfer",
            name="state",
            field=models.CharField(
                choices=[("pending", "on its way"), ("done", "done"), ("refused", "refused"), ("void", "not done")],
                default="pending",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttransfer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "void"), _negated=True),
                fields=("source", "idempotency_key"),
                name="account_transfer_key_once_per_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ("pending", "done", "refused", "void"))),
                name="account_transfer_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("refused", "void")), models.Q(("code", ""), _negated=True)),
                    models.Q(models.Q(("state__in", ("refused", "void")), _negated=True), ("code", "")),
                    _connector="OR",
                ),
                name="account_transfer_code_iff_refused",
            ),
        ),
    ]
