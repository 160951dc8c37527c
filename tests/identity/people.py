"""What people do with a browser, and what they find in their mail."""

import re

from django.test import Client

PASSWORD = "correct horse battery"
NEW_PASSWORD = "staple battery horse"


def sign_up(client, email, password=PASSWORD, **extra):
    return client.post("/sign-up", {"email": email, "password1": password}, **extra)


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post("/sign-in", {"login": email, "password": password}, **extra)


def reauthenticate(client, password=PASSWORD):
    return client.post("/reauthenticate", {"password": password})


def signed_in(user, **options):
    """A browser of the user's that came through the front door."""
    client = Client(**options)
    assert sign_in(client, user.email).status_code == 302
    assert is_signed_in(client)
    return client


def is_signed_in(client):
    return client.get("/sessions").status_code == 200


def link_in(letter):
    """The path of the one link in a letter."""
    (path,) = re.findall(r"^https?://testserver(/\S+)$", letter.body, re.MULTILINE)
    return path


def page_of(response):
    """What the page says, without what differs from one load to the next."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
