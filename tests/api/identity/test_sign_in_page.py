"""The pages to sign in and out."""

import re

import pytest
from django.test import Client

WRONG = "do not belong together"


@pytest.fixture
def alice(alice):
    alice.set_password("correct horse 1")
    alice.save()
    alice.take_email_as_verified()
    return alice


def sign_in(client, email="alice@example.com", password="correct horse 1", target="", **extra):
    return client.post("/sign-in", {"login": email, "password": password, "next": target}, **extra)


def test_the_page_has_a_form_with_a_csrf_token(client, db):
    response = client.get("/sign-in")
    assert response.status_code == 200
    page = response.content.decode()
    assert "csrfmiddlewaretoken" in page
    assert 'autocomplete="current-password"' in page
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("email", ["alice@example.com", " Alice@Example.COM "])
def test_the_right_password_signs_in(client, alice, email):
    response = sign_in(client, email)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(alice.pk)


def test_unknown_email_wrong_password_and_a_user_who_is_off_get_the_same_answer(client, alice, bob):
    bob.is_active = False
    bob.set_password("correct horse 2")
    bob.save()
    bob.take_email_as_verified()
    pages = set()
    for email, password in (
        ("alice@example.com", "wrong"),
        ("nobody@example.com", "wrong"),
        ("bob@example.com", "correct horse 2"),
    ):
        response = sign_in(Client(), email, password)
        assert response.status_code == 200
        page = response.content.decode().replace(email, "EMAIL")
        pages.add(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page))
    assert len(pages) == 1
    assert WRONG in pages.pop()


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/orders?status=open", "/orders?status=open"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("http://testserver/orders", "/"),
        ("javascript:alert(1)", "/"),
        ("orders", "/"),
        ("\x00/orders", "/"),
    ],
)
def test_next_leads_to_a_path_of_this_site_only(client, alice, target, location):
    assert sign_in(client, target=target).headers["Location"] == location


def test_the_page_keeps_next(client, db):
    assert 'value="/orders"' in client.get("/sign-in?next=/orders").content.decode()
    assert "evil" not in client.get("/sign-in?next=//evil.example").content.decode()


def test_a_form_without_the_csrf_token_is_refused(alice):
    client = Client(enforce_csrf_checks=True)
    assert sign_in(client).status_code == 403
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("limits", "change"),
    [
        ({"sign_in_email": (2, 0.001)}, {"REMOTE_ADDR": "192.0.2.1"}),
        ({"sign_in_ip": (2, 0.001)}, {"email": "bob@example.com"}),
    ],
)
def test_attempts_are_limited_by_email_and_by_address(client, alice, settings, limits, change):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, **limits}
    for _ in range(2):
        assert sign_in(client, password="wrong").status_code == 200
    response = sign_in(client, **change)
    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()
    assert int(response.headers["Retry-After"]) > 900
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""),
        ("not an e-mail", "x"),
        ("a@b.c\x00", "x"),
        ("\u0661@example.com", "x" * 5000),
        ("x" * 5000, "\ud83d\ude00"),
    ],
)
def test_garbage_is_answered_with_the_form(client, db, email, password):
    response = sign_in(client, email, password.encode("utf-16", "surrogatepass").decode("utf-16"))
    assert response.status_code == 200
    assert "csrfmiddlewaretoken" in response.content.decode()


def test_signing_out_takes_a_post(client, alice):
    client.force_login(alice)
    assert client.get("/sign-out").status_code == 405
    assert "_auth_user_id" in client.session
    assert client.post("/sign-out").headers["Location"] == "/"
    assert "_auth_user_id" not in client.session
