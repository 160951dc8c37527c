"""From a stranger to a trader: sign-up, the letter, the first sign-in, the first account."""

import stat
from importlib import import_module
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.test import Client

from exchange.identity.models import Account, User
from tests.identity.people import NEW_PASSWORD, PASSWORD, is_signed_in, link_in, page_of, sign_in, sign_up
from trading.services import accounts

pytestmark = pytest.mark.django_db


def test_a_stranger_becomes_a_trader(client, engine_gateway):
    response = sign_up(client, "Carol@Example.com")
    assert (response.status_code, response["Location"]) == (302, "/confirm-email")
    assert not is_signed_in(client)
    carol = User.objects.get(email="carol@example.com")
    assert not Account.objects.filter(owner=carol).exists()

    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == (["carol@example.com"], "Confirm your e-mail address")
    path = link_in(letter)
    page = client.get(path)
    assert "carol@example.com" in page.content.decode() and "no-store" in page["Cache-Control"]
    assert not is_signed_in(client), "a link that is only looked at does nothing"

    assert client.post(path).status_code == 302
    assert is_signed_in(client)
    account = Account.objects.get(owner=carol)
    assert account.name == "main" and account.opened_at
    assert engine_gateway.engine.state.accounts[account.id].user_id == carol.id


def test_the_letter_opened_elsewhere_confirms_but_signs_nobody_in(client, db):
    sign_up(client, "carol@example.com")
    elsewhere, path = Client(), link_in(mail.outbox[0])
    elsewhere.post(path)
    assert not is_signed_in(elsewhere)
    assert sign_in(elsewhere, "carol@example.com")["Location"] == "/"
    assert is_signed_in(elsewhere)


def test_a_link_is_good_once_and_only_as_it_was_written(client, db):
    sign_up(client, "carol@example.com")
    path = link_in(mail.outbox[0])
    client.post(path)
    assert "used before, or is too old" in Client().get(path).content.decode()
    assert "used before, or is too old" in Client().get(path[:-1]).content.decode()
    assert Client().post(path).status_code == 404


def test_nobody_signs_in_before_the_address_is_confirmed(client, db):
    sign_up(client, "carol@example.com")
    mail.outbox.clear()
    other = Client()
    response = sign_in(other, "carol@example.com")
    assert response["Location"] == "/confirm-email"
    assert not is_signed_in(other)
    (letter,) = mail.outbox
    assert letter.to == ["carol@example.com"] and link_in(letter)


def test_who_was_switched_off_meanwhile_is_not_signed_in_by_the_link(client, db):
    sign_up(client, "carol@example.com")
    User.objects.update(is_active=False)
    assert client.post(link_in(mail.outbox[0]))["Location"] == "/sign-in"
    assert not is_signed_in(client) and not Account.objects.exists()


def test_an_engine_that_is_away_opens_the_first_account_later(client, engine_gateway):
    engine_gateway.is_away = True
    sign_up(client, "carol@example.com")
    client.post(link_in(mail.outbox[0]))
    account = Account.objects.get()
    assert is_signed_in(client) and account.opened_at is None
    assert accounts.open_waiting_accounts() == 0
    engine_gateway.is_away = False
    assert accounts.open_waiting_accounts() == 1
    assert account.id in engine_gateway.engine.state.accounts
    assert accounts.open_waiting_accounts() == 0


def test_whoever_has_an_account_gets_no_other_one(client, alice, engine_gateway):
    sign_in(client, alice.email)
    assert Account.objects.filter(owner=alice).count() == 1


def test_a_taken_address_gets_the_same_answer_and_another_letter(alice):
    known, unknown = Client(), Client()
    answers = [sign_up(client, email) for client, email in ((known, alice.email), (unknown, "carol@example.com"))]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    pages = {page_of(client.get(answers[0]["Location"])) for client in (known, unknown)}
    assert len(pages) == 1
    assert [(letter.to[0], letter.subject) for letter in mail.outbox] == [
        (alice.email, "You have signed up before"),
        ("carol@example.com", "Confirm your e-mail address"),
    ]
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD) and User.objects.filter(email=alice.email).count() == 1


def test_signing_up_again_does_not_change_the_password(alice, db):
    sign_up(Client(), alice.email, NEW_PASSWORD)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", PASSWORD),
        ("carol", PASSWORD),
        ("carol@example.com\nBcc: eve@example.com", PASSWORD),
        ("carol@example.com", ""),
        ("carol@example.com", "short"),
        ("carol@example.com", "password1"),
        ("carol@example.com", "carol@example.com"),
        ("c" * 300 + "@example.com", PASSWORD),
        ("carol@example.com\x00", PASSWORD),
    ],
)
def test_what_is_no_address_or_no_good_password_is_answered_with_the_form(client, email, password):
    response = sign_up(client, email, password)
    assert response.status_code == 200
    assert 'class="errorlist"' in response.content.decode()
    assert not User.objects.exists() and not mail.outbox


def test_sign_ups_are_limited_by_address(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_up_ip": (2, 0.001)}
    for number in range(2):
        assert sign_up(client, f"carol{number}@example.com").status_code == 302
    response = sign_up(client, "carol3@example.com")
    assert response.status_code == 429 and int(response["Retry-After"]) > 900
    assert "Too many attempts" in response.content.decode()
    assert User.objects.count() == 2
    assert sign_up(client, "carol3@example.com", REMOTE_ADDR="192.0.2.1").status_code == 302


def test_letters_to_one_address_are_limited_without_a_word(alice, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "letters": (2, 0.001)}
    answers = {
        (answer.status_code, answer["Location"]) for answer in (sign_up(Client(), alice.email) for _ in range(4))
    }
    assert answers == {(302, "/confirm-email")}
    assert len(mail.outbox) == 2


def test_without_a_mail_server_letters_are_files_that_only_we_can_read(client, settings, tmp_path):
    settings.EMAIL_BACKEND = "exchange.identity.mails.PrivateFiles"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    sign_up(client, "carol@example.com")
    folder = Path(settings.EMAIL_FILE_PATH)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (letter,) = folder.iterdir()
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600
    assert "/confirm-email/" in letter.read_text()


def test_a_mail_server_that_is_away_stops_nobody(client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert sign_up(client, "carol@example.com").status_code == 302
    assert User.objects.filter(email="carol@example.com").exists()


def test_users_from_before_there_was_sign_up_have_verified_addresses(db):
    """Nobody who could sign in yesterday is asked for a letter today."""
    root, alice = User.objects.create_user("root@example.com"), User.objects.create_user("alice@example.com", PASSWORD)
    root.take_email_as_verified()
    migration = import_module("exchange.identity.migrations.0003_verified_addresses")
    for _ in range(2):
        migration.verify_addresses(apps, None)
    assert sign_in(Client(), alice.email)["Location"] == "/" and not mail.outbox
    assert list(EmailAddress.objects.order_by("email").values_list("email", "verified", "primary")) == [
        ("alice@example.com", True, True),
        ("root@example.com", True, True),
    ]


def test_a_superuser_of_the_console_signs_in_without_a_letter(client, db):
    User.objects.create_superuser("root@example.com", PASSWORD)
    assert sign_in(client, "root@example.com")["Location"] == "/"
    assert client.get("/admin/").status_code == 200
    assert not Account.objects.exists() and not mail.outbox
