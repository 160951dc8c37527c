"""The start page: what is listed, and nothing that a strict content security policy would stop."""

import re

import pytest
from django.test import Client

from trading.selectors import instruments

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_remembered():
    instruments.forget_instruments()
    yield
    instruments.forget_instruments()


def test_the_start_page_says_so_when_nothing_is_listed():
    response = Client().get("/")
    assert response.status_code == 200
    assert b"Nothing is listed yet" in response.content
    assert b'href="/sign-in?next=/"' in response.content and b'href="/api/docs/"' in response.content


def test_its_policy_is_strict_and_kept():
    response = Client().get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
    assert not re.search(rb"<script(?! src)|<style|\sstyle=|\son\w+=", response.content)


def test_every_style_sheet_it_names_is_served():
    for address in re.findall(r'href="(/static/[^"]+)"', Client().get("/").content.decode()):
        assert Client().get(address).status_code == 200
