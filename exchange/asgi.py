"""The ASGI application of the gateways."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from exchange.ops.body_limit import limit_body

django_application = get_asgi_application()

from trading.streams.socket import serve

SOCKETS = {"/ws/v1": serve}


async def refuse(scope, receive, send):
    await receive()
    await send({"type": "websocket.close"})


async def route_websocket(scope, receive, send):
    await SOCKETS.get(scope["path"], refuse)(scope, receive, send)


limited_application = limit_body(django_application, maximum_bytes=settings.MAXIMUM_BODY_BYTES)


async def serve_http(scope, receive, send):
    """With HTTPS, TLS ends at the proxy: what arrives here in plain was sent securely."""
    await limited_application({**scope, "scheme": "https"} if settings.HTTPS else scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": serve_http,
        "websocket": route_websocket,
    }
)

# What is there now stays. The collector need not look through it again and again: that stops all sockets for 0.1 s.
gc.collect()
gc.freeze()
