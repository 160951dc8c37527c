"""The list of sessions, and ending them: their sockets, too."""

import pytest
from django.test import Client

from exchange.identity import sockets
from tests.identity.people import is_signed_in, signed_in

pytestmark = pytest.mark.django_db


def ids(client):
    return [session.pk for session in client.get("/sessions").context["sessions"]]


def test_each_sign_in_is_listed_and_this_one_is_marked(alice, bob):
    here = signed_in(alice, headers={"User-Agent": "Here/1"})
    signed_in(alice, headers={"User-Agent": "Elsewhere/2<script>"})
    signed_in(bob, headers={"User-Agent": "Bobs/3"})
    page = here.get("/sessions").content.decode()
    assert page.count("this one") == 1
    assert "Here/1" in page and "Elsewhere/2&lt;script&gt;" in page and "127.0.0.1" in page
    assert "Bobs" not in page


def test_all_others_end(alice, bob):
    here, others, bobs = signed_in(alice), [signed_in(alice) for _ in range(2)], signed_in(bob)
    assert here.post("/sessions").status_code == 302
    assert is_signed_in(here) and is_signed_in(bobs)
    assert [is_signed_in(other) for other in others] == [False, False]
    assert len(ids(here)) == 1


def test_one_ends(alice):
    here, second, third = (signed_in(alice) for _ in range(3))
    here.post("/sessions", {"session": ids(here)[1]})
    assert [is_signed_in(client) for client in (here, second, third)] == [True, False, True]


@pytest.mark.parametrize("session", ["bobs", "", "x", "0", "9" * 30])
def test_nobody_ends_the_session_of_another(alice, bob, session):
    here, also_here, bobs = signed_in(alice), signed_in(alice), signed_in(bob)
    named = ids(bobs)[0] if session == "bobs" else session
    assert here.post("/sessions", {"session": named}).status_code == 302
    assert all(is_signed_in(client) for client in (here, also_here, bobs))


def test_signing_out_takes_it_off_the_list(alice):
    here, other = signed_in(alice), signed_in(alice)
    other.post("/sign-out")
    assert len(ids(here)) == 1


def test_a_session_that_ended_is_no_longer_valid_for_its_socket(alice, bob):
    here, other, bobs = signed_in(alice), signed_in(alice), signed_in(bob)
    identities = [socket_of(client) for client in (here, other, bobs)]
    assert sockets.no_longer_valid(identities) == []
    here.post("/sessions")
    assert sockets.no_longer_valid(identities) == [identities[1]]


def test_a_changed_password_ends_the_sockets_of_other_sessions(alice):
    here, other = signed_in(alice), signed_in(alice)
    identities = [socket_of(other)]
    alice.set_password("another one entirely")
    alice.save()
    assert sockets.no_longer_valid(identities) == identities
    assert not is_signed_in(here)


def socket_of(client):
    scope = {
        "type": "http",
        "path": "/ws/v1",
        "headers": [(b"cookie", f"sessionid={client.cookies['sessionid'].value}".encode())],
    }
    return sockets.authenticate_session(sockets.handshake_of(scope), account_id=None)


def test_strangers_see_no_sessions():
    assert Client().get("/sessions")["Location"] == "/sign-in?next=/sessions"
    assert Client().post("/sessions")["Location"] == "/sign-in?next=/sessions"
