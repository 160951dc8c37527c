"""A seeded stream of commands, mostly what traders do and often what they should not.

It looks at a `View` of the records so far to aim at orders, positions and prices that exist.
"""

import random
from collections.abc import Callable
from functools import partial

import msgspec

from tests.simulation import adversaries, operator_commands, related_commands, risk_commands, world
from tests.simulation.corruption import corrupted
from tests.simulation.view import SeenOrder, View
from trading.core import terms
from trading.engine import commands
from trading.engine.commands import ExternalCommand, PlaceOrder, PlaceSpecialOrder

MILLISECOND_NS = 10**6
SECOND_NS = 10**9
START_NS = 1_700_000_000 * SECOND_NS
PREVENTIONS = (terms.EXPIRE_MAKER, terms.EXPIRE_TAKER, terms.EXPIRE_BOTH)


class CommandStream:
    """`next()` gives the next command and its stamp; fold its records into `view` before asking again."""

    def __init__(self, *, seed: int, view: View) -> None:
        self.random = random.Random(seed)
        self.view = view
        self.clock_ns = START_NS
        self.script = world.opening()
        self.placed: list[PlaceOrder] = []
        self.sent: list[ExternalCommand] = []
        self.plan: list[Callable[[], ExternalCommand]] = []
        self.count = 0

    def next(self) -> tuple[ExternalCommand, int]:
        self.clock_ns += self._pause_ns()
        if self.script:
            return self.script.pop(0), self.clock_ns
        self.count += 1
        command = self._restoring() or self._planned() or self._choose()
        if isinstance(command, PlaceOrder):
            self.placed = [*self.placed[-40:], command]
        if self._chance(0.05):
            brackets = self.view.instruments[1].parameters.brackets
            command = corrupted(self.random, command, brackets)
        command = self._addressed(command)
        if isinstance(command, PlaceSpecialOrder) and self.count % 8:  # some ordinary ones stay that have no need to
            command = command.simplest()
        self.sent = [*self.sent[-20:], command]
        return command, self.clock_ns

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _pause_ns(self) -> int:
        draw = self.random.random()
        if draw < 0.2:
            return 0
        if draw < 0.99:
            return self.random.randrange(200 * MILLISECOND_NS)
        if draw < 0.998:
            return self.random.randrange(20 * SECOND_NS)
        if draw < 0.9997:
            return self.random.randrange(50 * SECOND_NS, 260 * SECOND_NS)
        return self.random.randrange(20, 28) * 3600 * SECOND_NS

    def _addressed(self, command: ExternalCommand) -> ExternalCommand:
        """With a command id, sometimes one that was sent before, and a time it is valid until."""
        command_id = self.random.randbytes(16) if self._chance(0.9) else b""
        if self.sent and self._chance(0.015):
            earlier = self.random.choice(self.sent)
            if self._chance(0.7):
                return earlier
            command_id = earlier.command_id
        valid_until_ns = command.valid_until_ns or (self.clock_ns + 5 * SECOND_NS if self._chance(0.9) else 0)
        if self._chance(0.01):
            valid_until_ns = self.clock_ns - self.random.randrange(3)
        return msgspec.structs.replace(command, command_id=command_id, valid_until_ns=valid_until_ns)

    def _restoring(self) -> ExternalCommand | None:
        """Brings instruments, accounts and marks that were led astray back, so that the market goes on."""
        for instrument_id in world.INSTRUMENTS:
            instrument = self.view.instruments.get(instrument_id)
            if instrument is None:
                return None
            restored = risk_commands.restoring(self, instrument)
            if restored:
                return restored
            if instrument.parameters.maximum_order_lots < 20 and self._chance(0.1):
                parameters = operator_commands.parameters(self, instrument_id)
                return commands.SetInstrumentParameters(b"", 0, instrument_id, parameters)
        for account_id in world.ACCOUNTS:
            account = self.view.accounts[account_id]
            if account.state != terms.ACCOUNT_NORMAL and self._chance(0.015):
                return commands.SetAccountState(b"", 0, account_id, terms.ACCOUNT_NORMAL)
            if account.collateral_units < 20_000 and self._chance(0.01):
                return commands.TransferCollateral(b"", 0, account_id, "USDT", 90_000, self.count)
            if account.maximum_open_orders and self._chance(0.01):
                return commands.SetAccountLimits(b"", 0, account_id, 0)
        return None

    def _planned(self) -> ExternalCommand | None:
        """The next command of an adversary, with what others do in between."""
        return self.plan.pop(0)() if self.plan and self._chance(0.8) else None

    def _choose(self) -> ExternalCommand:
        makers = {
            self.limit: 38,
            self.market: 7,
            self._fill_or_kill: 4,
            self._reduce_only: 14,
            self.stop: 10,
            self._trailing_stop: 5,
            self._again: 3,
            self._amend: 16,
            self._cancel: 11,
            self._cancel_all: 3,
            partial(risk_commands.mark, self): 14,
            partial(risk_commands.crash, self): 0.5,
            partial(risk_commands.funding, self): 2.5,
            partial(risk_commands.margin_mode, self): 4,
            partial(risk_commands.isolated_margin, self): 4,
            partial(risk_commands.exchange_state, self): 0.4,
            partial(risk_commands.sweep, self): 2,
            partial(risk_commands.fund_transfer, self): 0.7,
            partial(risk_commands.for_the_fund, self): 0.4,
            partial(risk_commands.gamble, self): 5,
            partial(adversaries.squeeze, self): 0.5,
            partial(adversaries.liquidate_oneself, self): 0.8,
            partial(adversaries.manipulate_feed, self): 0.4,
            partial(adversaries.stand_far_away, self): 0.6,
            partial(adversaries.fall_elsewhere, self): 0.9,
            partial(adversaries.lose_in_a_halt, self): 0.9,
            self._transfer: 2.5,
            self._leverage: 2,
            partial(operator_commands.configure, self): 3.5,
            self._advance: 1,
            self._cancel_after: 1.5,
            partial(related_commands.iceberg, self): 6,
            partial(related_commands.bracketed, self): 6,
            partial(related_commands.grouped, self): 6,
            partial(related_commands.mass_quote, self): 8,
            partial(related_commands.protection, self): 3,
        }
        return self.random.choices(list(makers), weights=list(makers.values()))[0]()

    def account(self) -> int:
        """Any account, rather one that is restricted now."""
        restricted = [one for one in world.ACCOUNTS if self.view.accounts[one].state != terms.ACCOUNT_NORMAL]
        return self.random.choice(restricted if restricted and self._chance(0.15) else world.ACCOUNTS)

    def instrument(self) -> int:
        return self.random.choice((1, 1, 2))

    def _mark_of(self, instrument_id: int) -> int:
        return self.view.instruments[instrument_id].mark_price_ticks

    def quantity(self, instrument_id: int) -> int:
        if self._chance(0.08):
            return self.random.randint(1, 70)
        return self.random.randint(2, 16) if instrument_id == 1 else self.random.randint(1, 6)

    def _near_mark(self, instrument_id: int, offset: int) -> int:
        if self._chance(0.02):
            offset *= 20
        return max(1, self._mark_of(instrument_id) + offset)

    def _order(self, **fields: object) -> PlaceOrder:
        instrument_id = fields.get("instrument_id") or self.instrument()
        given = {
            "account_id": self.account(),
            "instrument_id": instrument_id,
            "client_order_id": self._client_order_id(),
            "side": self.random.choice((terms.BUY, terms.SELL)),
            "order_type": terms.LIMIT,
            "quantity_lots": self.quantity(instrument_id),
            "price_ticks": 0,
            "time_in_force": terms.GTC,
            "self_trade_prevention": self.random.choice(PREVENTIONS),
        }
        given |= fields
        if given["time_in_force"] == terms.GTD:
            given["expires_at_ns"] = self.clock_ns + self.random.choice((1, 300 * MILLISECOND_NS, 4 * SECOND_NS))
        return PlaceSpecialOrder(b"", 0, **given)

    def _resting_time(self) -> int:
        return terms.GTD if self._chance(0.12) else terms.GTC

    def _client_order_id(self) -> str:
        if self._chance(0.5):
            return ""
        return f"c{self.count if self._chance(0.95) else self.random.randrange(1, 40)}"

    def limit(self) -> PlaceOrder:
        instrument_id, side = self.instrument(), self.random.choice((terms.BUY, terms.SELL))
        offset = self.random.randint(-3, 12)
        time_in_force = terms.IOC if self._chance(0.15) else self._resting_time()
        return self._order(
            instrument_id=instrument_id,
            side=side,
            price_ticks=self._near_mark(instrument_id, -side * offset),
            time_in_force=time_in_force,
            post_only=time_in_force != terms.IOC and self._chance(0.2),
        )

    def market(self) -> PlaceOrder:
        time_in_force = self.random.choice((terms.IOC, terms.IOC, terms.FOK))
        made = self._order(order_type=terms.MARKET, time_in_force=time_in_force)
        held = self._held()
        if not held or self._chance(0.6):
            return made
        account_id, instrument_id, lots = self.random.choice(held)
        side = terms.SELL if lots > 0 else terms.BUY
        return msgspec.structs.replace(made, account_id=account_id, instrument_id=instrument_id, side=side)

    def _held(self) -> list[tuple[int, int, int]]:
        """(account, instrument, lots) of every position."""
        return [
            (account_id, instrument_id, position.lots)
            for account_id, account in self.view.accounts.items()
            for instrument_id, position in account.positions.items()
            if position.lots and account_id > 0
        ]

    def _fill_or_kill(self) -> PlaceOrder:
        instrument_id, side = self.instrument(), self.random.choice((terms.BUY, terms.SELL))
        price_ticks = self._near_mark(instrument_id, side * self.random.randint(-2, 8))
        return self._order(instrument_id=instrument_id, side=side, price_ticks=price_ticks, time_in_force=terms.FOK)

    def _reduce_only(self) -> PlaceOrder:
        """Mostly by who has a position, with about its size; plain limits, takers and stops."""
        held = self._held()
        if not held or self._chance(0.1):
            made = self.random.choice((self.limit, self.market, self.stop))()
            return msgspec.structs.replace(made, reduce_only=True)
        account_id, instrument_id, lots = self.random.choice(held)
        made = self.random.choice((self.limit, self.limit, self.market, self.stop, self._fill_or_kill))()
        side = terms.SELL if lots > 0 else terms.BUY
        price_ticks = self._near_mark(instrument_id, side * self.random.randint(-2, 9)) if made.price_ticks else 0
        trigger = self._near_mark(instrument_id, side * self.random.randint(0, 6)) if made.trigger_by else 0
        return msgspec.structs.replace(
            made,
            account_id=account_id,
            instrument_id=instrument_id,
            side=side,
            quantity_lots=max(1, abs(lots) + self.random.randint(-6, 3)),
            price_ticks=price_ticks,
            trigger_price_ticks=trigger,
            reduce_only=True,
        )

    def stop(self) -> PlaceOrder:
        """A stop or a take-profit, market or limit; its trigger on the side where it waits, mostly."""
        instrument_id, side = self.instrument(), self.random.choice((terms.BUY, terms.SELL))
        takes_profit = self._chance(0.35)
        away = self.random.randint(-1, 7) * (-side if takes_profit else side)
        trigger_price_ticks = self._near_mark(instrument_id, away)
        by = self.random.choice(related_commands.TRIGGERS)
        fields = {"instrument_id": instrument_id, "side": side, "trigger_by": by}
        if self._chance(0.5):
            return self._order(
                order_type=terms.TAKE_PROFIT if takes_profit else terms.STOP,
                time_in_force=self.random.choice((terms.IOC, terms.IOC, terms.FOK)),
                trigger_price_ticks=trigger_price_ticks,
                **fields,
            )
        return self._order(
            order_type=terms.TAKE_PROFIT_LIMIT if takes_profit else terms.STOP_LIMIT,
            time_in_force=self.random.choice((self._resting_time(), self._resting_time(), terms.IOC, terms.FOK)),
            trigger_price_ticks=trigger_price_ticks,
            price_ticks=max(1, trigger_price_ticks + side * self.random.randint(-3, 5)),
            **fields,
        )

    def _trailing_stop(self) -> PlaceOrder:
        instrument_id, side = self.instrument(), self.random.choice((terms.BUY, terms.SELL))
        by_rate = self._chance(0.4)
        activation = self._near_mark(instrument_id, -side * self.random.randint(-2, 5)) if self._chance(0.4) else 0
        return self._order(
            instrument_id=instrument_id,
            side=side,
            order_type=terms.TRAILING_STOP,
            time_in_force=self.random.choice((terms.IOC, terms.FOK)),
            trigger_by=self.random.choice(related_commands.TRIGGERS),
            reduce_only=self._chance(0.2),
            trailing_distance_ticks=0 if by_rate else self.random.randint(1, 8),
            trailing_rate_ppb=self.random.choice((1, 1_000_003, 20_000_000)) if by_rate else 0,
            activation_price_ticks=activation,
        )

    def _again(self) -> ExternalCommand:
        """An earlier order's client id: with the same content, or with another."""
        named = [one for one in self.placed if one.client_order_id]
        if not named:
            return self.limit()
        earlier = self.random.choice(named)
        if self._chance(0.4):
            return msgspec.structs.replace(earlier, quantity_lots=earlier.quantity_lots + 1)
        return earlier

    def _open_order(self) -> SeenOrder | None:
        return self.random.choice(list(self.view.orders.values())) if self.view.orders else None

    def _amend(self) -> ExternalCommand:
        order = self._open_order()
        if order is None:
            return self.limit()
        instrument_id, mark = order.placed.instrument_id, self._mark_of(order.placed.instrument_id)
        limited = order.placed.order_type not in terms.MARKET_TYPES
        quantity_lots = self.random.choice(
            (
                0,
                max(1, order.quantity_lots - self.random.randint(0, 5)),
                order.quantity_lots + self.random.randint(0, 9),
                order.filled_lots + order.cancelled_lots,
                self.quantity(instrument_id),
            )
        )
        price_ticks = 0
        if self._chance(0.6 if limited else 0.1):
            near = order.price_ticks + self.random.randint(-3, 3) if limited else mark
            price_ticks = max(1, self.random.choice((near, near, mark - order.side * self.random.randint(-4, 9))))
        return commands.AmendOrder(
            b"",
            0,
            account_id=order.placed.account_id if self._chance(0.98) else self.account(),
            order_id=order.placed.order_id,
            quantity_lots=quantity_lots,
            price_ticks=price_ticks,
            expected_sequence=self.random.choice((0, 0, order.sequence, order.sequence, order.sequence - 1)),
        )

    def _cancel(self) -> ExternalCommand:
        order = self._open_order()
        if order is None:
            return self.limit()
        account_id = order.placed.account_id if self._chance(0.97) else self.account()
        if order.placed.client_order_id and self._chance(0.6):
            return commands.CancelOrder(b"", 0, account_id, 0, order.placed.client_order_id)
        if self.placed and self._chance(0.12):
            earlier = self.random.choice(self.placed)
            return commands.CancelOrder(b"", 0, earlier.account_id, 0, earlier.client_order_id)
        return commands.CancelOrder(b"", 0, account_id, order.placed.order_id)

    def _cancel_all(self) -> ExternalCommand:
        halted = [one.instrument_id for one in self.view.instruments.values() if one.state == terms.INSTRUMENT_HALTED]
        aimed = halted if halted and self._chance(0.9) else (0, 1, 2)
        return commands.CancelAllOrders(b"", 0, self.account(), self.random.choice(aimed))

    def _transfer(self) -> ExternalCommand:
        account_id = self.account()
        if self._chance(0.03):
            return commands.TransferCollateral(b"", 0, 99, "USDT", 1, self.count)
        collateral = self.view.accounts[account_id].collateral_units
        if account_id == world.RICH_ACCOUNT or self._chance(0.5):
            amount = self.random.choice((1, 5_000, 20_000, 20_000, 170_000))
        else:
            amount = -self.random.choice((1, 3_000, 10_000, max(1, collateral // 2), max(1, collateral)))
        return commands.TransferCollateral(b"", 0, account_id, "USDT", amount, self.count)

    def _leverage(self) -> ExternalCommand:
        leverage = self.random.choice((0, 1, 2, 5, 10, 20, 25, 40, 50, 70, 100, 101, 1001))
        return commands.SetLeverage(b"", 0, self.account(), self.random.choice((1, 1, 1, 2, 2, 9)), leverage)

    def _advance(self) -> ExternalCommand:
        self.clock_ns += self.random.randrange(3 * SECOND_NS)
        return commands.AdvanceTime(b"", 0)

    def _cancel_after(self) -> ExternalCommand:
        timeout_ns = self.random.choice((0, 0, 1, SECOND_NS, 3 * SECOND_NS, 10 * SECOND_NS, -1, 25 * 3600 * SECOND_NS))
        return commands.CancelAfter(b"", 0, self.account() if self._chance(0.9) else 99, timeout_ns)
