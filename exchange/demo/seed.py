"""Builds the demo world. Every step may be repeated: what is there already stays as it is."""

from exchange.demo import credentials, faucet
from exchange.demo.credentials import Credentials
from exchange.demo.world import ACCOUNT_NAME, FUNDING_INTERVAL, INSURANCE_FUND, RESIDENTS, Resident
from exchange.identity.models import Account, User
from exchange.identity.services import create_account
from trading.models import Instrument
from trading.services import accounts, collateral, listings
from trading.services.first_listing import FIRST_LISTING

ASSET = "USDT"
UNITS = 10**6


def seed(known: dict[str, Credentials]) -> list[Credentials]:
    """Lists the instruments, fills the insurance fund and settles the residents; the visitors' credentials, the `known`
    ones if they work.

    Raises what the services raise: engine_unavailable, engine_busy and outcome_unknown pass, then call it again.
    """
    for terms, parameters in FIRST_LISTING:
        if not Instrument.objects.filter(symbol=terms.symbol).exists():
            risk = parameters.risk._replace(funding_interval=FUNDING_INTERVAL)
            listings.list_instrument(terms=terms, parameters=parameters._replace(risk=risk))
    collateral.transfer_to_fund(asset=ASSET, amount_units=INSURANCE_FUND * UNITS, idempotency_key="first-money")
    settled = [(resident, settle(resident)) for resident in RESIDENTS]
    return [
        credentials.ensure(resident=resident, account=account, known=known.get(resident.name))
        for resident, account in settled
        if resident.sign_in
    ]


def settle(resident: Resident) -> Account:
    """The resident's account, known to the engine and with its first money."""
    account = _account(resident)
    accounts.open_account(account_id=account.id, user_id=account.owner_id)
    accounts.set_account_limits(account_id=account.id, maximum_open_orders=resident.maximum_open_orders)
    margin_units, savings_units = resident.margin * UNITS, resident.savings * UNITS
    faucet.give(
        account_id=account.id, asset=ASSET, amount_units=margin_units + savings_units, idempotency_key="first money"
    )
    collateral.transfer(account_id=account.id, asset=ASSET, amount_units=margin_units, idempotency_key="first-margin")
    return account


def _account(resident: Resident) -> Account:
    owner = User.objects.filter(email=resident.email).first() or User.objects.create_user(resident.email)
    owner.take_email_as_verified()
    account = Account.objects.filter(owner=owner, name=ACCOUNT_NAME).first()
    return account or create_account(owner=owner, name=ACCOUNT_NAME)
