"""Whatever goes wrong under /api/, the answer is the error envelope with a code of the catalogue and no stack trace."""

import logging

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404
from django.test import Client, override_settings
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.contract.errors import ApiError
from exchange.ops import api_errors


class Numbers(serializers.Serializer):
    count = serializers.IntegerField()


class Raising(APIView):
    authentication_classes = permission_classes = ()

    def get(self, request, name):
        raise RAISED[name]

    def post(self, request, name):
        numbers = Numbers(data=request.data)
        numbers.is_valid(raise_exception=True)
        return Response(numbers.data)


RAISED = {
    "refused": ApiError("insufficient_margin", details={"missing": "12.5"}),
    "signature": exceptions.AuthenticationFailed(),
    "anonymous": exceptions.NotAuthenticated(),
    "scope": exceptions.PermissionDenied(),
    "permission": PermissionDenied(),
    "missing": Http404(),
    "throttled": exceptions.Throttled(wait=2.5),
    "large": RequestDataTooBig(),
    "database": OperationalError("connection to 127.0.0.1 refused"),
    "fault": ZeroDivisionError("secret detail"),
}
urlpatterns = [path("api/v1/raise/<name>", Raising.as_view())]
handler500 = api_errors.server_error


@pytest.fixture
def client():
    with override_settings(ROOT_URLCONF=__name__):
        yield Client(raise_request_exception=False)


def code_of(response):
    error = response.json()["error"]
    assert set(error) == {"code", "message", "details"} and error["message"]
    return error["code"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("refused", 422, "insufficient_margin"),
        ("signature", 401, "unauthenticated"),
        ("anonymous", 401, "unauthenticated"),
        ("scope", 403, "forbidden_scope"),
        ("permission", 403, "forbidden_scope"),
        ("missing", 404, "not_found"),
        ("throttled", 429, "rate_limited"),
        ("large", 413, "payload_too_large"),
        ("database", 503, "engine_unavailable"),
        ("fault", 500, "internal_error"),
    ],
)
def test_an_exception_becomes_its_code(client, name, status, code):
    response = client.get(f"/api/v1/raise/{name}")
    assert (response.status_code, code_of(response)) == (status, code)
    assert b"secret" not in response.content and b"127.0.0.1" not in response.content


def test_details_reach_the_client(client):
    assert client.get("/api/v1/raise/refused").json()["error"]["details"] == {"missing": "12.5"}


def test_who_is_throttled_learns_for_how_long(client):
    assert client.get("/api/v1/raise/throttled").headers["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"count": 1}', "application/json", 200, None),
        (b"{not json", "application/json", 400, "invalid_parameter"),
        (b'{"count": NaN}', "application/json", 400, "invalid_parameter"),
        (b"\xff\xfe", "application/json", 400, "invalid_parameter"),
        (b"[" * 20_000, "application/json", 400, "invalid_parameter"),
        (b'{"count": "many"}', "application/json", 400, "invalid_parameter"),
        (b"count=1", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"count", "text/plain", 415, "unsupported_media_type"),
    ],
)
def test_a_bad_body_is_refused_quietly(client, caplog, body, content_type, status, code):
    response = client.post("/api/v1/raise/any", body, content_type=content_type)
    assert response.status_code == status
    assert code is None or code_of(response) == code
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_wrong_method_names_the_right_ones(client):
    response = client.delete("/api/v1/raise/any")
    assert (response.status_code, code_of(response)) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_an_unknown_address_is_json_below_api_and_a_page_elsewhere():
    assert code_of(Client().get("/api/v1/nothing")) == "not_found"
    page = Client().get("/nothing")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")


def test_the_api_answers_in_json_whatever_is_accepted(client):
    response = client.get("/api/v1/raise/refused", headers={"Accept": "text/html"})
    assert response.headers["Content-Type"] == "application/json"
