"""Scenarios that a trader can read: a table of who does what, and what becomes of it, run by the real engine.

    Title and remarks, up to the first line with a bar.
    alice  | sell 1 limit 60100          | A new
    bob    | buy 0.4 market              | B filled 0.4 @ 60100; A partially_filled
    alice  | amend A price 60200         |
    market | mark 60500                  |
    alice  | position                    | -0.4
    carol  | buy 1 limit 90000           | refused price_outside_band

    market | fund 1000                  |
    alice  | story                      | started, reduce 1 at 59000.5, ended

An order's first outcome names it (`A`), later rows use the name; what was attached to it is `A.profit` and `A.stop`,
a quote `@` and its price. `;` separates outcomes. Everybody starts with 100,000 USDT and BTC-PERP at 60,000.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from tests.orders import changed
from trading.api import parsing, requests
from trading.api.scales import Scale
from trading.core import terms
from trading.core.listing import parse_parameters, parse_terms
from trading.core.order_book import orders_of
from trading.core.orders import is_untriggered
from trading.engine import commands as c
from trading.engine.engine import Engine
from trading.engine.events import CommandRefused, OrderCancelled, OrderPlaced, OrderRejected, TradeExecuted
from trading.engine.risk_events import LiquidationEnded, LiquidationStarted, LiquidationStepped, PositionAssigned
from trading.services.first_listing import FIRST_LISTING

START_NS = 1_800_000_000_000_000_000
SECOND_NS = 10**9
START_UNITS = 100_000 * 10**6
SCALE = Scale(1, "BTC-PERP", "USDT", (1, -1), (1, -3), (1, -3), (1, -6), 100)
REASONS = {code: word for word, code in terms.CANCEL_REASONS.items()}
FLAGS = ("post_only", "reduce_only")
STEPS = {code: word for word, code in terms.LIQUIDATION_STEPS.items()}
SHOWN = ("collateral", "isolated_margin", "story", "trading")
TIMES = tuple(terms.TIMES_IN_FORCE)
OPTIONS = {"trigger": "trigger_price", "by": "trigger_by", "distance": "trailing_distance", "rate": "trailing_rate"}
OPTIONS |= {"activation": "activation_price", "client_id": "client_order_id", "self_trade": "self_trade_prevention"}


def _quotes(words: list[str]) -> Iterator[c.Quote]:
    for side, quantity, price in zip(words[::3], words[1::3], words[2::3], strict=True):
        price_ticks = int(Decimal(price.rstrip(",")) * 10)
        yield c.Quote(terms.SIDES[side], price_ticks, int(Decimal(quantity) * 1000))


def _told(event: LiquidationStarted | LiquidationStepped | LiquidationEnded) -> str:
    if isinstance(event, LiquidationStarted):
        return "started"
    if isinstance(event, LiquidationEnded):
        return "ended"
    if not event.lots:
        return STEPS[event.step]
    ticks = event.limit_price_ticks or event.bankruptcy_price_ticks
    return f"{STEPS[event.step]} {abs(Decimal(event.lots)) / 1000:f} at {Decimal(ticks) / 10:f}"


class Scenario:
    def __init__(self) -> None:
        self.engine = Engine()
        self.time_ns = START_NS
        self.accounts: dict[str, int] = {"fund": terms.INSURANCE_FUND}
        self.names: dict[str, int] = {}
        self.fates: dict[int, str] = {}
        self.fills: dict[int, list[tuple[int, int]]] = {}
        self.refusal = ""
        self.placed = 0
        self.attached: list[OrderPlaced] = []
        self.stories: dict[int, list[str]] = {}
        listed = parse_terms(FIRST_LISTING[0][0])
        self.execute(c.ListInstrument(b"", 0, listed, parse_parameters(FIRST_LISTING[0][1], terms=listed, version=1)))
        self.execute(c.UpdateMarkPrice(b"", 0, 1, 600_000))

    def execute(self, command: c.ExternalCommand) -> None:
        self.time_ns += 1
        self.refusal, self.placed, self.attached = "", 0, []
        for record in self.engine.execute(command, self.time_ns):
            for event in record.events:
                self._note(event, is_own=record.command is command)

    def _note(self, event: Any, *, is_own: bool) -> None:
        match event:
            case CommandRefused() if is_own:
                self.refusal = event.code
            case OrderPlaced():
                self.fills[event.order_id] = []
                if event.is_quote:
                    self.names[f"@{Decimal(event.price_ticks) / 10}"] = event.order_id
                elif event.parent_order_id:
                    self.attached.append(event)
                else:
                    self.placed = event.order_id
            case TradeExecuted():
                for order_id in (event.maker_order_id, event.taker_order_id):
                    self.fills[order_id].append((event.quantity_lots, event.price_ticks))
            case OrderCancelled():
                self.fates[event.order_id] = f"cancelled {REASONS[event.reason]}"
            case OrderRejected():
                self.fates[event.order_id] = f"rejected {event.code}"
            case LiquidationStarted() | LiquidationStepped() | LiquidationEnded():
                self.stories.setdefault(event.account_id, []).append(_told(event))
            case PositionAssigned(place=place) if place:
                name = next(one for one, known in self.accounts.items() if known == event.counterparty_id)
                self.stories[event.account_id].append(f"{Decimal(event.quantity_lots) / 1000:f} against {name}")

    def run(self, who: str, deed: str, outcomes: str) -> None:
        words = deed.split()
        if words[0] == "position":
            return self._compare(self._position(who), outcomes)
        elif words[0] in ("bids", "asks"):
            return self._compare(self._shown(words[0]), outcomes)
        elif words[0] in SHOWN:
            return self._compare(getattr(self, f"_{words[0]}")(self.accounts.get(who, 0)), outcomes)
        if who == "market":
            self._market(words)
        else:
            self._trader(self._account(who), words)
        wanted = [one.strip() for one in outcomes.split(";") if one.strip()]
        assert not self.refusal or wanted == [f"refused {self.refusal}"], f"refused {self.refusal}"
        for outcome in wanted:
            if not outcome.startswith("refused"):
                name, _, fate = outcome.partition(" ")
                order_id = self.names.setdefault(name, self.placed)
                for placed in self.attached:
                    takes_profit = placed.order_type in (terms.TAKE_PROFIT, terms.TAKE_PROFIT_LIMIT)
                    self.names.setdefault(f"{name}.{'profit' if takes_profit else 'stop'}", placed.order_id)
                self._compare(self._fate(order_id), fate)

    def _compare(self, found: str, wanted: str) -> None:
        assert found == wanted.strip(), f"found: {found}"

    def _account(self, name: str) -> int:
        if name not in self.accounts:
            account_id = self.accounts[name] = len(self.accounts)
            self.execute(c.OpenAccount(b"", 0, account_id, account_id))
            self.execute(c.TransferCollateral(b"", 0, account_id, "USDT", START_UNITS, account_id))
        return self.accounts[name]

    def _market(self, words: list[str]) -> None:
        match words:
            case ["mark", price]:
                self.execute(c.UpdateMarkPrice(b"", 0, 1, int(Decimal(price) * 10), int(Decimal(price) * 10)))
            case ["index", price]:
                mark_ticks = self.engine.state.instruments[1].mark_price_ticks
                self.execute(c.UpdateMarkPrice(b"", 0, 1, mark_ticks, int(Decimal(price) * 10)))
            case ["fund", amount]:
                units = int(Decimal(amount) * 10**6)
                self.execute(c.TransferCollateral(b"", 0, terms.INSURANCE_FUND, "USDT", units, 1))
            case ["funding", rate]:
                interval_ns = self.engine.state.instruments[1].parameters.risk.funding_interval_ns
                period_ns = self.time_ns // interval_ns * interval_ns
                self.execute(c.ApplyFunding(b"", 0, 1, period_ns, int(Decimal(rate) * 10**9)))
            case ["exchange", state]:
                self.execute(c.SetExchangeState(b"", 0, terms.INSTRUMENT_STATES[state]))
            case ["state", state]:
                self.execute(c.SetInstrumentState(b"", 0, 1, terms.INSTRUMENT_STATES[state]))
            case ["wait", seconds, "s"]:
                self.time_ns += int(Decimal(seconds) * SECOND_NS)
                self.execute(c.AdvanceTime(b"", 0))
            case _:
                raise ValueError(f"The market cannot {' '.join(words)}.")

    def _trader(self, account_id: int, words: list[str]) -> None:
        match words:
            case ["cancel", "all"]:
                self.execute(c.CancelAllOrders(b"", 0, account_id))
            case ["cancel", name]:
                self.execute(c.CancelOrder(b"", 0, account_id, self.names[name]))
            case ["cancel_after", seconds, "s"]:
                self.execute(c.CancelAfter(b"", 0, account_id, int(seconds) * SECOND_NS))
            case ["cross" | "isolated" as mode]:
                self.execute(c.SetMarginMode(b"", 0, account_id, 1, mode == "isolated"))
            case ["add", amount]:
                self.execute(c.ChangeIsolatedMargin(b"", 0, account_id, 1, int(Decimal(amount) * 10**6)))
            case ["take", amount]:
                self.execute(c.ChangeIsolatedMargin(b"", 0, account_id, 1, -int(Decimal(amount) * 10**6)))
            case ["withdraw", amount]:
                units = -int(Decimal(amount) * 10**6)
                self.execute(c.TransferCollateral(b"", 0, account_id, "USDT", units, 1))
            case ["leverage", leverage]:
                self.execute(c.SetLeverage(b"", 0, account_id, 1, int(leverage)))
            case ["quote", *quotes]:
                self.execute(c.MassQuote(b"", 0, account_id, 1, tuple(_quotes(quotes))))
            case ["protect", quantity, "delta", delta, "in", window, "s", "freeze", freeze, "s"]:
                limits = (int(Decimal(quantity) * 1000), int(Decimal(delta) * 1000))
                window_ns, freeze_ns = int(window) * SECOND_NS, int(freeze) * SECOND_NS
                self.execute(c.SetMarketMakerProtection(b"", 0, account_id, 1, window_ns, *limits, freeze_ns))
            case ["amend", name, *changes]:
                change = requests.OrderChange(**dict(zip(changes[::2], changes[1::2], strict=True)))
                given = {"scale": SCALE, "account_id": account_id, "command_id": b"", "valid_until_ns": 0}
                self.execute(parsing.amend_order(change, order_id=self.names[name], **given))
            case _:
                given = {"scale": SCALE, "account_id": account_id, "command_id": b"", "valid_until_ns": 0}
                words, more = self._more(words)
                self.execute(changed(parsing.place_order(self._order(words), **given), **more))

    def _more(self, words: list[str]) -> tuple[list[str], dict[str, Any]]:
        """(the words that are left, fields): what an order shows, its group, its take-profit and stop-loss by mark."""
        left, fields, attached = [], {}, []
        rest = iter(words)
        for word in rest:
            if word == "shows":
                fields["display_lots"] = int(Decimal(next(rest)) * 1000)
            elif word == "or":
                fields["group_id"] = self.names[next(rest)]
            elif word in ("profit", "loss"):
                kind = terms.TAKE_PROFIT if word == "profit" else terms.STOP
                attached.append(c.AttachedOrder(kind, 0, int(Decimal(next(rest)) * 10), terms.TRIGGER_BY_MARK))
            else:
                left.append(word)
        return left, {**fields, "attached": tuple(attached)}

    def _shown(self, side: str) -> str:
        """What the book shows of a side, best first."""
        book = self.engine.state.instruments[1].book
        levels = (book.bids if side == "bids" else book.asks).walk()
        shown = [
            (sum(one.open_lots - (one.special.hidden_lots if one.special else 0) for one in orders_of(level)), level)
            for level in levels
        ]
        return ", ".join(f"{Decimal(lots) / 1000:f} @ {abs(level.key) / 10:g}" for lots, level in shown)

    def _order(self, words: list[str]) -> requests.NewOrder:
        side, quantity, order_type, *rest = words
        fields: dict[str, Any] = {"symbol": "BTC-PERP", "side": side, "quantity": quantity, "type": order_type}
        if order_type == "limit" or order_type.endswith("_limit"):
            fields["price"] = rest.pop(0)
        while rest:
            word = rest.pop(0)
            if word in FLAGS:
                fields[word] = True
            elif word in TIMES:
                fields["time_in_force"] = word
            elif word == "for":
                seconds, _ = rest.pop(0), rest.pop(0)
                fields["expires_at"] = self.time_ns // 10**6 + int(seconds) * 1000
            else:
                fields[OPTIONS[word]] = rest.pop(0)
        return requests.NewOrder(**fields)

    def _fate(self, order_id: int) -> str:
        """Status, then what was filled at which average price."""
        order = next(
            (one.orders[order_id] for one in self.engine.state.accounts.values() if order_id in one.orders), None
        )
        fills = self.fills[order_id]
        lots = sum(one for one, _ in fills)
        if order is None:
            status = self.fates.get(order_id, "filled")
        elif is_untriggered(order):
            status = "untriggered"
        else:
            status = "partially_filled" if lots else "new"
        if not lots:
            return status
        average = Decimal(sum(one * ticks for one, ticks in fills)) / lots / 10
        return f"{status} {Decimal(lots) / 1000:f} @ {average:.2f}".removesuffix(".00")

    def _position(self, who: str) -> str:
        position = self.engine.state.accounts[self.accounts[who]].positions.get(1)
        return f"{Decimal(position.lots if position else 0) / 1000:f}"

    def _collateral(self, account_id: int) -> str:
        return f"{Decimal(self.engine.state.accounts[account_id].collateral_units or 0) / 10**6:f}"

    def _isolated_margin(self, account_id: int) -> str:
        units = self.engine.state.accounts[account_id].positions[1].isolated_units
        return "cross" if units is None else f"{Decimal(units) / 10**6:f}"

    def _story(self, account_id: int) -> str:
        return ", ".join(self.stories.pop(account_id, ()))

    def _trading(self, _: int) -> str:
        """Of the instrument, whoever asks."""
        code = self.engine.state.instruments[1].state
        return next(word for word, known in terms.INSTRUMENT_STATES.items() if known == code)
