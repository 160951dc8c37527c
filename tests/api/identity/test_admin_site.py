"""The admin site looks, and keeps its hands off."""

import pytest

from exchange.identity.models import User


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root@example.com")


def test_nobody_is_sent_to_the_sign_in_page(client, alice):
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/sign-in?next=")
    client.force_login(alice)
    assert client.get("/admin/").status_code == 302


def test_staff_see_users_accounts_and_keys_but_no_secret(client, root, bot):
    client.force_login(root)
    for address in ("user", "account", "apikey", f"apikey/{bot.row.pk}/change"):
        response = client.get(f"/admin/identity/{address}/")
        assert response.status_code == 200
        assert bot.row.encrypted_secret not in response.content.decode()
    assert client.get("/admin/identity/apikey/add/").status_code == 403
    assert client.post(f"/admin/identity/account/{bot.row.account_id}/change/", {"name": "x"}).status_code == 403


def test_a_user_can_be_switched_off(client, root, alice):
    client.force_login(root)
    response = client.post(f"/admin/identity/user/{alice.pk}/change/", {"is_staff": "", "email": "x@example.com"})
    assert response.status_code == 302
    alice.refresh_from_db()
    assert (alice.is_active, alice.email) == (False, "alice@example.com")
