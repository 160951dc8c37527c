"""The OpenAPI document, made from the declarations of the operations and from the structs they parse and render."""

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from msgspec import Struct

from exchange.contract.errors import CATALOGUE
from exchange.identity.authentication import ACCOUNT_HEADER
from exchange.identity.openapi import SessionScheme
from exchange.identity.scopes import PUBLIC, SESSION
from trading.api import fields
from trading.api.examples import EXAMPLES

REFERENCE: Final = "#/components/schemas/{name}"


def _order_kind(order_type: str, properties: dict[str, dict]) -> dict:
    given = ({"type": "string"}, {"type": "integer"}, {"const": "gtd"})
    required = [name for name, schema in properties.items() if schema in given]
    return {"properties": {"type": {"const": order_type}, **properties}, "required": required}


# Every operation may answer these.
COMMON_ERRORS: Final = ("invalid_parameter", "rate_limited", "engine_unavailable")
AUTHENTICATED_ERRORS: Final = (
    "unauthenticated",
    "stale_timestamp",
    "bad_signature",
    "forbidden_scope",
    "ip_not_allowed",
    "account_not_found",
)
BODY_ERRORS: Final = ("payload_too_large", "unsupported_media_type")
# Of signed requests, beside X-API-Key; X-Account is for sessions.
AUTHENTICATION_HEADERS: Final = {
    "X-API-Timestamp": {"type": "integer", "minimum": 0, "maximum": fields.MAXIMUM_ID},
    "X-API-Nonce": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"},
    "X-API-Recv-Window": {"type": "integer", "minimum": 0, "maximum": 60000, "default": 5000},
    "X-API-Signature": {"type": "string", "pattern": "^([0-9a-f]{64}|[A-Za-z0-9+/]{86}==)$"},
    ACCOUNT_HEADER: {"type": "integer", "minimum": 1, "maximum": fields.MAXIMUM_ID},
}
# Which fields of an order go together: what parsing.place_order demands, said in JSON Schema.
_NO_TRAIL: Final = {name: {"type": "null"} for name in ("trailing_distance", "trailing_rate", "activation_price")}
_NO_TRIGGER: Final = {"trigger_price": {"type": "null"}, "trigger_by": {"type": "null"}, **_NO_TRAIL}
_TRIGGER: Final = {"trigger_price": {"type": "string"}, "trigger_by": {"type": "string"}, **_NO_TRAIL}
_TRAILING: Final = {"trigger_price": {"type": "null"}, "trigger_by": {"type": "string"}}
_TRAILS: Final = (
    {"trailing_distance": {"type": "string"}, "trailing_rate": {"type": "null"}},
    {"trailing_distance": {"type": "null"}, "trailing_rate": {"type": "string"}},
)
_NO_EXPIRY: Final = {"expires_at": {"type": "null"}}
_RESTING: Final = (
    {"time_in_force": {"enum": ["gtc", None]}, **_NO_EXPIRY},
    {"time_in_force": {"const": "gtd"}, "expires_at": {"type": "integer"}},
)
_NOT_POST_ONLY: Final = {"post_only": {"const": False}}
_AT_ONCE: Final = {"time_in_force": {"enum": ["ioc", "fok"]}, **_NO_EXPIRY, **_NOT_POST_ONLY}
_WHOLE: Final = {"display_quantity": {"type": "null"}}
_TIPS: Final = (_WHOLE, {"display_quantity": {"type": "string"}, "reduce_only": {"const": False}})
_UNPRICED: Final = {
    "price": {"type": "null"},
    "time_in_force": {"enum": ["ioc", "fok", None]},
    **_NO_EXPIRY,
    **_NOT_POST_ONLY,
    **_WHOLE,
}
_PRICED: Final = {"price": {"type": "string"}}
ORDER_KINDS: Final = [
    *(_order_kind("limit", {**_PRICED, **_NO_TRIGGER, **time, **tip}) for time in _RESTING for tip in _TIPS),
    _order_kind("limit", {**_PRICED, **_NO_TRIGGER, **_AT_ONCE, **_WHOLE}),
    _order_kind("market", {**_UNPRICED, **_NO_TRIGGER}),
    *(_order_kind(kind, {**_UNPRICED, **_TRIGGER}) for kind in ("stop", "take_profit")),
    *(_order_kind("trailing_stop", {**_UNPRICED, **_TRAILING, **trail}) for trail in _TRAILS),
    *(
        _order_kind(kind, {**_PRICED, **_TRIGGER, **_NOT_POST_ONLY, **_WHOLE, **time})
        for kind in ("stop_limit", "take_profit_limit")
        for time in (*_RESTING, _AT_ONCE)
    ),
]
ATTACHED_KINDS: Final = [
    *(_order_kind(kind, {"price": {"type": "null"}, **_TRIGGER}) for kind in ("stop", "take_profit")),
    *(_order_kind(kind, {**_PRICED, **_TRIGGER}) for kind in ("stop_limit", "take_profit_limit")),
    *(_order_kind("trailing_stop", {"price": {"type": "null"}, **_TRAILING, **trail}) for trail in _TRAILS),
]
ATTACHING: Final = [
    {"properties": {"attached": {"maxItems": 0}}},
    {"properties": {"reduce_only": {"const": False}, "group_id": {"type": "null"}}},
]
_ORDER_CONDITIONS: Final = {"anyOf": ORDER_KINDS, "allOf": [{"anyOf": ATTACHING}]}
_POSITION_FIELDS: Final = {"leverage": "integer", "margin_mode": "string", "isolated_margin_change": "string"}
POSITION_CHANGES: Final = [
    {"properties": {name: {"type": kind}}, "required": [name]} for name, kind in _POSITION_FIELDS.items()
]
CONDITIONS: Final = {
    "PositionChange": {"anyOf": POSITION_CHANGES},
    "TriedChange": {"anyOf": POSITION_CHANGES},
    "Preview": {
        "anyOf": [
            {"properties": {name: {"type": "array", "minItems": 1}}, "required": [name]}
            for name in ("orders", "changes")
        ]
    },
    "NewOrder": _ORDER_CONDITIONS,
    "PlaceItem": _ORDER_CONDITIONS,
    "AttachedOrder": {"anyOf": ATTACHED_KINDS},
}
PATH_KINDS: Final = {
    "asset": fields.AssetName,
    "symbol": fields.Symbol,
    "order_id": fields.Id,
    "liquidation_id": fields.Id,
    "client_order_id": fields.ClientOrderId,
    "key": fields.KeyId,
}


class OperationSchema(AutoSchema):
    """Reads the Operation a handler was declared with."""

    def get_operation(self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any) -> dict:
        self.registry, self.path, self.path_prefix, self.method = registry, path, path_prefix, method.upper()
        handler = getattr(self.view, method.lower())
        declared = handler.operation
        summary, _, description = (handler.__doc__ or "").strip().partition("\n")
        result = {
            "operationId": f"{method.lower()}_{'_'.join(re.findall(r'[a-z]+', path.removeprefix('/api/v1/')))}",
            "summary": summary.rstrip("."),
            "description": re.sub(r"\n +", "\n", description).strip(),
            "tags": [self._tag()],
            "parameters": self._parameters(declared),
            "security": self._security(declared.scope),
            "responses": self._responses(declared),
            "x-scope": declared.scope,
        }
        if declared.body is not None:
            result["requestBody"] = {"required": True, "content": self._content(declared.body)}
            if shown := EXAMPLES.get(declared.body.__name__):
                result["requestBody"]["content"]["application/json"]["examples"] = _examples(shown)
        return result

    def _security(self, scope: str) -> list[dict]:
        if scope == PUBLIC:
            return [{}]
        return [way for way in self.get_auth() if scope != SESSION or SessionScheme.name in way]

    def _tag(self) -> str:
        return self.path.removeprefix("/api/v1/").partition("/")[0]

    def _parameters(self, declared: Any) -> list[dict]:
        names = re.findall(r"\{(\w+)\}", self.path)
        parameters = [_parameter(name, "path", _schema_of(PATH_KINDS[name]), True) for name in names]
        if declared.query is not None:
            schema = _components((declared.query,))[declared.query.__name__]
            required = schema.get("required", [])
            for name, property_schema in schema["properties"].items():
                parameters.append(_parameter(name, "query", _without_null(property_schema), name in required))
        if declared.is_read:
            parameters.append(_parameter("X-Min-Sequence", "header", _schema_of(fields.Sequence), False))
        if declared.scope != PUBLIC:
            parameters += [
                _parameter(name, "header", dict(schema), False)
                for name, schema in AUTHENTICATION_HEADERS.items()
                if declared.scope != SESSION or name == ACCOUNT_HEADER
            ]
        return parameters

    def _responses(self, declared: Any) -> dict[str, dict]:
        responses = {
            str(status): {
                "description": (kind.__doc__ or "Done.").strip().partition("\n")[0],
                "headers": _headers(with_sequence=True),
                "content": self._content(kind),
            }
            for status, kind in declared.answers.items()
        }
        codes = dict.fromkeys(
            COMMON_ERRORS
            + (() if declared.scope == PUBLIC else AUTHENTICATED_ERRORS)
            + (() if declared.body is None else BODY_ERRORS)
            + (("read_behind",) if declared.is_read else ())
            + declared.errors
        )
        for status in sorted({CATALOGUE[code].status for code in codes}):
            responses[str(status)] = self._error_response(
                status, [code for code in codes if CATALOGUE[code].status == status]
            )
        return responses

    def _error_response(self, status: int, codes: list[str]) -> dict:
        lines = "\n".join(f"- `{code}`: {CATALOGUE[code].message}" for code in codes)
        schema = {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "message", "details"],
                    "properties": {
                        "code": {"type": "string", "enum": codes},
                        "message": {"type": "string"},
                        "details": {"type": "object"},
                    },
                }
            },
        }
        headers = _headers(with_sequence=False)
        if status == 429:
            headers["Retry-After"] = _header("Seconds to wait.")
        return {"description": lines, "headers": headers, "content": {"application/json": {"schema": schema}}}

    def _content(self, kind: type[Struct]) -> dict:
        for name, schema in _components((kind,)).items():
            self.registry.register_on_missing(
                ResolvedComponent(name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema)
            )
        return {"application/json": {"schema": {"$ref": REFERENCE.format(name=kind.__name__)}}}


def _examples(shown: Mapping[str, dict[str, Any]]) -> dict[str, dict]:
    return {re.sub(r"\W+", "-", title.lower()): {"summary": title, "value": body} for title, body in shown.items()}


def _components(kinds: tuple[Any, ...]) -> dict[str, dict]:
    """The JSON schemas of structs and of all they hold, by name."""
    _, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    described = {name: _without_python(schema) for name, schema in components.items()}
    for name in described.keys() & CONDITIONS.keys():
        described[name] |= CONDITIONS[name]
    return described


def _schema_of(kind: Any) -> dict:
    (schema,), _ = msgspec.json.schema_components((kind,), ref_template=REFERENCE)
    return _without_python(schema)


def _without_python(schema: Any) -> Any:
    """Patterns end in Python's \\Z where JSON Schema has $."""
    if isinstance(schema, dict):
        return {
            name: value.replace(r"\Z", "$") if name == "pattern" and isinstance(value, str) else _without_python(value)
            for name, value in schema.items()
        }
    return [_without_python(item) for item in schema] if isinstance(schema, list) else schema


def _without_null(schema: dict) -> dict:
    """A query parameter is given or not, but never null."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    return {**rest, **kinds[0]}


def _parameter(name: str, place: str, schema: dict, required: bool) -> dict:
    description = schema.pop("description", "")
    return {"name": name, "in": place, "required": required, "description": description, "schema": schema}


def _header(description: str) -> dict:
    return {"description": description, "schema": {"type": "integer", "minimum": 0}}


def _headers(*, with_sequence: bool) -> dict[str, dict]:
    headers = {
        "X-RateLimit-Limit": _header("Credits of the tightest bucket when it is full."),
        "X-RateLimit-Remaining": _header("Credits left in it."),
        "X-RateLimit-Reset": _header("Seconds until it is full again."),
    }
    return (
        {"X-Sequence": _header("The engine's sequence this answer reflects."), **headers} if with_sequence else headers
    )
