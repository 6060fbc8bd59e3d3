"""The markup of OFX, 1.x (SGML without closing tags) and 2.x (XML), as a stream of closed aggregates.

ofxtools, the best kept library for OFX, was measured on real exports and not used here: it refuses files
whose header is missing or comes after many blank lines, and converting to its models is all or nothing, so
that one impossible date loses the whole statement. The tests compare this reader with it where it does read a
file.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Aggregates whose fields must not mix with those of the aggregate around them. Any other one is
#: taken as part of its parent, so that banks' own additions do no harm.
AGGREGATES = frozenset(
    [
        "OFX",
        "SONRS",
        "STATUS",
        "FI",
        "STMTTRNRS",
        "CCSTMTTRNRS",
        "INVSTMTTRNRS",
        "STMTRS",
        "CCSTMTRS",
        "INVSTMTRS",
        "ACCTINFORS",
        "ACCTINFO",
        "BANKACCTFROM",
        "CCACCTFROM",
        "INVACCTFROM",
        "BANKACCTTO",
        "CCACCTTO",
        "BANKTRANLIST",
        "BANKTRANLISTP",
        "CCTRANLISTP",
        "INVTRANLIST",
        "INVBANKTRAN",
        "STMTTRN",
        "STMTTRNP",
        "PAYEE",
        "CURRENCY",
        "ORIGCURRENCY",
        "LEDGERBAL",
        "AVAILBAL",
        "INVBAL",
        "BALLIST",
        "BAL",
        "IMAGEDATA",
        "INVPOSLIST",
        "SECLIST",
    ]
)

_TOKEN = re.compile(r"<(?P<close>/?)(?P<tag>[A-Za-z][\w.\-]*)(?:\s[^<>]*|/)?>(?P<text>[^<]*)")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_XML_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"']([A-Za-z0-9._\-]+)[\"']")
_HEADER = re.compile(rb"^\s*(ENCODING|CHARSET)\s*:\s*([^\r\n<]*)", re.MULTILINE | re.IGNORECASE)


@dataclass(slots=True)
class Aggregate:
    """An OFX aggregate: its own elements, and the known aggregates below that are not transactions."""

    tag: str
    parent: Aggregate | None = None
    fields: dict[str, str] = field(default_factory=dict)
    children: dict[str, Aggregate] = field(default_factory=dict)

    def text(self, *path: str) -> str:
        """The element at the end of a path of aggregates, "" where there is none."""
        below: Aggregate | None = self
        for tag in path[:-1]:
            below = below.children.get(tag) if below else None
        return below.fields.get(path[-1], "") if below else ""

    def above(self, *tags: str) -> Aggregate | None:
        """The nearest aggregate around this one with one of the tags."""
        found = self.parent
        while found is not None and found.tag not in tags:
            found = found.parent
        return found


def decode(content: bytes) -> str:
    """An OFX file's text, by what the bytes are before what the header claims.

    Text that is valid UTF-8 is UTF-8, even under "CHARSET:1252", which many banks copy from each other;
    otherwise CHARSET names the code page, and "ENCODING:USASCII" says only that characters are single bytes.
    """
    for codec in ("utf-8-sig", _declared_codec(content)):
        try:
            return content.decode(codec).replace("\x00", "")
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1252", "replace").replace("\x00", "")


def aggregates(text: str) -> Iterator[Aggregate]:
    """Every known aggregate at the moment when it closes, in file order.

    An aggregate that is never closed is closed by the end of one around it, or not at all when the file ends.
    """
    top: Aggregate | None = None
    for token in _TOKEN.finditer(_CDATA.sub(lambda match: html.escape(match[1]), text)):
        tag = token["tag"].upper()
        if token["close"]:
            yield from (closed := _closed(top, tag))
            top = closed[-1].parent if closed else top
        elif tag in AGGREGATES:
            top = Aggregate(tag, top)
        elif top is not None and (value := html.unescape(token["text"]).strip()):
            top.fields.setdefault(tag, value)


def _closed(top: Aggregate | None, tag: str) -> list[Aggregate]:
    """The open aggregates that a closing tag ends, innermost first; none when it ends a mere element."""
    chain: list[Aggregate] = []
    while top is not None:
        chain.append(top)
        if top.tag == tag:
            for aggregate in chain:
                _attach(aggregate)
            return chain
        top = top.parent
    return []


def _attach(aggregate: Aggregate) -> None:
    """Let the parent know a small aggregate; transactions would keep a whole file in memory."""
    if aggregate.parent is not None and aggregate.tag not in {
        "STMTTRN",
        "STMTTRNP",
        "INVBANKTRAN",
        "ACCTINFO",
    }:
        aggregate.parent.children.setdefault(aggregate.tag, aggregate)


def _declared_codec(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:4096]
    if xml := _XML_ENCODING.search(head):
        return xml[1].decode("ascii")
    declared = {key.upper(): value.strip().decode("ascii", "replace") for key, value in _HEADER.findall(head)}
    charset = declared.get(b"CHARSET", "")
    if charset.isdigit():
        return f"cp{charset}"
    return charset if charset not in {"", "NONE"} else "cp1252"
