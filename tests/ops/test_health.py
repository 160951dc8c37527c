"""/health/ready says one word, and the truth."""

import pytest
from django.test import Client


@pytest.mark.django_db(transaction=True)
def test_ready_while_everything_answers(valkey_url):
    response = Client().get("/health/ready")
    assert (response.status_code, response.content) == (200, b"ready\n")


@pytest.mark.django_db(transaction=True)
def test_not_ready_without_the_cache(valkey, valkey_url):
    valkey.kill()
    try:
        response = Client().get("/health/ready")
    finally:
        valkey.start()
    assert (response.status_code, response.content) == (503, b"not ready\n")
    assert Client().get("/health/ready").status_code == 200
