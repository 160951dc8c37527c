import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0003_verified_addresses"),
        ("trading", "0009_account_transfers_again"),
    ]

    operations = [
        migrations.AddField(
            model_name="accounttransfer",
            name="reached",
            field=models.ForeignKey(
                help_text="In whose wallet the money is, when a later step than the first was refused.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="identity.account",
            ),
        ),
        migrations.AddConstraint(
            model_name="accounttransfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("reached", None), ("state", "refused"), _connector="OR"),
                name="account_transfer_reached_only_if_refused",
            ),
        ),
    ]
