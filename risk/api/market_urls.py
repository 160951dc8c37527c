"""Addresses of what everybody may know of risk, below /api/v1/."""

from django.urls import path

from risk.api import indices

urlpatterns = [
    path("indices", indices.IndicesEndpoint.as_view()),
    path("indices/<symbol:asset>", indices.IndexEndpoint.as_view()),
    path("indices/<symbol:asset>/history", indices.IndexHistoryEndpoint.as_view()),
    path("instruments/<symbol:symbol>/funding", indices.FundingEndpoint.as_view()),
]
