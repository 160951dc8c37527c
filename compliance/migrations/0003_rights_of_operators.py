"""What operators may do, in the words of today."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0002_append_only"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="auditentry",
            options={
                "default_permissions": (),
                "permissions": [
                    ("inspect", "May look at every row"),
                    (
                        "operate",
                        "May change and halt instruments and the exchange, limit accounts, fill the insurance fund",
                    ),
                    ("restrict", "May restrict accounts and switch users off"),
                    ("revoke", "May revoke API keys"),
                    ("appoint", "May give roles to people"),
                ],
                "verbose_name_plural": "audit entries",
            },
        ),
    ]
