"""``mita plan settings|allot|commit``: what a user decides about their plan."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from flows.cli.days import day_of
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.repositories.budgets import CategoryBudget, Commitment, PlanSettings

Category = Annotated[str, typer.Argument(help="A category's code, as the plan shows it.", show_default=False)]
CommitmentId = Annotated[
    UUID, typer.Argument(help="As 'mita plan commitments' shows it.", show_default=False)
]


def register(commands: typer.Typer) -> None:
    """Add these commands to ``mita plan``."""
    for command in (settings, allot, commit, commitments, uncommit, paid):
        commands.command()(command)


def settings(
    user: UserEmail,
    method: Annotated[
        str | None,
        typer.Option(help="50/30/20, 60/20/20, zero-based, percentage, last-period or learned."),
    ] = None,
    income: Annotated[
        str | None, typer.Option(help="Income a month, or 'statements' to read it off them again.")
    ] = None,
    cycle: Annotated[
        str | None, typer.Option(help="monthly, semi-monthly, fortnightly, weekly or last-working-day.")
    ] = None,
    pay_day: Annotated[
        int | None, typer.Option(help="The day of the month on which a period begins.")
    ] = None,
    anchor: Annotated[
        str | None, typer.Option(help="YYYY-MM-DD, the first day of any weekly or fortnightly period.")
    ] = None,
    moves: Annotated[
        str | None, typer.Option(help="auto: money moves by itself; suggest: when you agree; off.")
    ] = None,
    rule: Annotated[
        str | None,
        typer.Option(help="What a day leaves over: spread over the days left, carry to the next, or save."),
    ] = None,
    *,
    forecast: Annotated[
        bool | None, typer.Option("--forecast/--no-forecast", help="Move money for what will be needed, too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how the plan comes about, and change what is named; the plan follows at once."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    changes: dict[str, Any] = {
        "method": method,
        "cycle": cycle,
        "pay_day": pay_day,
        "cycle_anchor": None if anchor is None else day_of(anchor),
        "moves_mode": moves,
        "day_rule": rule,
        "is_forecast": forecast,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    with user_session(user) as (connection, owner):
        if income is not None:
            changes["monthly_income_minor"] = _income_minor(income, owner.currency)
        if changes:
            budgets.change_settings(connection, owner.user_id, changes)
        known = budgets.get_settings(connection, owner.user_id)
        decided = budgets.list_category_budgets(connection, owner.user_id)
    if as_json:
        print_json({"settings": known, "categories": decided})
        return
    _show_settings(known, decided, owner.currency)
    if changes:
        hints.print(f"Next: mita plan show --user {user}")


def allot(
    category: Category,
    user: UserEmail,
    amount: Annotated[str | None, typer.Option(help="How much a period, for the zero-based method.")] = None,
    share: Annotated[
        str | None, typer.Option(help="Percent of the income, for the percentage method.")
    ] = None,
    carry: Annotated[str, typer.Option(help="What rolls over: none, surplus or both.")] = "none",
    *,
    clear: Annotated[bool, typer.Option("--clear", help="Leave it to the method again.")] = False,
) -> None:
    """Decide what a category gets each period and what of it rolls over."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    with user_session(user) as (connection, owner):
        if clear:
            was_decided = budgets.remove_category_budget(connection, owner.user_id, category)
            done = "left to the method" if was_decided else "nothing was decided for it"
        else:
            wanted = budgets.CategoryBudget(
                category,
                None if amount is None else _minor(amount, owner.currency),
                None if share is None else _basis_points(share),
                carry,
            )
            budgets.put_category_budget(connection, owner.user_id, wanted, _budgeted())
            done = "kept"
    console.print(f"{category}: {done}.", markup=False)
    hints.print(f"Next: mita plan show --user {user}")


def commit(
    category: Category,
    user: UserEmail,
    amount: Annotated[str, typer.Option(help="How much is due.", show_default=False)],
    due: Annotated[str, typer.Option(help="YYYY-MM-DD, the day.", show_default=False)],
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    kind: Annotated[str, typer.Option(help="bill, instalment, expense or goal.")] = "expense",
) -> None:
    """Set money aside for what is due on a day."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    with user_session(user) as (connection, owner):
        wanted = budgets.NewCommitment(category, day_of(due), _minor(amount, owner.currency), kind, name)
        added = budgets.add_commitment(connection, owner.user_id, wanted, _budgeted())
    console.print(f"Kept as {added}.", markup=False, highlight=False)
    hints.print(f"Next: mita plan show --user {user} --date {due}")


def commitments(user: UserEmail, *, as_json: AsJson = False) -> None:
    """Show what you said is due; bills that come again are in 'mita recurring list'."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    with user_session(user) as (connection, owner):
        known = budgets.list_commitments(connection, owner.user_id)
    if as_json:
        print_json(known)
        return
    for one in known:
        console.print(_told(one, owner.currency), markup=False, highlight=False)
    if not known:
        console.print("Nothing is due that you said; 'mita plan commit' adds it.")


def uncommit(commitment: CommitmentId, user: UserEmail) -> None:
    """Forget a commitment."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    with user_session(user) as (connection, owner):
        budgets.remove_commitment(connection, owner.user_id, commitment)
    console.print("Forgotten.")


def paid(
    commitment: CommitmentId,
    user: UserEmail,
    transaction: Annotated[
        UUID | None, typer.Option(help="The transaction that paid it; none if left out.")
    ] = None,
) -> None:
    """Say which transaction paid a commitment, or that none has."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import budgets

    with user_session(user) as (connection, owner):
        budgets.pay_commitment(connection, owner.user_id, commitment, transaction)
    console.print("Due again." if transaction is None else "Paid.")


def _show_settings(known: PlanSettings, decided: list[CategoryBudget], currency: str) -> None:
    from warehouse.money import Money

    minor = known.monthly_income_minor
    income = "read off the statements" if minor is None else f"{Money(minor, currency)} a month"
    console.print(f"Method {known.method}, income {income}", highlight=False)
    console.print(f"Periods: {known.cycle}{_begins(known)}", highlight=False)
    console.print(f"Moves: {known.moves_mode}{', also for what will be needed' * known.is_forecast}")
    console.print(f"What days leave over or take too much: {known.day_rule}")
    for one in decided:
        parts = (
            Money(one.allotted_minor, currency) if one.allotted_minor is not None else "",
            f"{Decimal(one.share_bp) / 100} %" if one.share_bp is not None else "",
            f"rolls over: {one.carry}" if one.carry != "none" else "",
        )
        told = ", ".join(str(part) for part in parts if part)
        console.print(f"  {one.category_code}: {told}", markup=False, highlight=False)


def _begins(known: PlanSettings) -> str:
    """Where a period of the cycle begins, unless its name says so."""
    match known.cycle:
        case "monthly" | "semi-monthly":
            return f", day {known.pay_day}"
        case "fortnightly" | "weekly":
            return f", from {known.cycle_anchor}"
        case _:
            return ""


def _told(one: Commitment, currency: str) -> str:
    from warehouse.money import Money

    state = "paid" if one.transaction_id else "due"
    amount = Money(one.amount_minor, currency)
    return (
        f"{one.due_date}  {amount}  {one.category_code}  {one.name or one.kind}  {state}  {one.commitment_id}"
    )


def _budgeted() -> set[str]:
    from models_ml.taxonomy import categories
    from warehouse.repositories.budget_statements import BUDGETED_GROUPS

    return {one.code for one in categories().values() if one.group_code in BUDGETED_GROUPS}


def _income_minor(income: str, currency: str) -> int | None:
    """What is said, or None to read it off the statements."""
    return None if income == "statements" else _minor(income, currency)


def _minor(amount: str, currency: str) -> int:
    from warehouse.money import Money

    return Money.of(amount, currency).minor


def _basis_points(share: str) -> int:
    try:
        return round(Decimal(share.removesuffix("%").strip()) * 100)
    except (InvalidOperation, ValueError, OverflowError):
        message = f"{share!r} is not a percentage such as 12.5"
        raise CommandError(message) from None
