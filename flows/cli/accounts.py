"""``mita accounts``: which accounts there are, which of them are one, and what they are called."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from flows.cli.delegation import heavy
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

commands = typer.Typer(help="Accounts: list, merge, unmerge, rename.", no_args_is_help=True)
AccountId = Annotated[UUID, typer.Argument(help="As 'mita accounts list' shows it.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="accounts")


@commands.command("list")
def list_(user: UserEmail, *, as_json: AsJson = False) -> None:
    """List the accounts that files and purchases speak of."""
    from rich.table import Table

    from flows.cli.sessions import user_session
    from warehouse.repositories.accounts import list_accounts

    with user_session(user) as (connection, owner):
        found = list_accounts(connection, owner.user_id)
    if as_json:
        print_json(found)
        return
    table = Table("Account", "Name", "Reference", "Kind", "Currency", box=None, header_style="bold")
    table.add_column("Transactions", justify="right")
    table.add_column("From, to")
    for account in found:
        days = "merged" if account.merged_into else f"{account.first_date or ''} {account.last_date or ''}"
        id_ = f"  {account.account_id}" if account.merged_into else str(account.account_id)
        facts = (account.name, account.account_ref, account.kind, account.currency)
        table.add_row(id_, *facts, str(account.transactions), days.strip())
    console.print(table)
    hints.print("Next: mita accounts merge ACCOUNT --into ACCOUNT, where two of them are one.")


@commands.command()
@heavy
def merge(
    account: AccountId,
    into: Annotated[UUID, typer.Option(help="The account that it is the same as.", show_default=False)],
    user: UserEmail,
) -> None:
    """Say that an account is the same as another; their transactions are put together."""
    from flows.decisions import merge_accounts
    from flows.orchestration import run

    run(merge_accounts, user, str(account), str(into))
    console.print(f"Merged. Taken back by: mita accounts unmerge {account} --user {user}")


@commands.command()
@heavy
def unmerge(account: AccountId, user: UserEmail) -> None:
    """Take a merge back; each file tells of its own account again."""
    from flows.decisions import unmerge_account
    from flows.orchestration import run

    run(unmerge_account, user, str(account))
    console.print("Two accounts again.")


@commands.command()
def rename(
    account: AccountId,
    name: Annotated[str, typer.Argument(help='What you call it; "" for what its files call it.')],
    user: UserEmail,
) -> None:
    """Give an account a name of your own."""
    from flows.cli.sessions import user_session
    from warehouse.repositories.accounts import rename_account

    with user_session(user) as (connection, owner):
        rename_account(connection, owner.user_id, account, name)
    console.print("Renamed." if name.strip() else "It has its own name again.")
