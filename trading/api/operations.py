"""One shape for every endpoint: an operation declares its scope, its cost, and what goes in and out.

The declaration is what is enforced and also what the OpenAPI document is made of, so the two cannot differ.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.contract.errors import ApiError
from exchange.identity.principals import Principal
from trading.api.openapi import OperationSchema

MAXIMUM_QUERY_LENGTH: Final = 2048
_MAXIMUM_REASON_LENGTH: Final = 200
_CODES_BY_FIELD: Final = {
    "price": "invalid_price",
    "trigger_price": "invalid_price",
    "trailing_distance": "invalid_price",
    "activation_price": "invalid_price",
    "quantity": "invalid_quantity",
    "display_quantity": "invalid_quantity",
    "quantity_limit": "invalid_quantity",
    "delta_limit": "invalid_quantity",
}
_PLACE: Final = re.compile(r"(?P<reason>.*?)(?: - at `\$\.?(?P<place>.*)`)?", re.DOTALL)
_NAMED: Final = re.compile(r"Object (?:contains|missing) (?P<kind>unknown|required) field `(?P<name>.*)`", re.DOTALL)

Fields = TypeVar("Fields", bound=Struct)


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method of an endpoint takes and gives; `is_read`: it answers from the read models (X-Min-Sequence)."""

    scope: str
    answers: Mapping[int, type[Struct]]
    errors: tuple[str, ...]
    query: type[Struct] | None
    body: type[Struct] | None
    cost: int
    is_read: bool


def operation(
    *,
    scope: str,
    answers: Mapping[int, type[Struct]],
    errors: tuple[str, ...] = (),
    query: type[Struct] | None = None,
    body: type[Struct] | None = None,
    cost: int = 1,
    is_read: bool = False,
) -> Callable:
    """Declares a handler, called with `query` and `body` parsed if declared; whatever else is sent is refused."""
    declaration = Operation(scope, answers, errors, query, body, cost, is_read)

    def declare(handler: Callable) -> Callable:
        @wraps(handler)
        def handle(self: "Endpoint", request: Request, **path: Any) -> Response:
            parsed_query = read_query(request.META.get("QUERY_STRING", ""), query)
            if query is not None:
                path["query"] = parsed_query
            if body is not None:
                path["body"] = read_body(request, body)
            elif request.body:
                raise ApiError("invalid_parameter", "This operation takes no body.", {"field": "body"})
            return handler(self, request, **path)

        handle.operation = declaration
        return handle

    return declare


class StructRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return msgspec.json.encode(data)


class Endpoint(APIView):
    """Base of all endpoints: takes scopes and rate costs from the operations it declares."""

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    renderer_classes = [StructRenderer]
    schema = OperationSchema()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        declared = {method.upper(): getattr(cls, method, None) for method in cls.http_method_names}
        operations = {method: handler.operation for method, handler in declared.items() if handler is not None}
        cls.required_scopes = {method: declaration.scope for method, declaration in operations.items()}
        cls.rate_costs = {method: declaration.cost for method, declaration in operations.items()}
        cls.rate_costs["HEAD"] = cls.rate_costs.get("GET", 1)

    @property
    def principal(self) -> Principal:
        return self.request.auth

    @property
    def account_id(self) -> int:
        """The account the request acts for. Refuses with account_not_found who has none."""
        return self.principal.acting_account_id()


def answer(content: Struct, *, status: int = 200, sequence: int | None = None) -> Response:
    """The response; `sequence` (of the journal) is what it reflects."""
    return Response(content, status=status, headers=None if sequence is None else {"X-Sequence": str(sequence)})


def read_query(text: str, kind: type[Fields] | None) -> Fields | None:
    """The query string as `kind`. Refuses unknown, repeated and malformed parameters: invalid_parameter."""
    try:
        if len(text) > MAXIMUM_QUERY_LENGTH:
            raise ValueError
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=20)
    except ValueError:
        raise ApiError("invalid_parameter", "The query string is malformed or too long.") from None
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ApiError("invalid_parameter", "A query parameter is given more than once.")
    if kind is None:
        if values:
            raise _unknown(next(iter(values)))
        return None
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refusal_of(error) from None


def read_body(request: Request, kind: type[Fields]) -> Fields:
    """The JSON body as `kind`. Refuses with unsupported_media_type, payload_too_large, invalid_parameter and, for the
    fields they are about, invalid_price and invalid_quantity."""
    # The type first: a body that is a form may have been read already, and then reading it again fails.
    if (request.content_type or "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError("unsupported_media_type")
    try:
        return _decoder(kind).decode(request.body)
    except msgspec.ValidationError as error:
        raise refusal_of(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ApiError("invalid_parameter", "The body is not valid JSON.", {"field": "body"}) from None


def refusal_of(error: msgspec.ValidationError) -> ApiError:
    """The refusal that names the field a parse failed at."""
    reason, place = _PLACE.fullmatch(str(error)).group("reason", "place")
    if named := _NAMED.fullmatch(reason):
        field = ".".join(filter(None, (place, named["name"][:_MAXIMUM_REASON_LENGTH])))
        if named["kind"] == "unknown":
            return _unknown(field)
        return ApiError(_code_for(field), f"{field} is missing.", {"field": field})
    field = place or "body"
    return ApiError(_code_for(field), f"{field}: {reason[:_MAXIMUM_REASON_LENGTH]}.", {"field": field})


def _unknown(field: str) -> ApiError:
    field = field[:_MAXIMUM_REASON_LENGTH]
    return ApiError("invalid_parameter", f"{field} is not a known field here.", {"field": field})


def _code_for(field: str) -> str:
    return _CODES_BY_FIELD.get(field.rpartition(".")[2], "invalid_parameter")


@lru_cache(maxsize=64)
def _decoder(kind: type[Fields]) -> msgspec.json.Decoder[Fields]:
    return msgspec.json.Decoder(kind)
