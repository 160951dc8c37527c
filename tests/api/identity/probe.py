"""A small API that says who it believes is asking; the tests' ROOT_URLCONF."""

from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.identity import throttles


class Probe(APIView):
    required_scopes = {"GET": "read", "POST": "trade"}

    def get(self, request, rest=None):
        principal = request.auth
        return Response(
            {
                "user": request.user.email,
                "account_id": principal.account_id,
                "scopes": sorted(principal.scopes),
                "key_id": principal.key_id,
                "command_id": principal.command_id.hex(),
            }
        )

    def post(self, request):
        return Response({"body": request.data, "command_id": request.auth.command_id.hex()})


class Public(APIView):
    required_scope = "public"

    def get(self, request):
        return Response({"user": str(request.user)})


class Transfer(APIView):
    required_scope = "transfer"

    def get(self, request):
        return Response()


class Session(APIView):
    required_scope = "session"

    def get(self, request):
        return Response()


class Undeclared(APIView):
    required_scopes = {"POST": "trade"}

    def get(self, request):
        raise AssertionError("a view without a scope ran")


class Cancel(APIView):
    """Free when it hits, one credit when it misses; a batch costs its items."""

    required_scope = "trade"
    rate_costs = {"DELETE": 0}
    rate_cost = 2

    def delete(self, request):
        if "miss" in request.query_params:
            throttles.charge(request, cost=1, enforce=False)
        return Response()

    def post(self, request):
        throttles.charge(request, cost=len(request.data["items"]) - 2)
        return Response()

    def put(self, request):
        throttles.refund(request, cost=2)
        return Response()


urlpatterns = [
    path("probe", Probe.as_view()),
    path("probe/<str:rest>", Probe.as_view()),
    path("public", Public.as_view()),
    path("transfer", Transfer.as_view()),
    path("session", Session.as_view()),
    path("undeclared", Undeclared.as_view()),
    path("cancel", Cancel.as_view()),
]
