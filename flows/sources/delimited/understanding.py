"""How sure each decision about a table is, and by what: for a preview that a person can correct."""

from __future__ import annotations

from collections.abc import Iterator

from flows.sources.delimited.amounts import AmountEvidence
from flows.sources.delimited.dates import DateEvidence, Order, slashed
from flows.sources.delimited.encoding import Encoding
from flows.sources.delimited.layout import PART_RANK, Layout, role_of
from flows.sources.delimited.mapping import ROLES
from flows.sources.delimited.profile import Profile
from flows.sources.delimited.reading import Dialect, currency_column
from flows.sources.delimited.signs import Proof
from flows.sources.delimited.vocabulary import DECIMAL_POINT, MONTH_FIRST, Role
from warehouse.records import Decision, ReadingHints

#: Below this a decision is doubtful: a person should look at it.
DOUBTFUL = 0.8
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
_PROVED, _SURE, _LIKELY, _OPEN, _GUESS = 1.0, 0.95, 0.85, 0.7, 0.4
_USUAL: tuple[Order, ...] = ("DMY", "MDY")
_CONFIRMED = "you confirmed it"


def decisions(encoding: Encoding, decided: Profile, hints: ReadingHints) -> tuple[Decision, ...]:
    """Every decision about a table, in the order in which a reader takes them."""
    return tuple(_decisions(encoding, decided, hints))


def _decisions(encoding: Encoding, decided: Profile, hints: ReadingHints) -> Iterator[Decision]:
    layout = decided.dialect.layout
    yield _encoding(encoding)
    yield Decision(
        "delimiter",
        _DELIMITERS.get(layout.delimiter, repr(layout.delimiter)),
        _SURE if layout.header_line else _LIKELY,
        f"it cuts {'the header' if layout.header_line else 'the lines'} into {len(layout.columns)} columns",
    )
    yield _header(layout)
    for index in range(len(layout.columns)):
        yield _column(layout, index, decided.dialect)
    yield from _dates(decided.evidence.dates, decided.dialect, hints.country)
    yield _decimal(decided.evidence.amounts, decided.dialect, hints.country)
    yield _signs(decided)
    yield _currency(layout, decided.dialect, hints)
    yield _account(layout, decided.dialect, hints)


def _encoding(encoding: Encoding) -> Decision:
    if not encoding.is_sound:
        return Decision("encoding", encoding.codec, _OPEN, encoding.note)
    if encoding.note:
        return Decision("encoding", encoding.codec, _LIKELY, "its letters are the usual ones in these words")
    return Decision("encoding", encoding.codec, _PROVED, "all bytes fit it")


def _header(layout: Layout) -> Decision:
    if layout.confirmed and layout.header_line:
        return Decision("header", f"line {layout.header_line}", _PROVED, _CONFIRMED)
    if not layout.header_line:
        return Decision("header", "none", _LIKELY, "the first lines are transactions already")
    known = sum(role_of(name) is not None for name in layout.columns)
    confidence = min(_SURE, 0.6 + 0.1 * known)
    evidence = f"{known} of its {len(layout.columns)} names are known"
    return Decision("header", f"line {layout.header_line}", round(confidence, 2), evidence)


def _column(layout: Layout, index: int, dialect: Dialect) -> Decision:
    """What a column holds: by the user's word, by its name, or by what its cells say."""
    name = layout.columns[index]
    subject = f"column {name!r}"
    role = next((role for role, indexes in layout.roles.items() if index in indexes), None)
    if index == dialect.indicator_column:
        role = Role.INDICATOR
    said = "not used" if role in {None, Role.OTHER} else str(role)
    if layout.confirmed and role in _confirmed_roles(layout):
        return Decision(subject, said, _PROVED, _CONFIRMED)
    known = role_of(name)
    if known is None:
        evidence = "its name is not known" if role is None else "told by what its cells hold"
        return Decision(subject, said, _LIKELY if role is None else 0.8, evidence)
    if role is not None and known[0] is not role:
        return Decision(subject, said, _LIKELY, "told by its name and by what its cells hold")
    is_whole = known[1] < PART_RANK
    return Decision(
        subject, said, _SURE if is_whole else _LIKELY, "by its name" if is_whole else "by a part of its name"
    )


def _confirmed_roles(layout: Layout) -> set[Role | None]:
    """Roles whose columns the user has named."""
    return {ROLES[word] for word, _ in layout.confirmed.columns} if layout.confirmed else set()


def _dates(evidence: DateEvidence, dialect: Dialect, country: str) -> Iterator[Decision]:
    confirmed = dialect.layout.confirmed
    for form, order in dialect.orders.items():
        subject = "date order" if form == "numeric" else "order of dates without separators"
        if confirmed and confirmed.date_order:
            yield Decision(subject, slashed(order), _PROVED, _CONFIRMED)
        elif counts := evidence.readable.get(form):
            yield Decision(subject, slashed(order), *_order_confidence(evidence, counts, order, country))


def _order_confidence(
    evidence: DateEvidence, counts: dict[Order, int], order: Order, country: str
) -> tuple[float, str]:
    most = max(count for other, count in counts.items() if other != order)
    if counts[order] > most:
        proving = counts[order] - most
        return 0.99, f"{proving} of {counts[order]} different dates can be read in no other order"
    if evidence.dotted and order == "DMY":
        return _SURE, "dots are written between day, month and year"
    rivals = [other for other in _USUAL if other != order and counts[other] == counts[order]]
    if not rivals:
        return _LIKELY, "another order would spread the lines over many years"
    if evidence.monotonic.get(order) and not any(evidence.monotonic.get(rival) for rival in rivals):
        return _LIKELY, "it puts the lines in order, and another one does not"
    if country and (order == "MDY") == (country in MONTH_FIRST):
        return _OPEN, f"usual in {country}; the file leaves it open"
    return _GUESS, "the file leaves it open"


def _decimal(evidence: AmountEvidence, dialect: Dialect, country: str) -> Decision:
    sign, confirmed = dialect.decimal, dialect.layout.confirmed
    if confirmed and confirmed.decimal:
        return Decision("decimal mark", sign, _PROVED, _CONFIRMED)
    proving, against = (evidence.point, evidence.comma) if sign == "." else (evidence.comma, evidence.point)
    if proving:
        share = proving / (proving + against)
        return Decision(
            "decimal mark", sign, round(share, 2), f"{proving} amounts can be read in no other way"
        )
    if evidence.open_point or evidence.open_comma:
        return Decision("decimal mark", sign, _OPEN, "amounts such as 1,234 are read as thousands")
    usual = "." if country in DECIMAL_POINT else ","
    return Decision("decimal mark", sign, _SURE, f"no amount has decimals (usual: {usual})")


def _signs(decided: Profile) -> Decision:
    """Where the direction of money comes from."""
    rule, proof, layout = decided.dialect.rule, decided.proof, decided.dialect.layout
    proved = (
        f"the running balance proves it on {max(proof.as_read, proof.inverted)} of {proof.compared} lines"
    )
    if layout.confirmed and layout.confirmed.signs:
        return Decision("signs", layout.confirmed.signs, _PROVED, _CONFIRMED)
    if rule.from_balance:
        return Decision("signs", "each from the step of the running balance", _SURE, proved)
    if rule.is_inverted and proof.contradicts:
        return Decision("signs", "turned round", _PROVED, proved)
    if rule.is_inverted:
        return Decision("signs", "turned round", _LIKELY, "purchases of a card are written as positive")
    if proof.holds:
        return Decision("signs", _source(decided.dialect), _PROVED, proved)
    return _unproved_signs(decided, proof)


def _unproved_signs(decided: Profile, proof: Proof) -> Decision:
    dialect = decided.dialect
    source = _source(dialect)
    if dialect.rule.method == "columns" or dialect.indicator_column is not None:
        return Decision("signs", source, _SURE, "debit and credit are told apart")
    if not decided.has_outflow:
        return Decision("signs", source, _GUESS, "no amount is negative, and nothing proves the direction")
    if proof.compared and proof.inverted > proof.as_read:
        return Decision("signs", source, _GUESS, "the running balance speaks against it")
    confidence = _OPEN if decided.is_mostly_inflow else 0.9
    return Decision("signs", source, confidence, "amounts of both signs; no balance proves them")


def _source(dialect: Dialect) -> str:
    if dialect.rule.method == "columns":
        return "by the debit and the credit column"
    if dialect.indicator_column is not None:
        return f"by column {dialect.layout.columns[dialect.indicator_column]!r}"
    return "unmarked is debit" if dialect.rule.unmarked < 0 else "as written"


def _currency(layout: Layout, dialect: Dialect, hints: ReadingHints) -> Decision:
    column = currency_column(layout)
    if layout.confirmed and layout.confirmed.currency:
        return Decision("currency", layout.confirmed.currency, _PROVED, _CONFIRMED)
    if column is not None:
        return Decision("currency", "of each line", _PROVED, f"column {layout.columns[column]!r}")
    if layout.currencies or layout.currency:
        code = layout.currency or next(iter(layout.currencies.values()))
        return Decision("currency", code, _SURE, "named above the table or in its header")
    if dialect.currency and dialect.currency != hints.currency:
        return Decision("currency", dialect.currency, _SURE, "named beside the balances")
    return Decision("currency", dialect.currency or "beside each amount", _OPEN, "the file names none: yours")


def _account(layout: Layout, dialect: Dialect, hints: ReadingHints) -> Decision:
    if layout.confirmed and layout.confirmed.account_ref:
        return Decision("account", layout.confirmed.account_ref, _PROVED, _CONFIRMED)
    if dialect.account_column is not None:
        return Decision(
            "account", "of each line", _SURE, f"column {layout.columns[dialect.account_column]!r}"
        )
    if layout.account_ref:
        return Decision("account", layout.account_ref, 0.9, "named above the table")
    return Decision("account", hints.account_ref or "none", _OPEN, "the file names none")
