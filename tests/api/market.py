"""A small market behind the API: BTC-PERP and ETH-PERP with mark prices, and traders who sign their requests."""

import json

from django.test import Client

from exchange.identity.models import User
from exchange.identity.services import create_account, create_api_key
from tests.signing import sign_headers
from trading.core.listing import parse_parameters, parse_terms
from trading.engine.commands import ListInstrument, OpenAccount, SetInstrumentState, TransferCollateral, UpdateMarkPrice
from trading.projections.projector import Projector
from trading.projections.registry import PROJECTIONS
from trading.services.first_listing import FIRST_LISTING

BTC, ETH = 1, 2
MARKS = {BTC: 600_000, ETH: 300_000}  # 60000.0 and 3000.00
START_UNITS = 100_000_000_000  # 100,000 USDT
SCOPES = ("read", "trade", "transfer")


class Market:
    """`readers_run` False: the read models stay where they are."""

    def __init__(self, gateway, monkeypatch):
        self.gateway = gateway
        self.readers_run = True
        self._projector = Projector(PROJECTIONS)
        self._execute = gateway.execute
        monkeypatch.setattr(gateway, "execute", self._execute_and_read)
        for terms_text, parameters_text in FIRST_LISTING:
            terms = parse_terms(terms_text)
            parameters = parse_parameters(parameters_text, terms=terms, version=1)
            self.execute(ListInstrument(b"", 0, terms, parameters))
            self.execute(UpdateMarkPrice(b"", 0, terms.instrument_id, MARKS[terms.instrument_id]))

    @property
    def engine(self):
        return self.gateway.engine

    def execute(self, command):
        return self._execute_and_read(command)

    def _execute_and_read(self, command):
        outcome = self._execute(command)
        if self.readers_run:
            self.read()
        return outcome

    def read(self):
        while self._projector.step():
            pass

    def set_state(self, instrument_id, state):
        self.execute(SetInstrumentState(b"", 0, instrument_id, state))

    def set_mark(self, instrument_id, ticks):
        self.execute(UpdateMarkPrice(b"", 0, instrument_id, ticks))

    def trader(self, name, *, scopes=SCOPES, units=START_UNITS):
        user = User.objects.create_user(f"{name}@example.com", "correct horse battery")
        account = create_account(owner=user, name="main")
        self.execute(OpenAccount(b"", 0, account.id, user.id))
        if units:
            self.execute(TransferCollateral(b"", 0, account.id, "USDT", units, account.id))
        return Trader(user, account, scopes=scopes)


class Trader:
    """Sends signed requests for one account; paths are below /api/v1."""

    def __init__(self, user, account, *, scopes=SCOPES):
        self.user, self.account = user, account
        self.client = Client()
        key, self.secret = create_api_key(
            account=account, label="bot", scopes=scopes, networks=["127.0.0.1"] if "transfer" in scopes else []
        )
        self.key = key.public_id

    def send(self, method, path, body=None, *, raw=None, content_type="application/json", headers=(), signed=None):
        path = f"/api/v1{path}"
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        signed = sign_headers(self.key, self.secret, method, path, content) if signed is None else signed
        return self.client.generic(
            method, path, content, content_type=content_type if content else "", headers={**signed, **dict(headers)}
        )

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.send("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.send("PATCH", path, body, **options)

    def put(self, path, body=None, **options):
        return self.send("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.send("DELETE", path, **options)

    def place(self, **fields):
        """Places a limit buy of 0.01 BTC at 59000 unless told otherwise; the answer must be 201. Returns its JSON."""
        answer = self.post("/orders", order(**fields))
        assert answer.status_code == 201, answer.content
        return answer.json()


def order(**fields):
    body = {"symbol": "BTC-PERP", "side": "buy", "type": "limit", "quantity": "0.01", "price": "59000", **fields}
    return {name: value for name, value in body.items() if value is not None}


def refused(answer, status, code):
    """The answer is this refusal, well formed; returns its details."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert error["code"] == code, error
    return error["details"]
