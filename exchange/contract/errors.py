"""The catalogue of refusals: every code a client may meet, its HTTP status, and what to do about it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple


class ErrorKind(NamedTuple):
    status: int
    message: str


CATALOGUE: Mapping[str, ErrorKind] = MappingProxyType(
    {
        "invalid_parameter": ErrorKind(400, "A parameter is missing, unknown or malformed: see details."),
        "invalid_price": ErrorKind(400, "Send the price as a decimal string above zero, a whole multiple of the tick."),
        "invalid_quantity": ErrorKind(
            400, "Send the quantity as a decimal string above zero, a whole multiple of the lot."
        ),
        "notional_too_small": ErrorKind(400, "Raise the quantity: price × quantity is below the minimum notional."),
        "unauthenticated": ErrorKind(401, "Sign in, or sign the request with a valid API key."),
        "stale_timestamp": ErrorKind(401, "Set your clock by GET /api/v1/time and sign the request again."),
        "bad_signature": ErrorKind(
            401, "Compare the signed text and the secret with the documentation, then sign again."
        ),
        "forbidden_scope": ErrorKind(403, "Use a key with the scope this operation needs."),
        "ip_not_allowed": ErrorKind(403, "Send from an address on this key's list, or add yours to it."),
        "account_restricted": ErrorKind(403, "This account may not do this now: ask support why it is restricted."),
        "not_found": ErrorKind(404, "There is nothing here: check the address."),
        "order_not_found": ErrorKind(404, "This account has no such order: check the id."),
        "instrument_not_found": ErrorKind(404, "No such instrument: see GET /api/v1/instruments."),
        "account_not_found": ErrorKind(404, "You have no such account: see GET /api/v1/accounts."),
        "method_not_allowed": ErrorKind(405, "Use one of the methods named in the Allow header."),
        "duplicate_client_order_id": ErrorKind(
            409, "Another order has this client order id with other content: choose a new id."
        ),
        "idempotency_conflict": ErrorKind(409, "This idempotency key was used with other content: choose a new key."),
        "payload_too_large": ErrorKind(413, "Send a smaller body."),
        "unsupported_media_type": ErrorKind(415, "Send the body as application/json."),
        "insufficient_margin": ErrorKind(422, "Lower the quantity, or add collateral."),
        "insufficient_funds": ErrorKind(422, "Lower the amount, or add funds."),
        "would_take": ErrorKind(422, "The post-only order would trade at once: move its price away from the market."),
        "would_not_reduce": ErrorKind(422, "The reduce-only order would not reduce a position: check its side."),
        "not_fillable": ErrorKind(422, "The market cannot fill the whole order now: lower the quantity or drop fok."),
        "price_outside_band": ErrorKind(422, "Move the price into the band around the mark price."),
        "too_many_open_orders": ErrorKind(422, "Cancel open orders of this instrument first."),
        "position_limit": ErrorKind(422, "Lower the quantity: the position would exceed its limit."),
        "leverage_too_high": ErrorKind(422, "Lower the leverage, or the position."),
        "instrument_halted": ErrorKind(422, "Wait until the instrument trades again: see GET /api/v1/status."),
        "quotes_frozen": ErrorKind(422, "Market-maker protection fired: wait until it is over, or set it anew."),
        "post_only_mode": ErrorKind(422, "Only post-only orders are taken now: see GET /api/v1/status."),
        "order_already_closed": ErrorKind(422, "The order is filled or cancelled: nothing is left to change."),
        "expired_in_transit": ErrorKind(422, "The order arrived too late and was not placed: send it again."),
        "rate_limited": ErrorKind(429, "Wait as long as Retry-After says, then try again."),
        "engine_busy": ErrorKind(503, "Nothing was done: try again in a moment."),
        "engine_unavailable": ErrorKind(503, "Nothing was done: the engine is away, try again in a few seconds."),
        "read_behind": ErrorKind(503, "The read model is behind: try again in a moment."),
        "outcome_unknown": ErrorKind(
            504, "Ask by client order id; after details.final_at the answer, also a 404, is final."
        ),
    }
)


class ApiError(Exception):
    """A refusal the client is told about. `code` must be in CATALOGUE; `details` must be JSON."""

    def __init__(self, code: str, message: str | None = None, details: Mapping[str, Any] | None = None) -> None:
        self.status, default_message = CATALOGUE[code]
        self.code = code
        self.message = message or default_message
        self.details: dict[str, Any] = dict(details or {})
        super().__init__(f"{code}: {self.message}")

    def envelope(self) -> dict[str, Any]:
        """The body of the answer: {"error": {"code", "message", "details"}}."""
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}
