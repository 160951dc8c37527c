"""How the API's description names the two ways to authenticate."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

SIGNING = """Sign each request, with the key's secret as HMAC-SHA256 in lower-case hex, or with its Ed25519 private key
in base64 with padding, over these lines, joined by
\\n: X-API-Timestamp (ms), X-API-Nonce (1 to 32 of A-Z a-z 0-9 _ -), X-API-Recv-Window (ms, at most 60000; `5000` if
you do not send it), the method, path?query exactly as sent (no `?` without a query), the lower-case hex SHA-256 of the
body.
Send X-API-Key, X-API-Timestamp, X-API-Nonce and the signature as X-API-Signature."""


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "exchange.identity.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": SIGNING}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "exchange.identity.authentication.SessionAuthentication"
    name = "Session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        description = "A signed-in browser. Writes need the X-CSRFToken header; X-Account may name an own account."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": description}
