"""Order entry, whatever brings the orders: requests become commands, outcomes become answers.

What neither a request nor an outcome tells is asked of `Knowledge`: of the read models, or of memory alone where
nobody may wait.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from exchange.contract.digests import item_command_id
from exchange.contract.errors import ApiError
from trading.api import answers, listed, outcomes, parsing, presenting, quote_answers, requests
from trading.api.scales import Scale
from trading.engine.commands import (
    AmendOrder,
    CancelAfter,
    CancelAllOrders,
    CancelOrder,
    MassQuote,
    PlaceOrder,
    SetMarketMakerProtection,
)
from trading.engine.events import (
    CancelAfterSet,
    MarketMakerProtectionSet,
    OrderAmended,
    OrderCancelled,
    OrderPlaced,
    OrderRepeated,
)
from trading.engine.replies import Outcome
from trading.services import gateway

_NOT_TO_BE_AMENDED: Final = (
    "A quote is changed by POST /api/v1/quotes, and the quantity of an attached order by its parent's fills alone."
)
_NOT_TO_BE_GROUPED: Final = (
    "group_id must name an order without fills that is neither a quote nor attached, has no attached orders, and is the"
    " first of its group; expires_at, if given, must be to come."
)
OrderCommand = PlaceOrder | AmendOrder | CancelOrder
Result = answers.OrderResult | ApiError


class Knowledge(Protocol):
    def scale_by_symbol(self, symbol: str) -> Scale: ...
    def scale_by_id(self, instrument_id: int) -> Scale: ...
    def instrument_id_of(self, *, account_id: int, order_id: int) -> int: ...
    def repeated_order(self, order_id: int, *, account_id: int, sequence: int) -> answers.OrderResult: ...
    def why_not_open(
        self, error: ApiError, *, account_id: int, order_id: int = 0, client_order_id: str = ""
    ) -> ApiError: ...
    def kept_quote_ids(
        self, levels: Sequence[tuple[int, int]], *, account_id: int, instrument_id: int, sequence: int
    ) -> dict[tuple[int, int], int]: ...


class ReadModels:
    """Knows everything, and may wait for the database."""

    scale_by_symbol = staticmethod(listed.scale_by_symbol)
    scale_by_id = staticmethod(listed.scale_by_id)
    instrument_id_of = staticmethod(outcomes.instrument_id_of)
    repeated_order = staticmethod(outcomes.repeated_order)
    why_not_open = staticmethod(outcomes.why_not_open)
    kept_quote_ids = staticmethod(outcomes.kept_quote_ids)


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Acts for one account. `charge_miss` is called for each cancel that found nothing to cancel."""

    account_id: int
    knowledge: Knowledge
    charge_miss: Callable[[], None]

    def place(self, order: requests.NewOrder, *, command_id: bytes) -> PlaceOrder:
        """Refuses with instrument_not_found, and as parsing.place_order."""
        scale = self.knowledge.scale_by_symbol(order.symbol)
        return parsing.place_order(order, scale=scale, **self._stamp(command_id))

    def amend(self, change: requests.OrderChange, *, order_id: int, command_id: bytes) -> AmendOrder:
        """Refuses with order_not_found, and as parsing.amend_order."""
        instrument_id = self.knowledge.instrument_id_of(account_id=self.account_id, order_id=order_id)
        scale = self.knowledge.scale_by_id(instrument_id)
        return parsing.amend_order(change, order_id=order_id, scale=scale, **self._stamp(command_id))

    def cancel(self, item: requests.CancelFields, *, command_id: bytes) -> CancelOrder:
        return parsing.cancel_order(item, **self._stamp(command_id))

    def cancel_all(self, query: requests.CancelAllQuery, *, command_id: bytes) -> CancelAllOrders:
        instrument_id = self.knowledge.scale_by_symbol(query.symbol).instrument_id if query.symbol else 0
        return CancelAllOrders(**self._stamp(command_id), instrument_id=instrument_id)

    def cancel_after(self, body: requests.CancelAfter, *, command_id: bytes) -> CancelAfter:
        return CancelAfter(**self._stamp(command_id), timeout_ns=body.timeout * parsing.NS_PER_MS)

    def mass_quote(self, body: requests.MassQuote, *, command_id: bytes) -> MassQuote:
        """Refuses with instrument_not_found, and as parsing.mass_quote."""
        scale = self.knowledge.scale_by_symbol(body.symbol)
        return parsing.mass_quote(body, scale=scale, **self._stamp(command_id))

    def protect(self, body: requests.MarketMakerProtection, *, command_id: bytes) -> SetMarketMakerProtection:
        """Refuses with instrument_not_found, and as parsing.market_maker_protection."""
        scale = self.knowledge.scale_by_symbol(body.symbol)
        return parsing.market_maker_protection(body, scale=scale, **self._stamp(command_id))

    def batch(self, body: requests.Batch, *, command_id: bytes) -> list[OrderCommand | ApiError]:
        """A command or refusal for each operation."""
        return [self._item(item, item_command_id(command_id, index)) for index, item in enumerate(body.operations)]

    def result(self, command: OrderCommand, outcome: Outcome | ApiError) -> answers.OrderResult:
        """The order after the command. Raises its refusal."""
        if isinstance(outcome, ApiError):
            raise self._refusal(command, outcome)
        for event in outcome.events:
            if isinstance(event, OrderRepeated):
                return self.knowledge.repeated_order(
                    event.order_id, account_id=self.account_id, sequence=outcome.sequence
                )
        assert outcome.order is not None, "a command on one order is answered with it"
        return outcomes.shown_order(
            outcome, outcome.order, scale=self.knowledge.scale_by_id(outcome.order.instrument_id)
        )

    def cancelled(self, outcome: Outcome | ApiError) -> answers.CancelledOrders:
        """What a cancel of all cancelled. Raises its refusal."""
        if isinstance(outcome, ApiError):
            raise outcome
        order_ids = [event.order_id for event in outcome.events if isinstance(event, OrderCancelled)]
        if not order_ids:
            self.charge_miss()
        return answers.CancelledOrders(cancelled=order_ids, sequence=outcome.sequence)

    def switched(self, outcome: Outcome | ApiError) -> answers.CancelAfterState:
        """The dead man's switch after the command. Raises its refusal."""
        if isinstance(outcome, ApiError):
            raise outcome
        (switch,) = outcome.events
        assert isinstance(switch, CancelAfterSet)
        cancel_at = presenting.milliseconds(switch.deadline_ns) if switch.deadline_ns else None
        return answers.CancelAfterState(cancel_at=cancel_at, sequence=outcome.sequence)

    def quoted(self, command: MassQuote, outcome: Outcome | ApiError) -> quote_answers.Quotes:
        """The quotes after the command. Raises its refusal."""
        if isinstance(outcome, ApiError):
            raise outcome
        cancelled = [event.order_id for event in outcome.events if isinstance(event, OrderCancelled)]
        if not command.quotes and not cancelled:
            self.charge_miss()
        return presenting.quotes(
            command,
            self._quote_ids(command, outcome),
            cancelled=cancelled,
            sequence=outcome.sequence,
            scale=self.knowledge.scale_by_id(command.instrument_id),
        )

    def _quote_ids(self, command: MassQuote, outcome: Outcome) -> dict[tuple[int, int], int]:
        """By (side, price_ticks). The outcome does not tell of those that were kept as they are."""
        ids = {
            (event.side, event.price_ticks): event.order_id
            for event in outcome.events
            if isinstance(event, OrderPlaced | OrderAmended)
        }
        kept = [level for quote in command.quotes if (level := (quote.side, quote.price_ticks)) not in ids]
        if not kept:
            return ids
        return ids | self.knowledge.kept_quote_ids(
            kept, account_id=self.account_id, instrument_id=command.instrument_id, sequence=outcome.sequence
        )

    def protected(self, outcome: Outcome | ApiError) -> quote_answers.MarketMakerProtectionState:
        """The market-maker protection after the command. Raises its refusal."""
        if isinstance(outcome, ApiError):
            raise outcome
        (protection,) = outcome.events
        assert isinstance(protection, MarketMakerProtectionSet)
        scale = self.knowledge.scale_by_id(protection.instrument_id)
        return presenting.market_maker_protection(protection, sequence=outcome.sequence, scale=scale)

    def batch_result(
        self, commands: Sequence[OrderCommand | ApiError], sent: Iterator[Outcome | ApiError]
    ) -> answers.BatchResult:
        """`sent` are the outcomes of those that are commands."""
        results = [
            command if isinstance(command, ApiError) else self._result_or_error(command, next(sent))
            for command in commands
        ]
        return answers.BatchResult(results=[_answer_item(result) for result in results])

    def _stamp(self, command_id: bytes) -> dict[str, Any]:
        return {
            "account_id": self.account_id,
            "command_id": command_id,
            "valid_until_ns": gateway.deadline_ns(),
        }

    def _item(self, item: requests.BatchItem, command_id: bytes) -> OrderCommand | ApiError:
        try:
            match item:
                case requests.PlaceItem():
                    return self.place(item, command_id=command_id)
                case requests.AmendItem():
                    return self.amend(item, order_id=item.id, command_id=command_id)
                case _:
                    return self.cancel(item, command_id=command_id)
        except ApiError as error:
            return error

    def _result_or_error(self, command: OrderCommand, outcome: Outcome | ApiError) -> Result:
        try:
            return self.result(command, outcome)
        except ApiError as error:
            return error

    def _refusal(self, command: OrderCommand, error: ApiError) -> ApiError:
        if isinstance(command, PlaceOrder):
            return _placing_refusal(command, error)
        if isinstance(command, AmendOrder) and error.code == "invalid_parameter":
            return ApiError(error.code, _NOT_TO_BE_AMENDED, {"field": "quantity"})
        if error.code not in ("order_not_found", "order_already_closed"):
            return error
        if isinstance(command, AmendOrder):
            return self.knowledge.why_not_open(error, account_id=self.account_id, order_id=command.order_id)
        why = self.knowledge.why_not_open(
            error,
            account_id=self.account_id,
            order_id=command.order_id,
            client_order_id=command.client_order_id,
        )
        self.charge_miss()
        return why


def _placing_refusal(command: PlaceOrder, error: ApiError) -> ApiError:
    """The engine's refusal, saying what was found wrong that the parser cannot see."""
    if error.code == "order_not_found":
        message = "The account has no open order of this id in this instrument."
        return ApiError(error.code, message, {"field": "group_id"})
    if error.code == "invalid_parameter" and command.group_id:
        return ApiError(error.code, _NOT_TO_BE_GROUPED, {"field": "group_id"})
    return error


def mass_quote_cost(body: requests.MassQuote) -> int:
    """A credit for every eight quotes begun; taking all away costs nothing, as a cancel."""
    return -(-len(body.quotes) // 8)


def batch_cost(body: requests.Batch) -> int:
    """A place or amend costs as much as alone, a cancel nothing."""
    return sum(not isinstance(item, requests.CancelItem) for item in body.operations)


def _answer_item(result: Result) -> answers.ItemResult:
    if isinstance(result, ApiError):
        return answers.ItemResult(error=presenting.error_body(result))
    return answers.ItemResult(result=result)
