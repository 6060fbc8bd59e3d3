"""Writers of the formats that banks offer, by the name that an account's bank gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.generator.formats import camt, mt940, ofx, qif, tables

if TYPE_CHECKING:
    from flows.generator.statements import Writer

#: Format name to writer and file extension.
WRITERS: dict[str, tuple[Writer, str]] = {
    "ofx1": (ofx.write_sgml, "ofx"),
    "ofx2": (ofx.write_xml, "ofx"),
    "camt053": (camt.write, "xml"),
    "mt940": (mt940.write, "sta"),
    "qif": (qif.write, "qif"),
    **{f"csv-{name}": (tables.writer(dialect), "csv") for name, dialect in tables.DIALECTS.items()},
}

#: Formats that can say of a line that it is still pending.
WITH_PENDING = frozenset(
    {"camt053", *(f"csv-{name}" for name, d in tables.DIALECTS.items() if d.shows_status)}
)
