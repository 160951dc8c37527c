"""The user's API keys. Only a signed-in browser manages keys, and makes one only just after the password was typed."""

from datetime import UTC, datetime
from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from exchange.identity import reauthentication, selectors, services
from exchange.identity.models import ApiKey, User
from exchange.identity.scopes import SESSION
from trading.api import key_answers as answers
from trading.api import requests
from trading.api.operations import Endpoint, answer, operation

COST: Final = 20  # of making a key, which writes a letter


class ApiKeysEndpoint(Endpoint):
    @operation(scope=SESSION, answers={200: answers.ApiKeys})
    def get(self, request: Request) -> Response:
        """The API keys of all of the user's accounts."""
        keys = selectors.own_keys(user=self.principal.user)
        return answer(answers.ApiKeys(results=[answers.api_key(key) for key in keys]))

    @operation(scope=SESSION, body=requests.NewApiKey, answers={201: answers.CreatedApiKey}, cost=COST)
    def post(self, request: Request, body: requests.NewApiKey) -> Response:
        """Make an API key for the account that X-Account names.

        The password must have been typed again within the last five minutes; else the answer is 401 and its details
        say where. A letter tells the owner.
        """
        reauthentication.check(request._request)
        key, secret = create(self.principal.user, self.account_id, body)
        return answer(answers.created_api_key(key, secret=secret), status=201)


class ApiKeyEndpoint(Endpoint):
    @operation(scope=SESSION, answers={200: answers.DeletedApiKey}, errors=("not_found",))
    def delete(self, request: Request, key: str) -> Response:
        """Delete an API key: within two seconds nobody can use it any more, and its sockets close."""
        services.revoke_api_key(owner=self.principal.user, public_id=key)
        return answer(answers.DeletedApiKey(key=key))


def create(user: User, account_id: int, body: requests.NewApiKey) -> tuple[ApiKey, str]:
    """(key, secret) as `services.create_api_key`. Refuses likewise, and with account_not_found."""
    return services.create_api_key(
        account=selectors.find_own_account(user=user, account_id=account_id),
        label=body.label,
        scopes=body.scopes,
        networks=body.networks,
        expires_at=None if body.expires_at is None else datetime.fromtimestamp(body.expires_at / 1000, UTC),
        public_key=body.public_key,
    )
