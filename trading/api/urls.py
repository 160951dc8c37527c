"""Addresses of the REST API, below /api/v1/."""

from django.urls import path, register_converter
from django.urls.converters import IntConverter, StringConverter

from trading.api import accounts, api_keys, liquidations, markets, orders, quotes, status
from trading.api.fields import MAXIMUM_ID


class IdConverter(IntConverter):
    """An id below 2**53, as JSON can carry it."""

    regex = "[1-9][0-9]{0,15}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > MAXIMUM_ID:
            raise ValueError
        return number


class SymbolConverter(StringConverter):
    regex = "[A-Z0-9][A-Z0-9-]{0,48}"


class ClientOrderIdConverter(StringConverter):
    regex = "[A-Za-z0-9_-]{1,36}"


class KeyIdConverter(StringConverter):
    regex = "[0-9a-f]{32}"


register_converter(IdConverter, "id")
register_converter(SymbolConverter, "symbol")
register_converter(ClientOrderIdConverter, "client_order_id")
register_converter(KeyIdConverter, "key_id")

urlpatterns = [
    path("time", status.TimeEndpoint.as_view()),
    path("status", status.StatusEndpoint.as_view()),
    path("instruments", markets.InstrumentsEndpoint.as_view()),
    path("instruments/<symbol:symbol>", markets.InstrumentEndpoint.as_view()),
    path("instruments/<symbol:symbol>/book", markets.BookEndpoint.as_view()),
    path("instruments/<symbol:symbol>/trades", markets.TradesEndpoint.as_view()),
    path("instruments/<symbol:symbol>/candles", markets.CandlesEndpoint.as_view()),
    path("instruments/<symbol:symbol>/ticker", markets.TickerEndpoint.as_view()),
    path("instruments/<symbol:symbol>/liquidations", liquidations.PublicLiquidationsEndpoint.as_view()),
    path("insurance-fund", liquidations.InsuranceFundEndpoint.as_view()),
    path("tickers", markets.TickersEndpoint.as_view()),
    path("accounts", accounts.AccountsEndpoint.as_view()),
    path("account", accounts.AccountEndpoint.as_view()),
    path("positions", accounts.PositionsEndpoint.as_view()),
    path("positions/<symbol:symbol>", accounts.PositionEndpoint.as_view()),
    path("fills", accounts.FillsEndpoint.as_view()),
    path("ledger", accounts.LedgerEndpoint.as_view()),
    path("liquidations", liquidations.LiquidationsEndpoint.as_view()),
    path("liquidations/<id:liquidation_id>", liquidations.LiquidationEndpoint.as_view()),
    path("transfers", accounts.TransfersEndpoint.as_view()),
    path("api-keys", api_keys.ApiKeysEndpoint.as_view()),
    path("api-keys/<key_id:key>", api_keys.ApiKeyEndpoint.as_view()),
    path("cancel-after", orders.CancelAfterEndpoint.as_view()),
    path("quotes", quotes.QuotesEndpoint.as_view()),
    path("market-maker-protection", quotes.MarketMakerProtectionEndpoint.as_view()),
    path("orders", orders.OrdersEndpoint.as_view()),
    path("orders/batch", orders.BatchEndpoint.as_view()),
    path("orders/by-client-id/<client_order_id:client_order_id>", orders.OrderByClientIdEndpoint.as_view()),
    path("orders/<id:order_id>", orders.OrderEndpoint.as_view()),
]
