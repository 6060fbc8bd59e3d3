"""``mita receipts match``: the user's word on which bank line paid a receipt."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

commands = typer.Typer(help="Which bank lines paid which receipts.", no_args_is_help=True)

Receipt = Annotated[UUID, typer.Argument(help="The receipt, as `list` shows it.")]
Transaction = Annotated[UUID, typer.Argument(help="The transaction that paid it, or did not.")]


@commands.command("list")
def list_all(
    user: UserEmail,
    band: Annotated[str, typer.Option(help="suggested, paired or no; default suggested ones.")] = "suggested",
    *,
    as_json: AsJson = False,
) -> None:
    """List receipts with the bank lines that may have paid them."""
    from flows.receipts.answering import matches_of
    from warehouse.settings import Settings

    found = matches_of(Settings(), user, band)
    if as_json:
        print_json(found)
        return
    for one in found:
        told = (one[name] for name in ("receipt_id", "transaction_id", "probability", "merchant", "line"))
        console.print("  ".join(map(str, told)), markup=False, highlight=False)
    hints.print(f"{len(found)} {band}. Next: mita receipts match confirm|reject RECEIPT TRANSACTION")


@commands.command()
@heavy
def confirm(receipt: Receipt, transaction: Transaction, user: UserEmail) -> None:
    """Say that a transaction paid a receipt."""
    _answer(user, receipt, transaction, is_paid=True)


@commands.command()
@heavy
def reject(receipt: Receipt, transaction: Transaction, user: UserEmail) -> None:
    """Say that a transaction did not pay a receipt."""
    _answer(user, receipt, transaction, is_paid=False)


def _answer(user: str, receipt: UUID, transaction: UUID, *, is_paid: bool) -> None:
    from flows.receipts.answering import answer
    from warehouse.settings import Settings

    settled = answer(Settings(), user, receipt, transaction, is_paid=is_paid)
    console.print(f"Kept. {settled.paired} paired, {settled.suggested} suggested, {settled.own} on their own")
