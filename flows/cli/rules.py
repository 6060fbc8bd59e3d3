"""``mita rules`` and ``mita memory``: what the user wants done with lines, and what corrections taught."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from flows.cli.errors import CommandError
from flows.cli.output import AsJson, console, print_json
from flows.cli.statements import UserEmail

if TYPE_CHECKING:
    from warehouse.repositories.rules import NewRule, Preview

commands = typer.Typer(help="Rules: where conditions hold, this is done.", no_args_is_help=True)
memory_commands = typer.Typer(help="What your corrections taught.", no_args_is_help=True)

RuleId = Annotated[UUID, typer.Argument(help="As 'mita rules list' shows it.", show_default=False)]
Name = Annotated[str, typer.Option(help="What to call the rule.")]
Contains = Annotated[list[str] | None, typer.Option(help="The line's text contains this.")]
Equals = Annotated[list[str] | None, typer.Option(help="The line's text is this.")]
Regex = Annotated[list[str] | None, typer.Option(help="The line's text matches this regular expression.")]
MinAmount = Annotated[str | None, typer.Option(help="At least so much; money out is negative.")]
MaxAmount = Annotated[str | None, typer.Option(help="At most so much; money out is negative.")]
Account = Annotated[UUID | None, typer.Option(help="Only on this account (its id).")]
Since = Annotated[str | None, typer.Option(help="Only from this day on, YYYY-MM-DD.")]
Until = Annotated[str | None, typer.Option(help="Only up to this day, YYYY-MM-DD.")]
Tag = Annotated[list[str] | None, typer.Option(help="Only lines with this tag.")]
Category = Annotated[str | None, typer.Option(help="Put it into this category.")]
Merchant = Annotated[str | None, typer.Option(help="Call the merchant this.")]
Rename = Annotated[str | None, typer.Option(help="Show the line as this.")]
AddTag = Annotated[list[str] | None, typer.Option(help="Add this tag.")]
Split = Annotated[list[str] | None, typer.Option(help="A part, as CATEGORY=PERCENT; the parts sum to 100.")]
FromJson = Annotated[str | None, typer.Option("--from-json", help="The whole rule as JSON instead.")]


def register(app: typer.Typer) -> None:
    """Add these commands to ``mita``."""
    app.add_typer(commands, name="rules")
    app.add_typer(memory_commands, name="memory")


@commands.command("list")
def list_(user: UserEmail, *, as_json: AsJson = False) -> None:
    """Show the rules in their order."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    with user_session(user) as (connection, owner):
        known = rules.list_rules(connection, owner.user_id)
    if as_json:
        print_json(known)
        return
    for rule in known:
        state = "" if rule.is_on else " (off)"
        past = "" if rule.for_past else ", new lines only"
        console.print(f"{rule.place}. {rule.name}{state}  {rule.rule_id}", markup=False, highlight=False)
        console.print(f"   {_told(rule.match, rule.conditions)} -> {_done(rule.actions)}", markup=False)
        console.print(f"   holds for {rule.lines} lines{past}", style="dim", markup=False)
    if not known:
        console.print("There are no rules yet; 'mita rules suggest' makes some of your corrections.")


@commands.command()
def add(
    user: UserEmail,
    name: Name = "",
    contains: Contains = None,
    equals: Equals = None,
    regex: Regex = None,
    min_amount: MinAmount = None,
    max_amount: MaxAmount = None,
    account: Account = None,
    since: Since = None,
    until: Until = None,
    tag: Tag = None,
    category: Category = None,
    merchant: Merchant = None,
    rename: Rename = None,
    add_tag: AddTag = None,
    split: Split = None,
    from_json: FromJson = None,
    *,
    transfer: Annotated[bool, typer.Option("--transfer", help="It is between own accounts.")] = False,
    any_: Annotated[bool, typer.Option("--any", help="One condition is enough.")] = False,
    new_only: Annotated[bool, typer.Option("--new-only", help="Leave the past as it is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a rule; it holds at once, for the past too unless --new-only is given."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    given = dict(locals())
    with user_session(user) as (connection, owner):
        rule = _rule(given, owner.currency)
        _check_categories(rule)
        rule_id = rules.add_rule(connection, owner.user_id, rule)
        kept = next(one for one in rules.list_rules(connection, owner.user_id) if one.rule_id == rule_id)
    if as_json:
        print_json(kept)
    else:
        console.print(f"Kept as {rule_id}: holds for {kept.lines} lines.", markup=False)


@commands.command()
def preview(
    user: UserEmail,
    name: Name = "preview",
    contains: Contains = None,
    equals: Equals = None,
    regex: Regex = None,
    min_amount: MinAmount = None,
    max_amount: MaxAmount = None,
    account: Account = None,
    since: Since = None,
    until: Until = None,
    tag: Tag = None,
    category: Category = None,
    merchant: Merchant = None,
    rename: Rename = None,
    add_tag: AddTag = None,
    split: Split = None,
    from_json: FromJson = None,
    *,
    transfer: Annotated[bool, typer.Option("--transfer")] = False,
    any_: Annotated[bool, typer.Option("--any", help="One condition is enough.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a rule would change; nothing is kept."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    given = dict(locals()) | {"new_only": False}
    with user_session(user) as (connection, owner):
        rule = _rule(given, owner.currency)
        _check_categories(rule)
        found = rules.preview_rule(connection, owner.user_id, rule)
    if as_json:
        print_json(found)
    else:
        _show_preview(found)


@commands.command()
def remove(rule: RuleId, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Forget a rule; all that it did is taken back."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    with user_session(user) as (connection, owner):
        rules.remove_rule(connection, owner.user_id, rule)
    _answer({"rule_id": rule, "removed": True}, "Removed, and with it what it did.", as_json=as_json)


@commands.command()
def move(
    rule: RuleId,
    place: Annotated[int, typer.Argument(min=1, help="Where to, from 1.")],
    user: UserEmail,
    *,
    as_json: AsJson = False,
) -> None:
    """Put a rule at another place; where two disagree, the first one's word holds."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    with user_session(user) as (connection, owner):
        rules.move_rule(connection, owner.user_id, rule, place)
    _answer({"rule_id": rule, "place": place}, f"Now number {place}.", as_json=as_json)


@commands.command()
def suggest(user: UserEmail, *, as_json: AsJson = False) -> None:
    """Rules that would say what you have said line by line."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import rules

    with user_session(user) as (connection, owner):
        found = rules.suggest_rules(connection, owner.user_id)
    if as_json:
        print_json(found)
        return
    for one in found:
        console.print(
            f"{_told('all', one.conditions)} -> {_done(one.actions)}: you said so {one.corrections} times, "
            f"{one.lines} lines",
            markup=False,
        )
    if not found:
        console.print("Nothing to suggest: correct two lines of one merchant alike first.")


@memory_commands.command("list")
def memory_list(user: UserEmail, *, as_json: AsJson = False) -> None:
    """What your corrections say of each merchant."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import memory

    with user_session(user) as (connection, owner):
        known = memory.list_memory(connection, owner.user_id)
    if as_json:
        print_json(known)
        return
    for one in known:
        console.print(
            f"{one.merchant_key}: {one.category_code}, {one.times} of {one.of_times}, {one.probability:.0%}; "
            f"{one.past_lines} past lines could follow",
            markup=False,
        )


@memory_commands.command("preview")
def memory_preview(merchant: str, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Past lines that would follow what you said of a merchant."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import memory

    with user_session(user) as (connection, owner):
        found = memory.preview_memory(connection, owner.user_id, merchant)
    if as_json:
        print_json({"lines": len(found), "examples": found[:20]})
        return
    console.print(f"{len(found)} lines would change:")
    for one in found[:20]:
        console.print(
            f"  {one.spent_date} {one.description}: {one.category_before} -> {one.category_after}",
            markup=False,
        )


@memory_commands.command("apply")
def memory_apply(merchant: str, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Let past lines of a merchant follow what you said of it."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import memory

    with user_session(user) as (connection, owner):
        application, lines = memory.apply_memory(connection, owner.user_id, merchant)
    _answer(
        {"application_id": application, "lines": lines},
        f"{lines} lines changed; 'mita memory undo {application}' takes it back.",
        as_json=as_json,
    )


@memory_commands.command("undo")
def memory_undo(application: UUID, user: UserEmail, *, as_json: AsJson = False) -> None:
    """Take an application back."""
    from flows.cli.sessions import user_session
    from warehouse.repositories import memory

    with user_session(user) as (connection, owner):
        lines = memory.undo_memory(connection, owner.user_id, application)
    _answer({"application_id": application, "lines": lines}, f"{lines} lines are as before.", as_json=as_json)


def _rule(given: dict[str, Any], currency: str) -> NewRule:
    from warehouse.repositories.rules import NewRule

    if given["from_json"]:
        return _from_json(given["from_json"])
    conditions: list[dict[str, Any]] = [
        {"field": "text", "is": how, "value": value}
        for how in ("contains", "equals", "regex")
        for value in given[how] or ()
    ]
    bounds = {
        "from_minor": _minor(given["min_amount"], currency),
        "to_minor": _minor(given["max_amount"], currency),
    }
    if any(bound is not None for bound in bounds.values()):
        conditions.append({"field": "amount"} | bounds)
    if given["account"]:
        conditions.append({"field": "account", "value": str(given["account"])})
    if given["since"] or given["until"]:
        conditions.append({"field": "date", "from": given["since"], "to": given["until"]})
    conditions += [{"field": "tag", "value": value} for value in given["tag"] or ()]
    actions: dict[str, Any] = {key: given[key] for key in ("category", "merchant", "rename") if given[key]}
    if given["add_tag"]:
        actions["tags"] = given["add_tag"]
    if given["split"]:
        actions["split"] = [_part(part) for part in given["split"]]
    if given["transfer"]:
        actions["transfer"] = True
    name = given["name"] or _told("any" if given["any_"] else "all", conditions)
    return NewRule(name, conditions, actions, "any" if given["any_"] else "all", not given["new_only"])


def _from_json(given: str) -> NewRule:
    from warehouse.repositories.rules import NewRule

    try:
        return NewRule(**json.loads(given))
    except (TypeError, ValueError) as error:
        message = f"that is no rule as JSON ({error}); it has name, conditions, actions, match, for_past"
        raise CommandError(message) from None


def _minor(amount: str | None, currency: str) -> int | None:
    from decimal import Decimal, InvalidOperation

    from warehouse.money import exponent

    if amount is None:
        return None
    try:
        minor = Decimal(amount).scaleb(exponent(currency))
    except InvalidOperation:
        message = f"{amount!r} is not an amount such as -12.50"
        raise CommandError(message) from None
    if minor != int(minor):
        message = f"{amount!r} has more decimals than {currency}"
        raise CommandError(message)
    return int(minor)


def _part(given: str) -> dict[str, Any]:
    category, _, percent = given.partition("=")
    try:
        return {"category": category, "share_bp": round(float(percent) * 100)}
    except ValueError:
        message = f"{given!r} is not CATEGORY=PERCENT"
        raise CommandError(message) from None


def _check_categories(rule: NewRule) -> None:
    from models_ml.taxonomy import categories

    wanted = [rule.actions.get("category"), *(part.get("category") for part in rule.actions.get("split", ()))]
    unknown = [code for code in wanted if code is not None and code not in categories()]
    if unknown:
        message = f"{unknown[0]!r} is not a category; docs/taxonomy.md lists them"
        raise CommandError(message)


def _told(match: str, conditions: list[dict[str, Any]]) -> str:
    return (" and " if match == "all" else " or ").join(
        " ".join(str(value) for key, value in condition.items() if value is not None)
        for condition in conditions
    )


def _done(actions: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in actions.items())


def _show_preview(found: Preview) -> None:
    console.print(
        f"Holds for {found.holds} lines; {found.changes} get another category, "
        f"{found.kept_by_user} keep the one that you gave them."
    )
    for one in found.examples:
        console.print(
            f"  {one.spent_date} {one.description}: {one.category_before} -> {one.category_after}",
            markup=False,
        )


def _answer(result: dict[str, object], told: str, *, as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        console.print(told, markup=False)
