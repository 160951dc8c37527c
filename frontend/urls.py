"""Addresses of the pages; symbols and ids as in the addresses of the API."""

from django.urls import path

from frontend import accounts, api_keys, indices, margin, risk, trade, views

MARKET = "trade/<symbol:symbol>"

urlpatterns = [
    path("", views.home, name="home"),
    path("markets", views.markets, name="markets"),
    path("indices", indices.indices, name="indices"),
    path("indices/<symbol:asset>", indices.page, name="index"),
    path("accounts", accounts.page, name="accounts"),
    path("accounts/open", accounts.open_account, name="open_account"),
    path("accounts/transfer", accounts.transfer, name="account_transfer"),
    path("liquidations", risk.public_liquidations, name="liquidations"),
    path("liquidations/<id:liquidation_id>", risk.liquidation, name="liquidation"),
    path("insurance-fund", risk.insurance_fund, name="insurance_fund"),
    path("funding", risk.any_funding, name="any_funding"),
    path("funding/<symbol:symbol>", risk.funding, name="funding"),
    path("funding/<symbol:symbol>/predicted", risk.predicted_funding, name="predicted_funding"),
    path("api-keys", api_keys.page, name="api_keys"),
    path("api-keys/new", api_keys.create, name="new_api_key"),
    path("api-keys/<key_id:key>/delete", api_keys.delete, name="delete_api_key"),
    path(MARKET, trade.page, name="trade"),
    path(f"{MARKET}/account", trade.account, name="trade_account"),
    path(f"{MARKET}/account/choose", trade.choose_account, name="choose_account"),
    path(f"{MARKET}/fills", trade.fills, name="trade_fills"),
    path(f"{MARKET}/limits", trade.limits, name="trade_limits"),
    path(f"{MARKET}/margin", margin.change, name="trade_margin"),
    path(f"{MARKET}/margin/preview", margin.preview, name="trade_margin_preview"),
    path(f"{MARKET}/preview", trade.preview, name="trade_preview"),
    path(f"{MARKET}/orders", trade.open_orders, name="trade_orders"),
    path(f"{MARKET}/orders/place", trade.place, name="trade_place"),
    path(f"{MARKET}/orders/cancel-all", trade.cancel_all, name="trade_cancel_all"),
    path(f"{MARKET}/orders/<id:order_id>/amend", trade.amend, name="trade_amend"),
    path(f"{MARKET}/orders/<id:order_id>/cancel", trade.cancel, name="trade_cancel"),
]
