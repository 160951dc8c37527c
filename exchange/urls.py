"""Every address of the exchange."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from exchange.demo.views import give_play_money
from exchange.ops import api_description, api_errors, health
from exchange.ops.metrics import metrics
from exchange.ops.operations import operations

urlpatterns = [
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    path("ops", operations, name="operations"),
    path("", include("exchange.identity.urls")),
    path("", include("exchange.identity.account_urls")),
    # The admin site has no sign-in of its own, so that every attempt meets the same limits.
    path("admin/login/", RedirectView.as_view(pattern_name="identity:sign_in", query_string=True)),
    path("admin/", admin.site.urls),
    path("api/schema/", api_description.schema, name="schema"),
    path("api/docs/orders.md", api_description.guide, {"name": "orders"}, name="order_guide"),
    path("api/docs/websocket.md", api_description.guide, {"name": "websocket"}, name="websocket_guide"),
    path("api/docs/", api_description.Docs.as_view(url_name="schema"), name="docs"),
    path("api/v1/", include("trading.api.urls")),
    path("api/v1/", include("risk.api.market_urls")),
    path("api/v1/risk/", include("risk.api.urls")),
    path("demo/money", give_play_money, name="play_money"),
    path("", include("frontend.urls")),
]

handler400 = api_errors.bad_request
handler403 = api_errors.forbidden
handler404 = api_errors.not_found
handler500 = api_errors.server_error
