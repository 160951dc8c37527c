"""What becomes of attached orders and groups when another order is filled, triggered or gone."""

from dataclasses import replace

from tests.reference.cancels import wholly_cancelled
from tests.reference.matching import Execution
from tests.reference.orders import amended, trigger
from tests.reference.world import Order, World
from trading.core import terms
from trading.engine import commands, events
from trading.engine.events import AnyEvent


def size_attached(world: World, command: commands.SizeAttached) -> list[AnyEvent]:
    waiting = world.attached_of(command.parent_order_id)
    lots = command.filled_lots
    if lots == 0:
        return [wholly_cancelled(one, terms.CANCEL_PARENT) for one in waiting]
    return [sized(one, lots) for one in waiting if one.is_asleep or one.quantity_lots != lots]


def sized(order: Order, lots: int) -> AnyEvent:
    done = Execution(lots, 0, 0, [])
    changed = replace(order, quantity_lots=lots)
    return amended(order, changed, done, requeued=False, hidden_lots=0, wakes=order.is_asleep)


def cancel_group(world: World, command: commands.CancelGroup) -> list[AnyEvent]:
    others = [
        one
        for one in world.orders
        if one.account_id == command.account_id
        and one.order_id != command.order_id
        and command.group_id in (one.order_id, one.group_id)
    ]
    others.sort(key=lambda one: one.order_id)
    if not command.is_filled:
        chosen = world.order(command.order_id)
        if not may_trigger(world, chosen):
            return []
        (fate, *_) = trigger(world, commands.TriggerOrder(b"", 0, chosen.order_id))
        if isinstance(fate, events.OrderRejected) and all(one.untriggered for one in others):
            return []
    return [wholly_cancelled(one, terms.CANCEL_GROUP) for one in others]


def may_trigger(world: World, order: Order | None) -> bool:
    if order is None or not order.untriggered:
        return False
    return world.instrument(order.instrument_id).state == terms.INSTRUMENT_NORMAL
