"""Addresses of what risk adds to market data, below /api/v1/."""

from django.urls import path

from risk.api import funding

urlpatterns = [path("instruments/<symbol:symbol>/funding", funding.FundingEndpoint.as_view())]
