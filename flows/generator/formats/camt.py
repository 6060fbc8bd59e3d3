"""ISO 20022 bank-to-customer statement, CAMT.053, in the versions that banks send."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.statements import Line, Statement

VERSION_8 = frozenset({"de-rhein", "kw-pearl", "bg-vitosha"})
REMITTANCE_LENGTH = 140
DOMAINS = {CARD: "CCRD/POSD", ATM: "CCRD/CWDL", DEBIT: "RDDT/ESDD", BANK: "MDOP/CHRG"}


def write(statement: Statement) -> tuple[bytes, list[int]]:
    """A CAMT.053 document in UTF-8."""
    account = statement.account
    modern = account.bank.code in VERSION_8
    version = "camt.053.001.08" if modern else "camt.053.001.02"
    entries = "".join(_entry(line, account.currency, modern=modern) for line in statement.lines)
    opening = _balance("OPBD", statement.opening_minor, account.currency, f"{statement.start:%Y-%m-%d}")
    closing = _balance("CLBD", statement.closing_minor, account.currency, f"{statement.as_of:%Y-%m-%d}")
    identity = f"{account.ref[-6:]}-{statement.start:%y%m%d}-{statement.as_of:%y%m%d}"
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>{identity}</MsgId><CreDtTm>{statement.as_of:%Y-%m-%d}T23:30:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{identity}</Id><CreDtTm>{statement.as_of:%Y-%m-%d}T23:30:00</CreDtTm><FrToDt>"
        f"<FrDtTm>{statement.start:%Y-%m-%d}T00:00:00</FrDtTm><ToDtTm>{statement.as_of:%Y-%m-%d}T23:59:59</ToDtTm></FrToDt>"
        f"{_account(account, statement.holder, modern=modern)}{opening}{closing}\n{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )
    return text.encode(), list(range(1, len(statement.lines) + 1))


def _account(account: Account, holder: str, *, modern: bool) -> str:
    is_iban = account.ref[:2].isalpha() and account.ref[2:4].isdigit()
    identity = f"<IBAN>{account.ref}</IBAN>" if is_iban else f"<Othr><Id>{account.ref}</Id></Othr>"
    code = f"{account.bank.code[:2].upper()}BK{account.bank.country}XX".ljust(8, "X")
    agent = f"<BICFI>{code}</BICFI>" if modern else f"<BIC>{code}</BIC>"
    return (
        f"<Acct><Id>{identity}</Id><Ccy>{account.currency}</Ccy><Ownr><Nm>{escape(holder, quote=False)}</Nm></Ownr>"
        f"<Svcr><FinInstnId>{agent}<Nm>{escape(account.bank.name, quote=False)}</Nm></FinInstnId></Svcr></Acct>"
    )


def _signed(minor: int, currency: str) -> str:
    direction = "DBIT" if minor < 0 else "CRDT"
    return f'<Amt Ccy="{currency}">{decimal(abs(minor), currency)}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'


def _balance(code: str, minor: int, currency: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(minor, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(line: Line, currency: str, *, modern: bool) -> str:
    status = "PDNG" if line.is_pending else "BOOK"
    status = f"<Cd>{status}</Cd>" if modern else status
    reference = f"<AcctSvcrRef>{line.reference}</AcctSvcrRef>" if line.reference else ""
    domain = f"{'PMNT'}/{DOMAINS.get(line.channel, 'ICDT/ESCT' if line.amount_minor < 0 else 'RCDT/ESCT')}"
    family, sub = domain.split("/")[1:]
    return (
        f"<Ntry>{_signed(line.amount_minor, currency)}<Sts>{status}</Sts>"
        f"<BookgDt><Dt>{line.booked_date:%Y-%m-%d}</Dt></BookgDt><ValDt><Dt>{line.value_date:%Y-%m-%d}</Dt></ValDt>{reference}"
        f"<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"<NtryDtls><TxDtls>{_details(line, modern=modern)}</TxDtls></NtryDtls></Ntry>\n"
    )


def _details(line: Line, *, modern: bool) -> str:
    text = escape(line.text, quote=False)
    remittance = "".join(
        f"<Ustrd>{text[i : i + REMITTANCE_LENGTH]}</Ustrd>" for i in range(0, len(text), REMITTANCE_LENGTH)
    )
    return f"{_original(line)}{_parties(line, modern=modern)}<RmtInf>{remittance}</RmtInf>"


def _original(line: Line) -> str:
    if not line.original_currency:
        return ""
    amount = decimal(abs(line.original_minor), line.original_currency)
    return f'<AmtDtls><InstdAmt><Amt Ccy="{line.original_currency}">{amount}</Amt></InstdAmt></AmtDtls>'


def _parties(line: Line, *, modern: bool) -> str:
    if not line.counterparty:
        return ""
    role = "Cdtr" if line.amount_minor < 0 else "Dbtr"
    name = f"<Nm>{escape(line.counterparty, quote=False)}</Nm>"
    party = f"<Pty>{name}</Pty>" if modern else name
    return f"<RltdPties><{role}>{party}</{role}></RltdPties>"
