"""``mita explain``, and what a user says of transactions: same, different, deleted, restored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, print_json
from flows.cli.statements import UserEmail, transaction_commands

if TYPE_CHECKING:
    from warehouse.repositories.origins import CategoryOrigin, Origin

TransactionId = Annotated[
    UUID, typer.Argument(help="As 'mita transactions list --json' shows it.", show_default=False)
]
#: Reasons that are told of a match, the strongest.
TOLD_REASONS = 4
#: What the other transaction of a link is to this one.
_LINKED = {
    ("transfer", "source"): "transfer into",
    ("transfer", "target"): "transfer from",
    ("refund", "source"): "money back for",
    ("refund", "target"): "refunded by",
    ("reimbursement", "source"): "a share of",
    ("reimbursement", "target"): "shared by",
}


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.command()(explain)
    transaction_commands.command()(questions)
    for command in (same, different, delete, restore):
        transaction_commands.command()(heavy(command))


def explain(transaction: TransactionId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Show where a transaction comes from: files, lines, what matched and why, who categorised it."""
    from flows.cli.sessions import user_session
    from warehouse.repositories.origins import find_origin

    with user_session(user) as (connection, owner):
        origin = find_origin(connection, owner.user_id, transaction)
    if as_json:
        print_json(origin)
    else:
        tell_origin(origin)


def tell_origin(origin: Origin) -> None:
    """Print where a transaction comes from."""
    from warehouse.money import Money

    amount = Money(origin.amount_minor, origin.currency)
    console.print(f"[bold]{amount}[/]  {origin.spent_date}  {origin.account}  ({origin.status})")
    console.print(origin.description, markup=False)
    console.print("\n[bold]It is[/]")
    for line in origin.lines:
        where = f"{line.file}, line {line.line_number}" if line.file else "entered by hand"
        money = Money(line.amount_minor, line.currency)
        console.print(f"  {where}: {line.booked_date} {money} {line.status} {line.description}", markup=False)
        if line.probability is not None:
            reasons = list((line.evidence or {}).items())[:TOLD_REASONS]
            told = ", ".join(f"{name.replace('_', ' ')} {part:+.1f}" for name, part in reasons)
            console.print(f"    the same event with probability {line.probability:.3f}: {told}", style="dim")
    console.print("\n[bold]Its category[/]")
    for category in origin.categories:
        by = _giver(category)
        console.print(
            f"  {category.category_code}, by {by}, {category.decided_at:%Y-%m-%d %H:%M}", markup=False
        )
    if not origin.categories:
        console.print("  nobody has said yet")
    _tell_parts(origin)
    _tell_links(origin)
    _tell_edits(origin)


def _tell_parts(origin: Origin) -> None:
    from warehouse.money import Money

    if origin.parts:
        console.print("\n[bold]Its parts[/]")
    for part in origin.parts:
        money = Money(part.amount_minor, origin.currency)
        console.print(
            f"  {part.line_number}. {money} {part.category_code} {part.note}".rstrip(), markup=False
        )


def _tell_links(origin: Origin) -> None:
    from warehouse.money import Money

    if origin.links:
        console.print("\n[bold]It belongs together with[/]")
    for link in origin.links:
        other = "an account that was not added"
        if link.other_amount_minor is not None and link.other_currency is not None:
            money = Money(link.other_amount_minor, link.other_currency)
            other = f"{link.other_date} {money} {link.other_description} ({link.other_transaction_id})"
        console.print(f"  {_LINKED[link.kind, link.role]}: {other}", markup=False)
        by = "you said so" if link.origin == "user" else f"probability {link.probability:.3f}"
        reasons = ", ".join(f"{name.replace('_', ' ')} {part}" for name, part in link.reasons.items())
        console.print(f"    {link.band}, {by}{': ' if reasons else ''}{reasons}", style="dim")


def _tell_edits(origin: Origin) -> None:
    if origin.edits:
        console.print("\n[bold]What you said since[/]")
    for edit in origin.edits:
        console.print(f"  {edit.at:%Y-%m-%d %H:%M} {edit.what} {edit.detail}".rstrip(), markup=False)


def _giver(category: CategoryOrigin) -> str:
    match category.origin:
        case "user":
            return "you"
        case "rule":
            return f"your rule {category.model!r}"
        case "memory":
            return f"what you said of {category.model}, {category.probability or 0:.0%}"
        case _:
            return f"{category.model} {category.version}, {category.probability or 0:.0%}"


def questions(user: UserEmail, *, as_json: AsJson = False) -> None:
    """List pairs of lines of which it is unsure whether they are one event."""
    from flows.cli.sessions import user_session
    from warehouse.repositories.identity import list_questions

    with user_session(user) as (connection, owner):
        found = list_questions(connection, owner.user_id)
    if as_json:
        print_json(found)
        return
    for question in found:
        console.print(f"[bold]{question.probability:.0%}[/] the same, so far taken for {question.taken_for}:")
        for side in (question.one, question.other):
            console.print(f"  {side.entry_id}  {side.booked_date}  {side.description}", markup=False)
    console.print("Answer with: mita transactions same|different ONE OTHER" if found else "Nothing is open.")


def same(one: TransactionId, other: TransactionId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that two transactions, or lines, are one event; never asked again."""
    _answer(one, other, user, is_same=True, as_json=as_json)


def different(one: TransactionId, other: TransactionId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that two lines are two events, and separate them if they were taken for one."""
    _answer(one, other, user, is_same=False, as_json=as_json)


def delete(transaction: TransactionId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Delete a transaction; it stays deleted when a file brings it again."""
    from flows.decisions import delete_transaction
    from flows.orchestration import run

    run(delete_transaction, user, str(transaction))
    _done(
        {"transaction_id": transaction, "deleted": True},
        "Deleted; 'mita transactions restore' undoes it.",
        as_json=as_json,
    )


def restore(transaction: TransactionId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Take a deletion back."""
    from flows.decisions import restore_transaction
    from flows.orchestration import run

    restored = run(restore_transaction, user, str(transaction))
    _done(
        {"transaction_id": transaction, "restored": restored},
        "Restored." if restored else "It was not deleted.",
        as_json=as_json,
    )


def _answer(one: UUID, other: UUID, user: str, *, is_same: bool, as_json: bool) -> None:
    from flows.decisions import answer_identity
    from flows.orchestration import run

    run(answer_identity, user, str(one), str(other), is_same=is_same)
    word = "one event" if is_same else "two events"
    _done({"one": one, "other": other, "is_same": is_same}, f"Noted: {word}.", as_json=as_json)


def _done(result: dict[str, object], told: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        console.print(told)
