"""Accounts as the engine knows them: state and limits."""

from typing import Any

from django import forms
from django.contrib import admin

from compliance.admin.steering import Command, CommandForm, SteeredAdmin
from compliance.rights import OPERATE, RESTRICT
from compliance.services.audit import Mandate
from trading.core.terms import ACCOUNT_STATES
from trading.models import EngineAccount
from trading.selectors.sequences import wait_for_sequence
from trading.services import accounts


class StateForm(CommandForm):
    state = forms.ChoiceField(choices=[(state, state) for state in ACCOUNT_STATES])

    def initial_of(self, row: EngineAccount) -> dict[str, Any]:
        return {"state": accounts.STATE_WORDS[row.state]}


class LimitsForm(CommandForm):
    maximum_open_orders = forms.IntegerField(
        min_value=0, max_value=1_000_000, help_text="Per instrument; 0: the instrument's own limit."
    )

    def initial_of(self, row: EngineAccount) -> dict[str, Any]:
        return {"maximum_open_orders": row.maximum_open_orders}


def set_state(mandate: Mandate, row: EngineAccount, fields: dict[str, Any]) -> str:
    sequence = accounts.set_account_state(account_id=row.account_id, state=fields["state"], mandate=mandate)
    wait_for_sequence(name="accounts", sequence=sequence)
    return f"Account {row.account_id} is now: {fields['state']}."


def set_limits(mandate: Mandate, row: EngineAccount, fields: dict[str, Any]) -> str:
    maximum_open_orders = fields["maximum_open_orders"]
    sequence = accounts.set_account_limits(
        account_id=row.account_id, maximum_open_orders=maximum_open_orders, mandate=mandate
    )
    wait_for_sequence(name="accounts", sequence=sequence)
    return f"Account {row.account_id} may now have {maximum_open_orders or 'the usual number of'} open orders."


@admin.register(EngineAccount)
class EngineAccountAdmin(SteeredAdmin):
    list_display = ("account_id", "user_id", "state_word", "maximum_open_orders", "sequence")
    list_filter = ("state",)
    search_fields = ("=account_id", "=user_id")
    fields = ("account_id", "user_id", "state_word", "maximum_open_orders", "opened_at_ns", "sequence")
    commands = (
        Command("state", "Change state", RESTRICT, set_state, StateForm),
        Command("limits", "Change limits", OPERATE, set_limits, LimitsForm),
    )

    def target_of(self, row: EngineAccount) -> str:
        return f"account {row.account_id}"

    @admin.display(description="state", ordering="state")
    def state_word(self, row: EngineAccount) -> str:
        return accounts.STATE_WORDS[row.state]
