"""``mita recurring``: bills, subscriptions and pay that come again, and what the user says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.repositories.recurring import Series

commands = typer.Typer(help="What comes again: bills, subscriptions, pay.", no_args_is_help=True)
SeriesId = Annotated[str, typer.Argument(help="A series' id, or how it begins.")]
#: Enough letters of an id to tell it from a person's others.
_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="recurring")


@commands.command("list")
@heavy
def list_(
    user: UserEmail,
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Ended and rejected ones as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what comes again, what is due next first; looks anew where the history has changed."""
    from flows.cli.sessions import user_session
    from flows.orchestration import run
    from flows.recurring import find_recurring
    from warehouse.repositories import recurring

    with user_session(user):
        pass  # an unknown user is told before anything is searched
    run(find_recurring)
    with user_session(user) as (connection, owner):
        known = recurring.list_series(connection, owner.user_id)
    pay = recurring.pay_cycle(known)
    shown = [one for one in known if ended or (one.status != "ended" and one.word != "rejected")]
    subscriptions = [one for one in shown if one.is_subscription and one.status != "ended"]
    if as_json:
        totals: dict[str, int] = {}
        for one in subscriptions:
            totals[one.currency] = totals.get(one.currency, 0) + one.yearly_minor
        print_json({"series": shown, "pay_cycle": pay, "subscriptions_yearly_minor": totals})
    else:
        _show(shown, subscriptions, pay)


def _show(shown: list[Series], subscriptions: list[Series], pay: Series | None) -> None:
    from rich.table import Table

    from warehouse.money import Money

    table = Table("Id", "Due", "What", "Category", "How often", box=None, header_style="bold")
    for heading in ("Amount", "Between", "A year"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one in shown:
        between = (
            ""
            if one.low_minor == one.high_minor
            else f"{Money(one.low_minor, one.currency)} ... {Money(one.high_minor, one.currency)}"
        )
        table.add_row(
            str(one.series_id)[:_SHOWN],
            str(one.next_date or one.last_date),
            one.name,
            one.category_code,
            one.cadence.replace("_", " "),
            str(Money(one.expected_minor, one.currency)),
            between,
            str(Money(one.yearly_minor, one.currency)),
            _notes(one),
        )
    console.print(table)
    if subscriptions:
        yearly: dict[str, int] = {}
        for one in subscriptions:
            yearly[one.currency] = yearly.get(one.currency, 0) + one.yearly_minor
        costs = ", ".join(str(Money(amount, currency)) for currency, amount in sorted(yearly.items()))
        console.print(f"{len(subscriptions)} subscriptions cost {costs} a year.")
    if pay:
        console.print(
            f"Pay comes {pay.cadence.replace('_', ' ')}, next on {pay.next_date}: {pay.name}", markup=False
        )


def _notes(one: Series) -> str:
    from warehouse.money import Money

    notes = [one.word or ""] + ([one.status] if one.status != "active" else [])
    if one.price_before_minor is not None:
        notes.append(f"{Money(one.price_before_minor, one.currency)} until {one.price_changed_on}")
    if one.missed:
        notes.append("stayed away once" if one.missed == 1 else f"stayed away {one.missed} times")
    if one.doubled:
        notes.append(f"came twice {one.doubled} times")
    return "; ".join(filter(None, notes))


@commands.command()
@heavy
def confirm(series: SeriesId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that this comes again; it is never asked for again."""
    _decide(series, user, "confirmed", as_json=as_json)


@commands.command()
@heavy
def reject(series: SeriesId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that this is no series; it is no commitment from now on, however often the files come again."""
    _decide(series, user, "rejected", as_json=as_json)


def _decide(series: str, user: str, word: str, *, as_json: bool) -> None:
    from flows.cli.sessions import user_session
    from warehouse.repositories import recurring

    with user_session(user) as (connection, owner):
        found = recurring.get_series(connection, owner.user_id, series)
        recurring.decide_series(connection, owner.user_id, found.series_id, word)
        known = recurring.get_series(connection, owner.user_id, str(found.series_id))
    if as_json:
        print_json(known)
    else:
        console.print(f"Noted: {known.name} is {word}.", markup=False)
