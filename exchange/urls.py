"""Every address of the exchange."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from exchange.ops import api_errors, health
from frontend import views

urlpatterns = [
    path("", views.home, name="home"),
    path("health/ready", health.ready),
    path("", include("exchange.identity.urls")),
    # The admin site has no sign-in of its own, so that every attempt meets the same limits.
    path("admin/login/", RedirectView.as_view(pattern_name="identity:sign_in", query_string=True)),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
]
if find_spec("trading.api") and find_spec("trading.api.urls"):
    urlpatterns += [path("api/v1/", include("trading.api.urls"))]

handler400 = api_errors.bad_request
handler403 = api_errors.forbidden
handler404 = api_errors.not_found
handler500 = api_errors.server_error
