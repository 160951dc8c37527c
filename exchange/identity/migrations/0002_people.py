from django.db import migrations, models


class Migration(migrations.Migration):
    """Ed25519 keys; accounts that wait until the engine knows them."""

    dependencies = [("identity", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="apikey", name="api_key_kind_known"),
        migrations.AddField(
            model_name="apikey",
            name="public_key",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Of Ed25519 keys: 32 bytes in base64.", max_length=44
            ),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="encrypted_secret",
            field=models.TextField(blank=True, editable=False, help_text="Of HMAC keys."),
        ),
        migrations.AlterField(
            model_name="apikey",
            name="kind",
            field=models.CharField(choices=[("hmac", "HMAC"), ("ed25519", "Ed25519")], default="hmac", max_length=8),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(kind="hmac", public_key="") & ~models.Q(encrypted_secret="")
                | models.Q(kind="ed25519", encrypted_secret="") & ~models.Q(public_key=""),
                name="api_key_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="opened_at",
            field=models.DateTimeField(editable=False, help_text="Since when the engine surely knows it.", null=True),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(condition=models.Q(opened_at=None), fields=["id"], name="account_waits_to_be_opened"),
        ),
    ]
