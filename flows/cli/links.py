"""``mita links``: transfers, refunds and shares of friends, and what the user says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.delegation import heavy
from flows.cli.errors import CommandError
from flows.cli.output import AsJson, console, hints, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.repositories.links import Link, LinkEnd

commands = typer.Typer(
    help="Transfers, refunds, reimbursements: what belongs together.", no_args_is_help=True
)

BANDS, KINDS = ("paired", "suggested", "no"), ("transfer", "refund", "reimbursement")
LinkId = Annotated[str, typer.Argument(help="A link's id, or how it begins.")]
#: Enough letters of an id to tell it from a person's others.
_SHOWN = 8


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="links")


@commands.command("list")
def list_(
    user: UserEmail,
    band: Annotated[str | None, typer.Option(help="Only paired, suggested or no (rejected).")] = None,
    kind: Annotated[str | None, typer.Option(help="Only transfer, refund or reimbursement.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what belongs together, the latest first."""
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories import links
    from warehouse.repositories.users import get_user
    from warehouse.settings import Settings

    _check(band, BANDS, "band")
    _check(kind, KINDS, "kind")
    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            owner = get_user(connection, user)
            found = list(links.list_links(connection, owner.user_id, band=band, kind=kind, limit=limit))
    if as_json:
        print_json(found)
    else:
        _show(found)


@commands.command()
@heavy
def confirm(link: LinkId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that it is so; it stands from now on."""
    from warehouse.repositories.links import confirm_link

    _decide(link, user, confirm_link, "confirmed", as_json=as_json)


@commands.command()
@heavy
def reject(link: LinkId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Say that it is not so; nobody asks again."""
    from warehouse.repositories.links import reject_link

    _decide(link, user, reject_link, "rejected", as_json=as_json)


@commands.command()
@heavy
def find(*, as_json: AsJson = False) -> None:
    """Look for links of every user whose facts have changed; ingesting does so by itself."""
    from flows.links import link
    from flows.orchestration import run
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        done = run(link)
    if as_json:
        print_json(done)
    else:
        console.print(f"{done.users} users looked at, {done.changed} links changed.")


def _check(value: str | None, known: tuple[str, ...], name: str) -> None:
    if value is not None and value not in known:
        message = f"{value!r} is no {name}: use one of {', '.join(known)}"
        raise CommandError(message)


def _decide(begins: str, email: str, decide: object, done: str, *, as_json: bool) -> None:
    from flows.links import link_transactions
    from warehouse.engine import open_warehouse
    from warehouse.provision import provision
    from warehouse.repositories.links import get_link
    from warehouse.repositories.users import get_user
    from warehouse.settings import Settings

    settings = Settings()
    with open_warehouse(settings) as warehouse:
        provision(settings, warehouse.server)
        with warehouse.transaction() as connection:
            owner = get_user(connection, email)
            link = get_link(connection, owner.user_id, begins)
            decide(connection, owner.user_id, link)  # type: ignore[operator]
        link_transactions(settings)
        with warehouse.transaction() as connection:
            link = get_link(connection, owner.user_id, str(link.link_id))
    if as_json:
        print_json(link)
    else:
        console.print(f"{done.capitalize()}: {_told(link)}")
        hints.print("Next: mita build renews the plan.")


def _show(found: list[Link]) -> None:
    from rich.table import Table

    table = Table("id", "kind", "band", "sure", "from", "to", box=None)
    for link in found:
        sure = "you" if link.origin == "user" else f"{link.probability:.0%}"
        target = _end(link.target) if link.target else "an account you have not added?"
        table.add_row(str(link.link_id)[:_SHOWN], link.kind, link.band, sure, _end(link.source), target)
    console.print(table)
    if any(link.band == "suggested" for link in found):
        hints.print("Next: mita links confirm ID, or mita links reject ID")


def _told(link: Link) -> str:
    return f"{link.kind} of {_end(link.source)}" + (f" and {_end(link.target)}" if link.target else "")


def _end(end: LinkEnd) -> str:
    from rich.markup import escape

    from warehouse.money import Money

    return escape(
        f"{end.booked_date} {Money(end.amount_minor, end.currency)} {end.description} ({end.account})"
    )
