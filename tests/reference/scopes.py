"""What a liquidation works on: an isolated position (its instrument's id), or all cross positions of an account (0)."""

from risk.core.waterfall import cross_bankruptcy_price_ticks, liquidation_limit_price_ticks
from tests.reference import money
from tests.reference.world import Account, Instrument, Position, World
from trading.engine.events import AnyEvent, LiquidationStarted

Held = tuple[Instrument, Position]


def held(world: World, account: Account, scope: int) -> list[Held]:
    """Its positions by instrument id, those with lots."""
    found = [(one, account.position(one.instrument_id)) for one in world.instruments if is_in(account, one, scope)]
    return [(instrument, position) for instrument, position in found if position.lots]


def is_in(account: Account, instrument: Instrument, scope: int) -> bool:
    return scope == scope_of(account, instrument)


def scope_of(account: Account, instrument: Instrument) -> int:
    return instrument.instrument_id if account.position(instrument.instrument_id).is_isolated else 0


def equity(world: World, account: Account, scope: int) -> int:
    """Settled money and P&L, without owed funding."""
    own_units = account.position(scope).isolated_units if scope else money.cross_collateral(account)
    return own_units + sum(money.unrealised(*one) for one in held(world, account, scope))


def maintenance(world: World, account: Account, scope: int) -> int:
    return sum(money.maintenance(instrument, position.lots) for instrument, position in held(world, account, scope))


def bankruptcy_price_ticks(
    world: World, account: Account, scope: int, instrument: Instrument, equity_units: int
) -> int:
    """Where the part of this equity that falls to the position in the instrument is used up: 1 to twice the mark."""
    position = account.position(instrument.instrument_id)
    price_ticks = cross_bankruptcy_price_ticks(
        lots=position.lots,
        mark_price_ticks=instrument.mark_price_ticks,
        value_units=instrument.terms.value_units,
        equity_units=equity_units,
        maintenance_units=money.maintenance(instrument, position.lots),
        all_maintenance_units=maintenance(world, account, scope),
    )
    return min(max(1, price_ticks), 2 * instrument.mark_price_ticks)


def limit_price_ticks(instrument: Instrument, *, lots: int, bankruptcy_price_ticks: int) -> int:
    """Of an order that closes lots of this sign in a liquidation; 0: there may be none."""
    limit_ticks = liquidation_limit_price_ticks(
        lots=lots,
        bankruptcy_price_ticks=bankruptcy_price_ticks,
        mark_price_ticks=instrument.mark_price_ticks,
        band_ppb=instrument.risk.liquidation_band_ppb,
    )
    return min(limit_ticks, instrument.parameters.maximum_price_ticks)


def are_ready(world: World, account: Account, scope: int) -> bool:
    return all(instrument.is_ready(world.time_ns) for instrument, _ in held(world, account, scope))


def is_liquidatable(world: World, account: Account, scope: int) -> bool:
    return (
        held(world, account, scope) != []
        and are_ready(world, account, scope)
        and world.liquidation(account.account_id, scope) is None
        and equity(world, account, scope) < maintenance(world, account, scope)
    )


def started(world: World, accounts: list[Account]) -> list[AnyEvent]:
    """The liquidations that are due among these accounts."""
    found = [
        (account.account_id, scope, account)
        for account in accounts
        for scope in {scope_of(account, one) for one in world.instruments}
        if is_liquidatable(world, account, scope)
    ]
    found.sort(key=lambda one: one[:2])
    return [
        LiquidationStarted(
            liquidation_id=world.identifier(world.last_number + number),
            account_id=account_id,
            instrument_id=scope,
            equity_units=equity(world, account, scope),
            maintenance_units=maintenance(world, account, scope),
        )
        for number, (account_id, scope, account) in enumerate(found, 1)
    ]
