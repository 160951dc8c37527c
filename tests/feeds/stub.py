"""Five venues on the loopback: HTTP answers in the format each documents, and whatever can be wrong with them.

Prices are what the test sets; a venue whose books are in USD multiplies by the price of USDT. `faults` are by venue.
"""

import asyncio
import time
from datetime import UTC, datetime
from decimal import Decimal

from aiohttp import web

ASSETS = ("BTC", "ETH")
HALF_SPREAD = Decimal("0.0001")
TRANSPORT_FAULTS = ("timeout", "rate_limit", "server_error", "broken_json", "wrong_shape", "reset")
CONTENT_FAULTS = ("frozen", "zero", "negative", "nan", "crossed", "outlier", "empty", "signalling", "overflowing")
FAULTS = TRANSPORT_FAULTS + CONTENT_FAULTS
LATE_S = 30.0
RATE_LIMITED = {
    "binance": (429, {"code": -1003, "msg": "Too much request weight used; please use WebSocket Streams."}),
    "coinbase": (429, {"message": "Public rate limit exceeded"}),
    "kraken": (200, {"error": ["EGeneral:Too many requests"]}),
    "bitstamp": (429, {"response_code": "400.002", "response_explanation": "Request rate limit exceeded"}),
    "okx": (429, {"code": "50011", "msg": "Too Many Requests", "data": []}),
}
KRAKEN_IDS = {
    "BTC": ("XXBTZUSD", "XBTUSD", "XXBT"),
    "ETH": ("XETHZUSD", "ETHUSD", "XETH"),
    "USDT": ("USDTZUSD", "USDTUSD", "USDT"),
}


class VenueStub:
    """`async with VenueStub() as stub:` then `stub.origins` are the addresses of the venues."""

    def __init__(self):
        self.prices = {"BTC": Decimal("60000"), "ETH": Decimal("3000")}
        self.dollars = Decimal("0.998")  # of one USDT
        self.faults = {}
        self.asked = dict.fromkeys(RATE_LIMITED, 0)
        self._frozen = {}

    async def __aenter__(self):
        application = web.Application(middlewares=[self._spoil])
        application.add_routes(
            [
                web.get("/binance/api/v3/exchangeInfo", self.binance_markets),
                web.get("/binance/api/v3/ticker/24hr", self.binance_ticker),
                web.get("/coinbase/products", self.coinbase_markets),
                web.get("/coinbase/products/{symbol}/ticker", self.coinbase_ticker),
                web.get("/kraken/0/public/AssetPairs", self.kraken_markets),
                web.get("/kraken/0/public/Ticker", self.kraken_ticker),
                web.get("/bitstamp/api/v2/markets/", self.bitstamp_markets),
                web.get("/bitstamp/api/v2/ticker/{symbol}/", self.bitstamp_ticker),
                web.get("/okx/api/v5/public/instruments", self.okx_markets),
                web.get("/okx/api/v5/market/ticker", self.okx_ticker),
            ]
        )
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.origins = {venue: f"http://127.0.0.1:{port}/{venue}" for venue in RATE_LIMITED}
        return self

    async def __aexit__(self, *error):
        await self._runner.cleanup()

    @web.middleware
    async def _spoil(self, request, handler):
        venue = request.path.split("/")[1]
        self.asked[venue] += 1
        match self.faults.get(venue):
            case "timeout":
                await asyncio.sleep(LATE_S)
            case "rate_limit":
                status, body = RATE_LIMITED[venue]
                return web.json_response(body, status=status)
            case "server_error":
                return web.Response(status=500, text="Internal Server Error")
            case "broken_json":
                return web.Response(text='{"bid": "6000', content_type="application/json")
            case "wrong_shape":
                return web.json_response([["bid", "ask"], None])
            case "reset":
                request.transport.abort()
            case "frozen" if "icker" in request.path:
                if request.raw_path not in self._frozen:
                    response = await handler(request)
                    self._frozen[request.raw_path] = response.text
                return web.Response(text=self._frozen[request.raw_path], content_type="application/json")
        if self.faults.get(venue) != "frozen":
            self._frozen = {path: text for path, text in self._frozen.items() if path.split("/")[1] != venue}
        return await handler(request)

    def top(self, venue, asset):
        """(bid, ask) as texts, with the fault of the venue in them."""
        price = self.dollars if asset == "USDT" else self.prices[asset]
        if asset != "USDT" and venue in ("coinbase", "kraken", "bitstamp"):
            price *= self.dollars
        half = Decimal(0) if asset == "USDT" else price * HALF_SPREAD
        bid, ask = price - half, price + half
        if asset != "USDT":
            match self.faults.get(venue):
                case "zero":
                    bid = ask = Decimal(0)
                case "negative":
                    bid, ask = -bid, -ask
                case "nan":
                    bid = ask = Decimal("NaN")
                case "crossed":
                    bid, ask = ask, bid
                case "outlier":
                    bid, ask = bid * Decimal("1.3"), ask * Decimal("1.3")
                case "empty":
                    return None, None
                case "signalling":
                    return "sNaN", "sNaN"
                case "overflowing":
                    return "1e9999999", "1e9999999"
        return tuple(str(one if one.is_nan() else one.quantize(Decimal("0.000001"))) for one in (bid, ask))

    async def binance_markets(self, request):
        price = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"}
        lot = {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001"}
        symbols = [
            {
                "symbol": f"{asset}USDT",
                "status": "TRADING",
                "baseAsset": asset,
                "baseAssetPrecision": 8,
                "quoteAsset": "USDT",
                "quotePrecision": 8,
                "quoteAssetPrecision": 8,
                "orderTypes": ["LIMIT", "MARKET"],
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": True,
                "filters": [price, lot],
                "permissions": ["SPOT"],
            }
            for asset in ASSETS
        ]
        return web.json_response({"timezone": "UTC", "serverTime": now_ms(), "rateLimits": [], "symbols": symbols})

    async def binance_ticker(self, request):
        symbol = request.query["symbol"]
        bid, ask = self.top("binance", symbol.removesuffix("USDT"))
        return web.json_response(
            {
                "symbol": symbol,
                "priceChange": "-94.99",
                "priceChangePercent": "-0.158",
                "weightedAvgPrice": "60010.12",
                "prevClosePrice": "60100.00",
                "lastPrice": bid,
                "lastQty": "0.002",
                "bidPrice": bid,
                "bidQty": "1.5",
                "askPrice": ask,
                "askQty": "2.5",
                "openPrice": "60100.00",
                "highPrice": "61000.00",
                "lowPrice": "59000.00",
                "volume": "8913.3",
                "quoteVolume": "534798000.0",
                "openTime": now_ms() - 86_400_000,
                "closeTime": now_ms(),
                "firstId": 28385,
                "lastId": 28460,
                "count": 76,
            }
        )

    async def coinbase_markets(self, request):
        products = [
            {
                "id": f"{asset}-USD",
                "base_currency": asset,
                "quote_currency": "USD",
                "quote_increment": "0.01",
                "base_increment": "0.00000001",
                "display_name": f"{asset}/USD",
                "min_market_funds": "1",
                "margin_enabled": False,
                "post_only": False,
                "limit_only": False,
                "cancel_only": False,
                "status": "online",
                "status_message": "",
                "trading_disabled": False,
                "auction_mode": False,
            }
            for asset in (*ASSETS, "USDT")
        ]
        return web.json_response(products)

    async def coinbase_ticker(self, request):
        bid, ask = self.top("coinbase", request.match_info["symbol"].removesuffix("-USD"))
        return web.json_response(
            {
                "trade_id": 843439,
                "price": bid,
                "size": "0.0029",
                "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "bid": bid,
                "ask": ask,
                "volume": "9031.88",
            }
        )

    async def kraken_markets(self, request):
        result = {
            key: {
                "altname": alternative,
                "wsname": f"{asset}/USD",
                "aclass_base": "currency",
                "base": base,
                "aclass_quote": "currency",
                "quote": "ZUSD",
                "pair_decimals": 1 if asset == "BTC" else 5,
                "lot_decimals": 8,
                "lot_multiplier": 1,
                "leverage_buy": [2, 3],
                "leverage_sell": [2, 3],
                "fees": [[0, 0.26]],
                "fees_maker": [[0, 0.16]],
                "ordermin": "0.0001",
                "costmin": "0.5",
                "status": "online",
            }
            for asset, (key, alternative, base) in KRAKEN_IDS.items()
        }
        return web.json_response({"error": [], "result": result})

    async def kraken_ticker(self, request):
        asked = request.query["pair"].split(",")
        result = {}
        for asset, (key, *_) in KRAKEN_IDS.items():
            if key in asked:
                bid, ask = self.top("kraken", asset)
                result[key] = {
                    "a": [ask, "1", "1.000"],
                    "b": [bid, "2", "2.000"],
                    "c": [bid, "0.04408910"],
                    "v": ["4147.94474901", "8896.96086304"],
                    "p": ["60012.1", "60010.2"],
                    "t": [3907, 10056],
                    "l": ["59000.1", "59000.1"],
                    "h": ["61000.1", "61000.1"],
                    "o": "60100.0",
                }
        return web.json_response({"error": [], "result": result})

    async def bitstamp_markets(self, request):
        markets = [
            {
                "name": f"{asset}/USD",
                "market_symbol": f"{asset.lower()}usd",
                "base_currency": asset,
                "base_decimals": 8,
                "counter_currency": "USD",
                "counter_decimals": 5 if asset == "USDT" else 1,
                "minimum_order_value": "10",
                "trading": "Enabled",
                "instant_order_counter_decimals": 2,
                "instant_and_market_orders": "Enabled",
                "description": f"{asset} / U.S. dollar",
                "market_type": "SPOT",
            }
            for asset in (*ASSETS, "USDT")
        ]
        return web.json_response(markets)

    async def bitstamp_ticker(self, request):
        asset = request.match_info["symbol"].removesuffix("usd").upper()
        bid, ask = self.top("bitstamp", asset)
        return web.json_response(
            {
                "timestamp": str(now_ms() // 1000),
                "open": "60100",
                "high": "61000",
                "low": "59000",
                "last": bid,
                "volume": "3563.13819902",
                "vwap": "60010",
                "bid": bid,
                "ask": ask,
                "side": "0",
                "open_24": "60100",
                "percent_change_24": "-0.16",
                "market_type": "SPOT",
                "pair": f"{asset}/USD",
            }
        )

    async def okx_markets(self, request):
        instruments = [
            {
                "alias": "",
                "baseCcy": asset,
                "category": "1",
                "ctMult": "",
                "ctType": "",
                "ctVal": "",
                "ctValCcy": "",
                "expTime": "",
                "instId": f"{asset}-USDT",
                "instType": "SPOT",
                "lever": "10",
                "listTime": "1548133413000",
                "lotSz": "0.00000001",
                "minSz": "0.00001",
                "optType": "",
                "quoteCcy": "USDT",
                "settleCcy": "",
                "state": "live",
                "stk": "",
                "tickSz": "0.1",
                "uly": "",
            }
            for asset in ASSETS
        ]
        return web.json_response({"code": "0", "msg": "", "data": instruments})

    async def okx_ticker(self, request):
        symbol = request.query["instId"]
        bid, ask = self.top("okx", symbol.removesuffix("-USDT"))
        ticker = {
            "instType": "SPOT",
            "instId": symbol,
            "last": bid,
            "lastSz": "0.044378",
            "askPx": ask,
            "askSz": "4.2",
            "bidPx": bid,
            "bidSz": "6.050058",
            "open24h": "60100",
            "high24h": "61000",
            "low24h": "59000",
            "volCcy24h": "534798000",
            "vol24h": "8913.3",
            "ts": str(now_ms()),
            "sodUtc0": "60090",
            "sodUtc8": "60080",
        }
        return web.json_response({"code": "0", "msg": "", "data": [ticker]})


def now_ms():
    return time.time_ns() // 10**6
