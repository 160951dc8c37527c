"""Leverage, margin mode and isolated margin of a position: one command for each that is to change."""

from exchange.contract.errors import ApiError
from trading.api import answers, parsing, presenting, requests
from trading.api.scales import Scale
from trading.engine.events import IsolatedMarginChanged, LeverageChanged, MarginModeChanged
from trading.services import gateway


def change_position(
    body: requests.PositionChange, *, account_id: int, command_id: bytes, scale: Scale
) -> answers.PositionSettings:
    """Gives the commands one after the other, and says what they set. Refuses as `parsing.position_change`.

    The first that is refused ends it: its refusal is raised, with those already done in `details.done`.
    """
    commands = parsing.position_change(
        body, scale=scale, account_id=account_id, command_id=command_id, valid_until_ns=gateway.deadline_ns()
    )
    answer = answers.PositionSettings(scale.symbol, None, None, None, 0)
    done: list[str] = []
    for field, command in commands.items():
        try:
            outcome = gateway.submit(command)
        except ApiError as error:
            error.details |= {"done": done} if done else {}
            raise
        _note(answer, outcome.events[0], scale)
        answer.sequence = outcome.sequence
        done.append(field)
    return answer


def _note(answer: answers.PositionSettings, event: object, scale: Scale) -> None:
    if isinstance(event, LeverageChanged):
        answer.leverage = event.leverage
    elif isinstance(event, MarginModeChanged):
        answer.margin_mode = presenting.margin_mode(event.is_isolated)
        answer.isolated_margin = presenting.money(event.isolated_units, scale)
    elif isinstance(event, IsolatedMarginChanged):
        answer.isolated_margin = presenting.money(event.isolated_units, scale)
