"""The ASGI application of the gateways."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "exchange.settings")

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from exchange.ops.body_limit import limit_body


async def refuse_websocket(scope, receive, send):
    await receive()
    await send({"type": "websocket.close"})


application = ProtocolTypeRouter(
    {
        "http": limit_body(get_asgi_application(), maximum_bytes=settings.MAXIMUM_BODY_BYTES),
        "websocket": refuse_websocket,
    }
)
