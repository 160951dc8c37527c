"""Instruments: state, versions of parameters, and the halt of all of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Model
from django.utils.html import format_html_join

from compliance.admin.steering import Command, CommandForm, SteeredAdmin
from compliance.rights import OPERATE
from compliance.services.audit import Mandate
from exchange.contract.errors import ApiError
from trading.core.listing import BracketText, ParametersText
from trading.core.risk_text import MARK_METHODS, RiskText
from trading.core.terms import INSTRUMENT_STATES
from trading.models import Instrument, ParametersVersion
from trading.selectors.parameters import latest_parameters
from trading.selectors.sequences import wait_for_sequence
from trading.services import listings

DECIMALS = [name for name, kind in ParametersText.__annotations__.items() if kind is str]
COUNTS = [name for name, kind in ParametersText.__annotations__.items() if kind is int]
RISK_HELP = {
    "mark_staleness": 'A mark that is older liquidates nobody. Times are written "15s", "5min", "8h"; 0s: never.',
    "funding_interval": "Rates and interest below are of eight hours, the cap of one interval.",
    "volatility_move": "A mark that moves by more within the window halts the instrument; 0: never.",
    "maximum_band": "The price band widens with the range of the window up to this; 0: it does not.",
    "liquidation_share": "What part of a position one round of a liquidation closes; 0: one bracket.",
    "fund_limit": "What the insurance fund holds of it at most.",
}


class StateForm(CommandForm):
    state = forms.ChoiceField(choices=[(state, state) for state in INSTRUMENT_STATES])

    def initial_of(self, row: Instrument) -> dict[str, Any]:
        return {"state": listings.STATE_WORDS[row.state]}


class ParametersForm(CommandForm):
    """The latest version, to be changed into the next. Two people who change the same version: the first wins."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    effective_at = forms.DateTimeField(required=False, help_text="UTC, as 2030-01-31 12:00; empty: at once.")
    brackets = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 6, "cols": 60}),
        help_text="One a line: from which notional, initial rate, maintenance rate.",
    )

    def __init__(self, data: Any, *, row: Instrument) -> None:
        super().__init__(data, row=row)
        self.fields |= {name: forms.CharField(max_length=40) for name in DECIMALS}
        self.fields |= {name: forms.IntegerField() for name in COUNTS}
        self.fields |= {
            name: forms.CharField(max_length=40, help_text=RISK_HELP.get(name, "")) for name in RiskText._fields
        }
        self.fields["mark_method"] = forms.ChoiceField(choices=[(word, word) for word in MARK_METHODS])
        self.order_fields(["version", *DECIMALS, *COUNTS, "brackets", *RiskText._fields, "effective_at", "reason"])

    def initial_of(self, row: Instrument) -> dict[str, Any]:
        version, parameters = latest_parameters(terms=row.terms())
        lines = "\n".join(" ".join(bracket) for bracket in parameters.brackets)
        written = {**parameters._asdict(), **parameters.risk._asdict()}
        return {**written, "version": version + 1, "brackets": lines}

    def clean_brackets(self) -> tuple[BracketText, ...]:
        rows = [line.split() for line in self.cleaned_data["brackets"].splitlines() if line.strip()]
        if any(len(row) != len(BracketText._fields) for row in rows):
            raise forms.ValidationError("Each line needs three numbers: notional, initial rate, maintenance rate.")
        return tuple(BracketText(*row) for row in rows)


def set_state(mandate: Mandate, row: Instrument, fields: dict[str, Any]) -> str:
    request = listings.set_instrument_state(symbol=row.symbol, state=fields["state"], mandate=mandate)
    wait_for_sequence(name="instruments", sequence=request.sequence)
    return f"{row.symbol} is now: {fields['state']}."


def change_parameters(mandate: Mandate, row: Instrument, fields: dict[str, Any]) -> str:
    version, effective_at = fields.pop("version"), fields.pop("effective_at")
    risk = RiskText(**{name: fields.pop(name) for name in RiskText._fields})
    request = listings.change_parameters(
        symbol=row.symbol,
        version=version,
        parameters=ParametersText(**fields, risk=risk),
        effective_at=effective_at,
        mandate=mandate,
    )
    wait_for_sequence(name="instruments", sequence=request.sequence)
    when = f"from {effective_at:%Y-%m-%d %H:%M} UTC on" if effective_at else "at once"
    return f"Version {version} of the parameters of {row.symbol} holds {when}."


def halt_everything(mandate: Mandate, row: None, fields: dict[str, Any]) -> str:
    results = listings.halt_everything(mandate=mandate)
    failed = {symbol: error for symbol, error in results.items() if error is not None}
    if failed:
        names = ", ".join(f"{symbol} ({error.code})" for symbol, error in failed.items())
        raise ApiError(next(iter(failed.values())).code, f"Not certainly halted: {names}. All others are halted.")
    return f"Halted: {', '.join(results) or 'nothing, as nothing is listed'}."


@admin.register(Instrument)
class InstrumentAdmin(SteeredAdmin):
    list_display = ("instrument_id", "symbol", "state_word", "mark_price_ticks", "parameters_version", "sequence")
    fields = (
        "symbol", "state_word", "kind", "underlying", "settlement_asset", "tick", "lot", "multiplier", "value_units",
        "mark_price_ticks", "marked_at_ns", "listed_at_ns", "parameters_version", "sequence", "versions",
    )  # fmt: skip
    commands = (
        Command("state", "Change state", OPERATE, set_state, StateForm),
        Command("parameters", "Change parameters", OPERATE, change_parameters, ParametersForm),
    )
    general_commands = (
        Command(
            "halt-everything",
            "Halt every instrument",
            OPERATE,
            halt_everything,
            warning="Halted markets take no orders and no cancels, and nothing trades in them, until each is resumed.",
        ),
    )

    def target_of(self, row: Instrument) -> str:
        return row.symbol

    @admin.display(description="state", ordering="state")
    def state_word(self, row: Instrument) -> str:
        return listings.STATE_WORDS[row.state]

    @admin.display(description="versions of the parameters")
    def versions(self, row: Instrument) -> str:
        """The newest first, each with all that it says."""
        rows = ParametersVersion.objects.filter(instrument_id=row.instrument_id).order_by("-version")[:10]
        return format_html_join("", "<p>{}</p>", ((_version_line(version),) for version in rows))


def _version_line(version: Model) -> str:
    names = [field.name for field in version._meta.concrete_fields if field.name != "instrument_id"]
    return ", ".join(f"{name} {getattr(version, name)}" for name in names)
