from django.db import migrations
from django.db.migrations.state import StateApps


def verify_addresses(apps: StateApps, schema_editor: object) -> None:
    """Before people could sign up, every user was made on the server: nobody has to prove an address afterwards."""
    addresses, users = apps.get_model("account", "EmailAddress"), apps.get_model("identity", "User")
    addresses.objects.bulk_create(
        (
            addresses(user_id=user_id, email=email, verified=True, primary=True)
            for user_id, email in users.objects.order_by("id").values_list("id", "email").iterator()
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_people"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [migrations.RunPython(verify_addresses, migrations.RunPython.noop)]
