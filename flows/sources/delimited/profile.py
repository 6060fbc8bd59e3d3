"""A first reading of a whole file, to decide how its dates, amounts, signs and currency are meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from flows.sources.contents import Readable, refuse
from flows.sources.delimited.amounts import AmountEvidence, Amounts, Decimal
from flows.sources.delimited.dates import DateEvidence, Order, slashed
from flows.sources.delimited.headerless import DATE_SHAPE
from flows.sources.delimited.layout import Layout
from flows.sources.delimited.reading import (
    Dialect,
    account_ref,
    amount_columns,
    currency_column,
    statement_lines,
)
from flows.sources.delimited.records import Shape, blocks
from flows.sources.delimited.remarks import says_total, without_remarks
from flows.sources.delimited.signs import (
    Proof,
    SignRule,
    directed,
    directions_in,
    method_of,
    prove,
)
from flows.sources.delimited.vocabulary import (
    Direction,
    Role,
    card_words,
    currency_of,
    direction_words,
    fold,
    receipt_words,
)
from warehouse.money import exponent
from warehouse.records import AccountKind, ReadingHints, StatementAccount

#: More lines without a date at the end are no footer but lines that went wrong.
_LONGEST_FOOTER = 30
#: Distinct values beyond which a column is neither an indicator nor a currency.
_MOST_VALUES = 200
#: Accounts beyond which a column names the other side's.
_MOST_ACCOUNTS = 10_000
#: Steps of a running balance, and their share that gives a direction, before it gives that of every line.
_FEWEST_STEPS = 3
_DIRECTED = 0.8
_DECIMALS: dict[str, Decimal] = {".": ".", ",": ","}


@dataclass(slots=True)
class Evidence:
    """What the first reading gathers over all blocks."""

    dates: DateEvidence = field(default_factory=DateEvidence)
    amounts: AmountEvidence = field(default_factory=AmountEvidence)
    values: dict[int, set[str]] = field(default_factory=dict)  # of columns with few distinct values
    pairs: dict[int | None, dict[tuple[str, str], None]] = field(default_factory=dict)  # see _add_pairs
    lines: int = 0
    blank_lines: int = 0
    remarks: int = 0  # see without_remarks
    dated_lines: int = 0
    tail: list[tuple[int, bool]] = field(default_factory=list)  # undated lines at the end: number, is data
    first: pl.DataFrame | None = None
    last: pl.DataFrame | None = None  # the last dated record, with a balance where there is one
    last_dated: int | None = None  # its line, or that of a later one without a balance
    sample_dates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A dialect, the accounts that the file names, and notes on what was decided."""

    dialect: Dialect
    accounts: tuple[StatementAccount, ...]
    notes: tuple[str, ...]
    proof: Proof
    evidence: Evidence
    has_outflow: bool = True
    is_mostly_inflow: bool = False


def profile(path: Readable, shape: Shape, layout: Layout, hints: ReadingHints) -> Profile:
    """Read the whole file once and decide; raises StatementRefusedError when that cannot be done."""
    evidence = gather(path, shape, layout)
    _refuse_undated(path, evidence, layout)
    layout = _with_account(_with_indicator(_with_currency(layout, evidence), evidence), evidence)
    currency, currency_note = _file_currency(layout, evidence, hints)
    orders, notes = _orders(evidence, layout, hints)
    dialect = Dialect(
        layout=layout,
        orders=orders,
        decimal=".",
        currency=currency,
        account_ref=layout.account_ref or hints.account_ref,
        account_column=layout.column(Role.ACCOUNT),
        last_line=_last_line(evidence),
    )
    dialect, decimal_note = _with_decimal(dialect, evidence, hints)
    _refuse_without_currency(path, dialect, evidence)
    dialect, proof, sign_note = _with_signs(dialect, evidence)
    told = (*notes, decimal_note, currency_note, sign_note, *_left_out(layout, evidence))
    return Profile(
        dialect,
        _accounts(dialect, evidence, proof),
        tuple(filter(None, told)),
        proof,
        evidence,
        *_flows(dialect, evidence),
    )


def _orders(evidence: Evidence, layout: Layout, hints: ReadingHints) -> tuple[dict[str, Order], list[str]]:
    """The order of dates: the user's word, else what the dates themselves allow."""
    orders, notes = evidence.dates.decide(hints.country)
    said = layout.confirmed.date_order if layout.confirmed else ""
    if said not in _ORDERS:
        return orders, notes
    return dict.fromkeys(orders, _ORDERS[said]), [f"dates read as {slashed(_ORDERS[said])}, as you confirmed"]


_ORDERS: dict[str, Order] = {"DMY": "DMY", "MDY": "MDY", "YMD": "YMD"}


def _flows(dialect: Dialect, evidence: Evidence) -> tuple[bool, bool]:
    """Whether any of the first amounts is negative, and whether most are not."""
    if evidence.first is None:
        return True, False
    amounts = statement_lines(evidence.first, dialect)["amount_minor"].drop_nulls()
    negative = int((amounts < 0).sum())
    return negative > 0, negative * 2 < amounts.len()


def gather(path: Readable, shape: Shape, layout: Layout) -> Evidence:
    """The evidence of all blocks of a file."""
    evidence = Evidence()
    for block in blocks(path, shape):
        records = without_remarks(block.records, layout)
        evidence.blank_lines += block.blank_lines
        evidence.remarks += block.records.height - records.height
        if records.height:
            _add(evidence, records, layout)
    return evidence


def _add(evidence: Evidence, records: pl.DataFrame, layout: Layout) -> None:
    dated = _add_dates(evidence, records, layout)
    _add_tail(evidence, records, dated, layout)
    for index in _number_columns(layout):
        evidence.amounts.add(records[f"f{index}"])
    for index in _valued_columns(layout):
        seen = evidence.values.setdefault(index, set())
        if len(seen) <= _MOST_VALUES:
            seen.update(records[f"f{index}"].str.strip_chars().unique().to_list())
    _add_pairs(evidence, records, layout)
    evidence.lines += records.height
    if evidence.first is None:
        evidence.first = records


def _add_dates(evidence: Evidence, records: pl.DataFrame, layout: Layout) -> pl.Series:
    """Add the date columns and give which records have something like a date in one of them."""
    dated = pl.Series([False]).new_from_index(0, records.height)
    for role in (Role.BOOKED, Role.VALUE):
        if (column := layout.column(role)) is not None:
            texts = records[f"f{column}"]
            dated = dated | evidence.dates.add(texts)
            evidence.sample_dates = evidence.sample_dates or tuple(texts.head(3).to_list())
    evidence.dated_lines += int(dated.sum())
    return dated


def _add_tail(evidence: Evidence, records: pl.DataFrame, dated: pl.Series, layout: Layout) -> None:
    """Keep the last dated record, and which lines come after it."""
    last = dated.arg_true()
    if last.len():
        position = int(last[-1])
        evidence.last_dated = int(records["line_number"][position])
        evidence.last = _with_balance(records.filter(dated), layout).tail(1)
        evidence.tail.clear()
        rest = records.slice(position + 1)
    else:
        rest = records
    if len(evidence.tail) <= _LONGEST_FOOTER:
        fields = [f"f{index}" for index in range(len(layout.columns))]
        for row in rest.head(_LONGEST_FOOTER + 1).select("line_number", *fields).iter_rows():
            evidence.tail.append((row[0], _looks_like_data(row[1:], layout)))


def _with_balance(records: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """The records that have a balance, or all where none has."""
    column = layout.column(Role.BALANCE)
    filled = records if column is None else records.filter(pl.col(f"f{column}").str.strip_chars() != "")
    return filled if filled.height else records


def _looks_like_data(fields: tuple[str, ...], layout: Layout) -> bool:
    """Whether a record without a date is rather a transaction gone wrong than a total or a remark."""
    amounts = [fields[index] for index in amount_columns(layout)]
    if not any(any(char.isdigit() for char in text) for text in amounts):
        return False
    filled = [text for text in fields if text.strip()]
    has_words = any(char.isalpha() for text in filled for char in text)
    return has_words and len(filled) > 1 and not says_total(filled)


def _number_columns(layout: Layout) -> list[int]:
    others = (layout.column(Role.BALANCE), layout.column(Role.FEE))
    return [*amount_columns(layout), *(index for index in others if index is not None)]


def _valued_columns(layout: Layout) -> Iterator[int]:
    """Columns whose distinct values matter: indicators, currencies, accounts, and those of unknown name."""
    known = {index for role, indexes in layout.roles.items() if role not in _VALUED for index in indexes}
    yield from (index for index in range(len(layout.columns)) if index not in known)


_VALUED = frozenset(
    {
        Role.INDICATOR,
        Role.KIND,
        Role.DESCRIPTION,
        Role.CURRENCY,
        Role.BILLED_CURRENCY,
        Role.MAYBE_ACCOUNT,
        Role.CARD,
    }
)


def _add_pairs(evidence: Evidence, records: pl.DataFrame, layout: Layout) -> None:
    """Add accounts and currencies as written, by each column that may name the account (None: no column)."""
    roles = (Role.ACCOUNT, Role.MAYBE_ACCOUNT, Role.CARD)
    for account in {None, *(layout.column(role) for role in roles)}:
        seen = evidence.pairs.setdefault(account, {})
        if len(seen) <= _MOST_ACCOUNTS:
            chosen = [_stripped(account, "account"), _stripped(currency_column(layout), "currency")]
            seen.update(dict.fromkeys(records.select(chosen).unique(maintain_order=True).iter_rows()))


def _stripped(column: int | None, name: str) -> pl.Expr:
    text = pl.lit("") if column is None else pl.col(f"f{column}").str.strip_chars(" \"='\t")
    return text.alias(name)


def _refuse_undated(path: Readable, evidence: Evidence, layout: Layout) -> None:
    if not evidence.lines:
        return
    if not evidence.dated_lines:
        shown = ", ".join(map(repr, evidence.sample_dates))
        refuse(
            path.name,
            f"column {layout.name(Role.BOOKED)!r} holds no dates that can be read (it begins with {shown})",
            "Export the account's transactions with dates such as 2024-01-31, or as OFX or CAMT.053.",
        )


def _with_currency(layout: Layout, evidence: Evidence) -> Layout:
    """The layout without a "currency" that holds none: "Valuta" is the value date in some languages."""
    column = layout.column(Role.CURRENCY)
    values = {text for text in evidence.values.get(column, ()) if text} if column is not None else set()
    if column is None or not values or any(currency_of(text) is not None for text in values):
        return layout
    roles = dict(layout.roles)
    roles.pop(Role.CURRENCY)
    if Role.VALUE not in roles and all(DATE_SHAPE.match(text) for text in values):
        roles[Role.VALUE] = (column,)
    return replace(layout, roles=roles)


def _with_account(layout: Layout, evidence: Evidence) -> Layout:
    """The layout with the column that names the account, where one does.

    A column of cards or IBANs does where nothing else names the account and every line has a value in it; an
    IBAN that changes from line to line belongs to the other side.
    """
    if layout.column(Role.ACCOUNT) is not None or layout.account_ref:
        return layout
    for role in (Role.MAYBE_ACCOUNT, Role.CARD):
        column = layout.column(role)
        values = evidence.values.get(column, set()) if column is not None else set()
        if values and "" not in values and (role is Role.CARD or len(values) == 1):
            return replace(layout, roles={**layout.roles, Role.ACCOUNT: (column or 0,)})
    return layout


def _with_indicator(layout: Layout, evidence: Evidence) -> Layout:
    """The layout without "descriptions" that only say debit or credit, as the column Details of Chase."""
    described = layout.roles.get(Role.DESCRIPTION, ())
    saying = tuple(index for index in described if _directions(evidence, index))
    if not saying or len(saying) == len(described):
        return layout
    roles = {
        **layout.roles,
        Role.DESCRIPTION: tuple(index for index in described if index not in saying),
        Role.INDICATOR: (*layout.roles.get(Role.INDICATOR, ()), *saying)[:1],
    }
    return replace(layout, roles=roles)


def _directions(evidence: Evidence, column: int) -> dict[str, Direction] | None:
    """What each value of a column says of the direction; None when one of them says nothing."""
    values = evidence.values.get(column, set())
    return directions_in(pl.Series(sorted(values), dtype=pl.String)) if len(values) <= _MOST_VALUES else None


def _file_currency(layout: Layout, evidence: Evidence, hints: ReadingHints) -> tuple[str, str]:
    """The currency of lines that name none, and a note where it comes from other lines."""
    if layout.currency:
        return layout.currency, ""
    column = currency_column(layout)
    named = (
        {currency_of(text) for text in evidence.values.get(column, ())} - {None, ""}
        if column is not None
        else set()
    )
    balance = layout.column(Role.BALANCE)
    beside = layout.currencies.get(balance, "") if balance is not None else ""
    if len(named) == 1:
        code = str(next(iter(named)))
        has_gaps = "" in evidence.values.get(column or 0, set())
        return code, f"lines without a currency read as {code}, the file's only one" if has_gaps else ""
    return beside or currency_of(hints.currency) or "", ""


def _last_line(evidence: Evidence) -> int | None:
    """The last line of the table, None when there is nothing below it.

    The footer begins behind the last line that has a date or looks like data.
    """
    if not evidence.tail or len(evidence.tail) > _LONGEST_FOOTER or evidence.last_dated is None:
        return None
    data = [number for number, is_data in evidence.tail if is_data]
    last = max([evidence.last_dated, *data])
    return None if last == evidence.tail[-1][0] else last


def _with_decimal(dialect: Dialect, evidence: Evidence, hints: ReadingHints) -> tuple[Dialect, str]:
    column = currency_column(dialect.layout)
    codes = {currency_of(text) for text in evidence.values.get(column, ())} if column is not None else set()
    known = [code for code in (*codes, *dialect.layout.currencies.values(), dialect.currency) if code]
    decimals = max((exponent(code) for code in known), default=2)
    decimal, note = evidence.amounts.decide(decimals, hints.country)
    said = dialect.layout.confirmed.decimal if dialect.layout.confirmed else ""
    if said in _DECIMALS:
        decimal, note = _DECIMALS[said], f"decimal sign read as {said!r}, as you confirmed"
    return replace(dialect, decimal=decimal), note


def _refuse_without_currency(path: Readable, dialect: Dialect, evidence: Evidence) -> None:
    """Refuse a file none of whose lines has a currency: all of them would be in quarantine for one reason."""
    if dialect.currency or evidence.first is None:
        return
    if (
        statement_lines(evidence.first, replace(dialect, rule=SignRule(method_of(dialect.layout))))[
            "currency"
        ].null_count()
        == evidence.first.height
    ):
        refuse(
            path.name,
            "it names no currency, neither in a column nor in a header nor beside the amounts",
            "Import it again and say the currency of the account, such as EUR.",
        )


def _with_signs(dialect: Dialect, evidence: Evidence) -> tuple[Dialect, Proof, str]:
    """The dialect with its sign rule, what the balance proves, and a note where signs were not plain."""
    if evidence.first is None:
        return replace(dialect, rule=SignRule(method_of(dialect.layout))), Proof(), ""
    records = evidence.first
    if dialect.last_line is not None:
        records = records.filter(pl.col("line_number") <= dialect.last_line)
    dialect = _with_method(dialect, evidence, records)
    lines = statement_lines(records, dialect)
    proof = prove(lines)
    if dialect.layout.confirmed and (said := dialect.layout.confirmed.signs):
        is_inverted = said == "inverted"
        note = f"signs {'turned round' if is_inverted else 'read as written'}, as you confirmed"
        return replace(dialect, rule=replace(dialect.rule, is_inverted=is_inverted)), proof, note
    return (
        _with_fees(dialect, records, proof)
        or _with_steps(dialect, lines, proof)
        or _with_turn(dialect, proof)
        or _with_receipts(dialect, lines, proof)
        or (dialect, proof, _sign_note(dialect, lines, proof))
    )


def _with_fees(dialect: Dialect, records: pl.DataFrame, proof: Proof) -> tuple[Dialect, Proof, str] | None:
    """With the fees taken off, where the balance proves that they come on top."""
    if dialect.layout.column(Role.FEE) is None:
        return None
    with_fee = replace(dialect, rule=replace(dialect.rule, has_fee=True))
    fee_proof = prove(statement_lines(records, with_fee))
    if not (fee_proof.holds and fee_proof.as_read > proof.as_read):
        return None
    return with_fee, fee_proof, "fees were taken off the amounts, as the running balance proves"


def _with_steps(dialect: Dialect, lines: pl.DataFrame, proof: Proof) -> tuple[Dialect, Proof, str] | None:
    """With each sign from the step of the balance, where amounts have none and the steps go both ways."""
    is_unsigned = dialect.rule.method == "sign" and dialect.indicator_column is None
    if not (is_unsigned and proof.as_read and proof.inverted) or (lines["amount_minor"] < 0).any():
        return None
    found = {way: _directed_count(lines, is_ascending=way) for way in (True, False)}
    is_ascending = found[True] >= found[False]
    told = found[is_ascending]
    if proof.compared < _FEWEST_STEPS or told < _DIRECTED * proof.compared:
        return None
    rule = replace(dialect.rule, from_balance=True, is_ascending=is_ascending)
    note = f"amounts have no sign: the running balance gives it on {told} of {proof.compared} lines"
    return replace(dialect, rule=rule), Proof(proof.compared, told, 0, is_ascending), note


def _directed_count(lines: pl.DataFrame, *, is_ascending: bool) -> int:
    found = directed(lines, is_ascending=is_ascending)
    return found.len() - found.null_count()


def _with_turn(dialect: Dialect, proof: Proof) -> tuple[Dialect, Proof, str] | None:
    """With all signs turned round, where the balance proves it."""
    if not proof.contradicts:
        return None
    note = f"signs turned round: the running balance proves it on {proof.inverted} of {proof.compared} lines"
    return replace(dialect, rule=replace(dialect.rule, is_inverted=True)), proof, note


def _with_receipts(dialect: Dialect, lines: pl.DataFrame, proof: Proof) -> tuple[Dialect, Proof, str] | None:
    """With all signs turned round where a card's statement has purchases positive.

    Without a balance the lines say it themselves: what the holder pays in ("PAYMENT - THANK YOU") is negative
    and nearly everything else positive, or nothing is negative in a table that only cards have.
    """
    is_signed = dialect.rule.method == "sign" and dialect.indicator_column is None
    amounts = lines["amount_minor"].fill_null(0)
    if not is_signed or proof.holds or not (amounts > 0).any() or dialect.rule.has_plus:
        return None
    received = pl.Series([_says_received(text) for text in lines["description"]], dtype=pl.Boolean)
    spent = amounts.filter(~received & (amounts != 0))
    is_turned = bool((received & (amounts < 0)).any()) and not bool((received & (amounts > 0)).any())
    if _kinds_say_inverted(lines["bank_kind"], amounts):
        note = "signs turned round: the lines that the bank calls purchases are positive"
    elif is_turned and spent.len() and (spent > 0).sum() >= _DIRECTED * spent.len():
        note = "signs turned round: payments to the card are negative and its purchases positive"
    elif not received.any() and (amounts >= 0).all() and _is_of_card(dialect.layout):
        note = "signs turned round: it is a card's statement, all of whose amounts are positive"
    else:
        return None
    return replace(dialect, rule=replace(dialect.rule, is_inverted=True)), proof, note


def _kinds_say_inverted(kinds: pl.Series, amounts: pl.Series) -> bool:
    """Whether all lines of an outgoing kind are positive where others are negative."""
    said = pl.Series([direction_words().get(fold(kind or "")) for kind in kinds], dtype=pl.Int64)
    outgoing, incoming = amounts.filter(said == -1), amounts.filter(said == 1)
    return (
        bool((amounts < 0).any())
        and outgoing.len() > 0
        and bool((outgoing > 0).all())
        and not bool((incoming > 0).any())
    )


def _says_received(text: str | None) -> bool:
    said = f" {fold(text or '')} "
    return any(f" {phrase} " in said for phrase in receipt_words())


def _is_of_card(layout: Layout) -> bool:
    names = {fold(name) for name in layout.columns}
    return bool(names & set(card_words()))


def _sign_note(dialect: Dialect, lines: pl.DataFrame, proof: Proof) -> str:
    if proof.holds:
        return f"signs proved by the running balance on {proof.as_read} of {proof.compared} lines"
    if dialect.rule.method == "sign" and dialect.indicator_column is None:
        amounts = lines["amount_minor"].drop_nulls()
        negative = int((amounts < 0).sum())
        if amounts.len() and not negative:
            return "no amount is negative and nothing proves the direction: read as money coming in"
        if negative * 2 < amounts.len():
            return "most amounts are positive and nothing proves the direction: the signs were followed"
    return ""


def _with_method(dialect: Dialect, evidence: Evidence, records: pl.DataFrame) -> Dialect:
    """The dialect with how the direction is given: by sign, by two columns, or by an indicator column."""
    rule = SignRule(method_of(dialect.layout))
    amounts = amount_columns(dialect.layout)
    if rule.method == "columns":
        debits, credits_ = (
            cells.sign.filter(_is_nonzero(cells)) == -1
            for cells in (Amounts(records[f"f{index}"], dialect.decimal) for index in amounts)
        )
        marks_debits = debits.len() > 0 and bool(debits.all())
        marks_credits = credits_.len() > 0 and bool(credits_.all()) and debits.len() > 0 and not debits.any()
        rule = replace(rule, debit_is_negative=marks_debits, credit_is_negative=marks_credits)
        return replace(dialect, rule=rule)
    cells = Amounts(records[f"f{amounts[-1]}"], dialect.decimal)
    if indicator := _indicator(dialect, evidence):
        column, rule = indicator
        rule = _with_side(cells, records[f"f{column}"], rule)
        return replace(dialect, indicator_column=column, rule=rule)
    has_plus, has_minus = (bool((cells.sign == sign).any()) for sign in (1, -1))
    unmarked: Direction = -1 if has_plus and not has_minus else 1
    return replace(dialect, rule=replace(rule, unmarked=unmarked, has_plus=has_plus and has_minus))


def _is_nonzero(cells: Amounts) -> pl.Series:
    parts = cells.parts
    return parts["is_readable"].fill_null(value=False) & (parts["digits"] + parts["fraction"] != "")


def _indicator(dialect: Dialect, evidence: Evidence) -> tuple[int, SignRule] | None:
    """The column all of whose values say debit or credit; by name, else any one that says both."""
    layout = dialect.layout
    named = [*layout.roles.get(Role.INDICATOR, ()), *layout.roles.get(Role.KIND, ())]
    unknown = [
        index for index in evidence.values if not any(index in indexes for indexes in layout.roles.values())
    ]
    for column in (*named, *unknown):
        written = _directions(evidence, column)
        if written and (column in named or set(written.values()) == {-1, 1}):
            return column, SignRule("indicator", directions=written)
    return None


def _with_side(cells: Amounts, indicator: pl.Series, rule: SignRule) -> SignRule:
    """The rule with what the signs of amounts beside an indicator mean.

    Every debit negative and no credit: they are signed. The other way round: the sign marks the side, too.
    """
    directions = indicator.str.strip_chars().replace_strict(
        dict(rule.directions), default=None, return_dtype=pl.Int64
    )
    negative, nonzero = cells.sign == -1, _is_nonzero(cells)
    debits = negative.filter((directions == -1) & nonzero)
    credits_ = negative.filter((directions == 1) & nonzero)
    is_signed = debits.len() > 0 and bool(debits.all()) and not credits_.any()
    is_side = credits_.len() > 0 and bool(credits_.all()) and not debits.any()
    return replace(rule, is_signed=is_signed, is_side=is_side)


def _accounts(dialect: Dialect, evidence: Evidence, proof: Proof) -> tuple[StatementAccount, ...]:
    """The file's accounts; a single one with its balances where they are proved."""
    found: dict[tuple[str, str], None] = {}
    for account, currency in evidence.pairs.get(dialect.account_column, {}):
        ref = account_ref(account) if dialect.account_column is not None else ""
        found[ref or dialect.account_ref, currency_of(currency) or _default_currency(dialect)] = None
    if evidence.first is not None and any(not currency for _, currency in found):
        lines = statement_lines(evidence.first, dialect).select("account_ref", "currency").drop_nulls()
        found.update(dict.fromkeys(lines.unique(maintain_order=True).iter_rows()))
    is_card = dialect.account_column is not None and dialect.account_column == dialect.layout.column(
        Role.CARD
    )
    kind: AccountKind = "card" if is_card else "unknown"
    accounts = tuple(StatementAccount(ref, currency, kind=kind) for ref, currency in found if currency)
    if len(accounts) != 1 or not (proof.holds or proof.contradicts):
        return accounts
    opening, closing = _balances(dialect, evidence, is_ascending=proof.is_ascending)
    return (replace(accounts[0], opening_balance_minor=opening, closing_balance_minor=closing),)


def _default_currency(dialect: Dialect) -> str:
    layout = dialect.layout
    in_header = (layout.currencies[index] for index in amount_columns(layout) if index in layout.currencies)
    return next(in_header, dialect.currency)


def _balances(dialect: Dialect, evidence: Evidence, *, is_ascending: bool) -> tuple[int | None, int | None]:
    """The balance before the oldest line and after the newest one."""
    if evidence.first is None or evidence.last is None:
        return None, None
    first = _with_balance(evidence.first, dialect.layout).head(1)
    ends = statement_lines(pl.concat([first, evidence.last], how="diagonal"), dialect)
    oldest, newest = (ends.row(0, named=True), ends.row(1, named=True))
    if not is_ascending:
        oldest, newest = newest, oldest
    before, amount = oldest["balance_minor"], oldest["amount_minor"]
    return (None if before is None or amount is None else before - amount), newest["balance_minor"]


def _left_out(layout: Layout, evidence: Evidence) -> Iterator[str]:
    """Notes on lines of the file that are not transactions."""
    last = _last_line(evidence)
    footer = sum(1 for number, _ in evidence.tail if last is not None and number > last)
    counts = {
        f"{len(layout.preamble)} above the table": len(layout.preamble),
        f"{footer} below it": footer,
        f"{evidence.blank_lines} blank": evidence.blank_lines,
        f"{evidence.remarks} with totals, balances or names of columns": evidence.remarks,
    }
    if told := [text for text, count in counts.items() if count]:
        yield f"lines left out: {', '.join(told)}"
    if evidence.lines == footer:
        yield "the table holds no transactions"
