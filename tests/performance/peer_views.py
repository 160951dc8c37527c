"""The exchange's addresses, and an empty view beside them."""

from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.identity.scopes import TRADE


class Empty(APIView):
    """Authenticated and charged as an order is, and nothing else."""

    required_scopes = {"POST": TRADE}
    rate_costs = {"POST": 1}

    def post(self, request: Request) -> Response:
        return Response(status=204)


urlpatterns = [path("empty", Empty.as_view()), path("", include("exchange.urls"))]
