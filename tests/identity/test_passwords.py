"""Changing a password one knows, and choosing a new one by a letter."""

import pytest
from django.core import mail
from django.test import Client

from tests.identity.people import (
    NEW_PASSWORD,
    PASSWORD,
    is_signed_in,
    link_in,
    page_of,
    sign_in,
    signed_in,
)

pytestmark = pytest.mark.django_db


def ask_for_reset(client, email, **extra):
    return client.post("/reset-password", {"email": email}, **extra)


def choose(client, path, password=NEW_PASSWORD):
    form = client.get(path, follow=True)
    return client.post(form.redirect_chain[-1][0], {"password1": password, "password2": password})


def change(client, old, new=NEW_PASSWORD):
    return client.post("/password", {"oldpassword": old, "password1": new, "password2": new})


def test_a_letter_leads_to_a_new_password_and_ends_every_session(client, alice):
    browser = signed_in(alice)
    assert ask_for_reset(client, "Alice@example.com")["Location"] == "/reset-password/sent"
    (letter,) = mail.outbox
    assert letter.to == [alice.email]
    assert choose(client, link_in(letter))["Location"] == "/reset-password/done"
    assert not is_signed_in(browser)
    assert sign_in(Client(), alice.email).status_code == 200
    assert sign_in(Client(), alice.email, NEW_PASSWORD).status_code == 302
    assert [letter.subject for letter in mail.outbox] == ["Choose a new password", "Your password was reset"]


def test_the_link_is_good_once_and_hides_its_key_from_other_sites(client, alice):
    ask_for_reset(client, alice.email)
    path = link_in(mail.outbox[0])
    key = path.rpartition("-")[2]
    assert key not in client.get(path)["Location"]
    choose(client, path)
    for used in (path, path[:-1] + "x"):
        page = Client().get(used)
        assert page.status_code == 200 and "used before, or is too old" in page.content.decode()


def test_a_changed_password_makes_the_link_worthless(client, alice):
    ask_for_reset(client, alice.email)
    change(signed_in(alice), PASSWORD)
    assert "used before, or is too old" in client.get(link_in(mail.outbox[0])).content.decode()


def test_an_unknown_address_gets_the_same_answer(client, alice):
    answers = [ask_for_reset(Client(), email) for email in (alice.email, "nobody@example.com")]
    assert len({(answer.status_code, answer["Location"], answer.content) for answer in answers}) == 1
    assert page_of(client.get(answers[0]["Location"]))
    assert [letter.subject for letter in mail.outbox] == ["Choose a new password", "Nobody signs in with this address"]


def test_asking_is_limited_by_address_and_letters_by_whom_they_go_to(client, alice, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "reset_ip": (3, 0.001), "letters": (2, 0.001)}
    for _ in range(3):
        assert ask_for_reset(client, alice.email).status_code == 302
    assert len(mail.outbox) == 2
    response = ask_for_reset(client, alice.email)
    assert response.status_code == 429 and int(response["Retry-After"]) > 900
    assert ask_for_reset(client, alice.email, REMOTE_ADDR="192.0.2.1").status_code == 302
    assert len(mail.outbox) == 2


def test_changing_it_ends_the_other_sessions_and_keeps_this_one(alice):
    here, elsewhere = signed_in(alice), signed_in(alice)
    response = change(here, PASSWORD)
    assert response.status_code == 302
    assert is_signed_in(here) and not is_signed_in(elsewhere)
    alice.refresh_from_db()
    assert alice.check_password(NEW_PASSWORD)
    assert [letter.subject for letter in mail.outbox] == ["Your password was changed"]


@pytest.mark.parametrize(
    ("old", "new"), [("wrong", NEW_PASSWORD), (PASSWORD, "short"), (PASSWORD, "alice@example.com"), ("", "")]
)
def test_it_stays_when_the_old_one_is_wrong_or_the_new_one_is_bad(alice, old, new):
    assert change(signed_in(alice), old, new).status_code == 200
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD) and not mail.outbox


def test_strangers_are_sent_to_sign_in(client):
    assert client.get("/password")["Location"] == "/sign-in?next=/password"
    assert change(client, PASSWORD)["Location"].startswith("/sign-in")


def test_guessing_the_old_password_is_limited_like_signing_in(alice, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "sign_in_email": (3, 0.001)}
    browser = signed_in(alice)
    answers = [change(browser, "wrong").status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    assert browser.post("/reauthenticate", {"password": "wrong"}).status_code == 429
