"""ISO 20022 bank-to-customer statement, CAMT.053, in the versions that banks send."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import TYPE_CHECKING

from flows.generator.events import ATM, BANK, CARD, DEBIT
from flows.generator.statements import decimal

if TYPE_CHECKING:
    from flows.generator.accounts import Account
    from flows.generator.statements import Line, Statement

VERSION_8 = frozenset({"de-rhein", "kw-pearl", "bg-vitosha"})
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"
REMITTANCE_LENGTH = 140
DOMAINS = {CARD: ("CCRD", "POSD"), ATM: ("CCRD", "CWDL"), DEBIT: ("RDDT", "ESDD"), BANK: ("MDOP", "COMM")}


def write(statement: Statement) -> tuple[bytes, list[int]]:
    """A CAMT.053 document in UTF-8."""
    modern = statement.account.bank.code in VERSION_8
    version = "camt.053.001.08" if modern else "camt.053.001.02"
    text = "".join(
        (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{version}"><BkToCstmrStmt>',
            _head(statement),
            _account(statement.account, statement.holder, modern=modern),
            _balance("OPBD", statement.opening_minor, statement.account.currency, statement.start),
            _balance("CLBD", statement.closing_minor, statement.account.currency, statement.as_of),
            "\n",
            *(_entry(line, statement.account.currency, modern=modern) for line in statement.lines),
            "</Stmt></BkToCstmrStmt></Document>\n",
        )
    )
    return text.encode(), list(range(1, len(statement.lines) + 1))


def _head(statement: Statement) -> str:
    identity = f"{statement.account.ref[-6:]}-{statement.start:%y%m%d}-{statement.as_of:%y%m%d}"
    made = f"<CreDtTm>{statement.as_of}T23:30:00</CreDtTm>"
    period = f"<FrDtTm>{statement.start}T00:00:00</FrDtTm><ToDtTm>{statement.as_of}T23:59:59</ToDtTm>"
    group = f"<GrpHdr><MsgId>{identity}</MsgId>{made}</GrpHdr>"
    return f"{group}<Stmt><Id>{identity}</Id>{made}<FrToDt>{period}</FrToDt>"


def _account(account: Account, holder: str, *, modern: bool) -> str:
    is_iban = account.ref[:2].isalpha() and account.ref[2:4].isdigit()
    identity = f"<IBAN>{account.ref}</IBAN>" if is_iban else f"<Othr><Id>{account.ref}</Id></Othr>"
    code = f"{account.bank.code[:2].upper()}BK{account.bank.country}XX".ljust(8, "X")
    agent = f"<BICFI>{code}</BICFI>" if modern else f"<BIC>{code}</BIC>"
    owner, bank = escape(holder, quote=False), escape(account.bank.name, quote=False)
    return (
        f"<Acct><Id>{identity}</Id><Ccy>{account.currency}</Ccy><Ownr><Nm>{owner}</Nm></Ownr>"
        f"<Svcr><FinInstnId>{agent}<Nm>{bank}</Nm></FinInstnId></Svcr></Acct>"
    )


def _signed(minor: int, currency: str) -> str:
    direction = "DBIT" if minor < 0 else "CRDT"
    return f'<Amt Ccy="{currency}">{decimal(abs(minor), currency)}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'


def _balance(code: str, minor: int, currency: str, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_signed(minor, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(line: Line, currency: str, *, modern: bool) -> str:
    status = "PDNG" if line.is_pending else "BOOK"
    family, sub = DOMAINS.get(line.channel, ("ICDT" if line.amount_minor < 0 else "RCDT", "ESCT"))
    kind = f"<Cd>PMNT</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly>"
    parts = (
        f"<Ntry>{_signed(line.amount_minor, currency)}",
        f"<Sts><Cd>{status}</Cd></Sts>" if modern else f"<Sts>{status}</Sts>",
        f"<BookgDt><Dt>{line.booked_date}</Dt></BookgDt><ValDt><Dt>{line.value_date}</Dt></ValDt>",
        f"<AcctSvcrRef>{line.reference}</AcctSvcrRef>" if line.reference else "",
        f"<BkTxCd><Domn>{kind}</Domn></BkTxCd>",
        f"<NtryDtls><TxDtls>{_details(line, modern=modern)}</TxDtls></NtryDtls></Ntry>\n",
    )
    return "".join(parts)


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
