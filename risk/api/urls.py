"""Addresses of the risk API, below /api/v1/risk/."""

from django.urls import path

from risk.api import preview

urlpatterns = [path("preview", preview.PreviewEndpoint.as_view())]
