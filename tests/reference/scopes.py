"""What a liquidation works on: an isolated position (its instrument's id), or all cross positions of an account (0)."""

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
