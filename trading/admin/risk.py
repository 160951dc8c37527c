"""The state of the whole exchange, liquidations, and money for the insurance fund."""

import secrets
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import format_html_join

from compliance.admin.steering import Command, CommandForm, SteeredAdmin
from compliance.admin_site import ReadOnlyAdmin
from compliance.rights import OPERATE
from compliance.services.audit import Mandate
from exchange.contract.numbers import format_scaled, parse_scaled
from trading.core.listing import SETTLEMENT_STEPS
from trading.core.terms import INSTRUMENT_STATES, LIQUIDATION_STEPS
from trading.models import Assignment, ExchangeState, Liquidation, LiquidationStep
from trading.selectors.exchange import exchange_standing
from trading.selectors.instruments import exchange_state
from trading.selectors.sequences import wait_for_sequence
from trading.services import collateral
from trading.services.exchange_state import STATE_WORDS, set_exchange_state

ASSET = "USDT"
STEP_WORDS = {code: word for word, code in LIQUIDATION_STEPS.items()}


class StateForm(CommandForm):
    state = forms.ChoiceField(choices=[(state, state) for state in INSTRUMENT_STATES])

    def initial_of(self, row: None) -> dict[str, Any]:
        return {"state": STATE_WORDS[exchange_state()]}


class FundForm(CommandForm):
    """The key makes a form that is sent twice move the money once."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    amount = forms.CharField(max_length=40, help_text=f"{ASSET}; below zero: out of the fund, back to the exchange.")

    def initial_of(self, row: None) -> dict[str, Any]:
        return {"key": secrets.token_hex(8)}


def set_state(mandate: Mandate, row: None, fields: dict[str, Any]) -> str:
    sequence = set_exchange_state(state=fields["state"], mandate=mandate)
    wait_for_sequence(name="instruments", sequence=sequence)
    return f"The exchange is now: {fields['state']}."


def fund(mandate: Mandate, row: None, fields: dict[str, Any]) -> str:
    step = SETTLEMENT_STEPS[ASSET]
    units = parse_scaled(fields["amount"], step=step, field="amount", signed=True)
    moved = collateral.transfer_to_fund(
        asset=ASSET, amount_units=units, idempotency_key=f"operator-{fields['key']}", mandate=mandate
    )
    wait_for_sequence(name="ledger", sequence=moved.sequence)
    return f"The insurance fund got {format_scaled(units, step)} {ASSET}."


@admin.register(ExchangeState)
class ExchangeStateAdmin(SteeredAdmin):
    list_display = ("state_word", "held_by", "reason", "sequence")
    fields = ("state_word", "held_by", "reason", "sequence")
    general_commands = (
        Command(
            "state",
            "Change the state of the exchange",
            OPERATE,
            set_state,
            StateForm,
            warning="No instrument is in a milder state than the exchange. Out of halted the way is by cancel_only.",
        ),
    )

    def target_of(self, row: ExchangeState) -> str:
        return "exchange"

    @admin.display(description="state", ordering="state")
    def state_word(self, row: ExchangeState) -> str:
        return STATE_WORDS[row.state]

    def held_by(self, row: ExchangeState) -> str:
        return exchange_standing().held_by

    def reason(self, row: ExchangeState) -> str:
        return exchange_standing().reason


@admin.register(Liquidation)
class LiquidationAdmin(SteeredAdmin):
    list_display = ("liquidation_id", "account_id", "instrument_id", "step_count", "fee_units", "ended_at_ns")
    search_fields = ("=liquidation_id", "=account_id")
    fields = (
        "liquidation_id", "account_id", "instrument_id", "started_at_ns", "equity_units", "maintenance_units",
        "ended_at_ns", "ended_equity_units", "ended_maintenance_units", "step_count", "fee_units", "assignments",
    )  # fmt: skip
    general_commands = (
        Command(
            "fund",
            "Move money to the insurance fund",
            OPERATE,
            fund,
            FundForm,
            warning="The exchange's own money becomes the fund's, which stands in for bankrupt positions.",
        ),
    )

    def target_of(self, row: Liquidation) -> str:
        return f"liquidation {row.liquidation_id}"

    @admin.display(description="what passed to whom")
    def assignments(self, row: Liquidation) -> str:
        passed = Assignment.objects.filter(liquidation_id=row.liquidation_id).order_by("sequence", "number")[:100]
        lines = ((f"{each}, to account {each.counterparty_id}, place {each.place}",) for each in passed)
        return format_html_join("", "<p>{}</p>", lines)


@admin.register(LiquidationStep)
class LiquidationStepAdmin(ReadOnlyAdmin):
    list_display = ("sequence", "liquidation_id", "instrument_id", "step_word", "lots", "filled_lots", "fee_units")
    search_fields = ("=liquidation_id", "=sequence")

    @admin.display(description="step", ordering="step")
    def step_word(self, row: LiquidationStep) -> str:
        return STEP_WORDS[row.step]
