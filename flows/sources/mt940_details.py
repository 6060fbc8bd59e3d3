"""The text of a SWIFT statement line (:86:): subfields of German and Polish banks, SWIFT codes, or plain."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flows.sources.lines import one_text

#: Banks break the text after 65 characters (some after 64), in the middle of a word.
_LINE_WIDTH = 64
_SUBFIELD_WIDTH = 27
_SUBFIELDS = re.compile(r"\s*(?P<code>\d{3})?\s*(?P<mark>[?<>~^@§|#$*!])(?=\d\d)")
_BARE_CODE = re.compile(r"\s*\d{3}\s*")
_SEPA = re.compile(r"\b(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|PURP)\+")
_CODE = re.compile(r"(?:^|(?<=/))(?=/?[A-Z]{3,4}/)/?([A-Z]{3,4})/")
#: Codes that stand before one another, the second saying what the text is: /BENM//NAME/ and /REMI/USTD//.
_PARTIES = frozenset({"BENM", "ORDP", "ULTB", "ULTD"})
_TEXTS = frozenset({"REMI", "PREF", "PURP", "TRTP"})
_KNOWN = _PARTIES | _TEXTS | {
    "EREF", "IBAN", "BIC", "NAME", "CNTP", "MARF", "CSID", "ISDT", "RTRN", "ID", "ADDR", "CHGS",
    "OCMT", "EXCH", "CREF", "SVCL", "INIT", "ULTC", "NRTX", "UDTR", "UCRD", "SWOC", "SWOD",
    "TRCD", "BO", "BO1", "IREF",
    "RREF", "TXT", "RFB", "KREF", "USTD", "STRD",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Details:
    """What a :86: says: who, for what, and the bank's own code of the kind."""

    counterparty: str = ""
    text: str = ""
    code: str = ""


def read_details(content: str) -> Details:
    """The parts of a :86: field as received, with its line ends."""
    lines = [line for line in content.split("\n") if line.strip()]
    if not lines:
        return Details()
    if len(lines) > 1 and _BARE_CODE.fullmatch(lines[0]) and _SUBFIELDS.match(lines[1]):
        lines = lines[1:]  # Polish banks write the kind in a field of its own first
    if found := _SUBFIELDS.match(lines[0]):
        return _from_subfields("".join(lines), found)
    text = unwrapped(lines)
    if text.startswith("/") and (codes := _codes(text)):
        return _from_codes(codes)
    return Details(text=one_text(text))


def unwrapped(lines: list[str]) -> str:
    """Lines as one text; one that fills the width was broken where it happened to end."""
    parts: list[str] = []
    for line in lines:
        parts += [line, "" if len(line) >= _LINE_WIDTH else " "]
    return "".join(parts).strip()


def _from_subfields(text: str, found: re.Match[str]) -> Details:
    """Details written as ?20...?32...: 00 the kind, 20 to 29 and 60 to 63 the purpose, 32 and 33 who."""
    mark = re.escape(found["mark"])
    parts = re.split(rf"{mark}(\d\d)", text[found.end("code") if found["code"] else 0 :])
    fields = list(zip(parts[1::2], parts[2::2], strict=True))
    purpose = _joined([text for number, text in fields if "20" <= number <= "29" or "60" <= number <= "63"])
    name = " ".join(_joined([text for number, text in fields if number in {"32", "33"}]).split())
    posting = " ".join(text for number, text in fields if number == "00").strip()
    said = _without_references(purpose)
    return Details(name, one_text(said or ("" if name and not posting else posting)), found["code"] or "")


def _joined(parts: list[str]) -> str:
    """Subfields as one text; one that fills its width runs on in the next."""
    texts: list[str] = []
    for part in parts:
        texts += [part, "" if len(part) >= _SUBFIELD_WIDTH else " "]
    return "".join(texts).strip()


def _without_references(purpose: str) -> str:
    """What SVWZ+ introduces, where the purpose is cut up by SEPA's words; otherwise all of it."""
    parts = _SEPA.split(purpose)
    texts = [text for word, text in zip(parts[1::2], parts[2::2], strict=True) if word == "SVWZ"]
    return " ".join([parts[0], *texts]).strip() if texts else purpose


def _codes(text: str) -> list[tuple[str, str]]:
    """Codes such as /REMI/ with the text up to the next one; none where a text only begins with a slash."""
    known = [found for found in _CODE.finditer(text) if found[1] in _KNOWN]
    if not known or known[0].start() > 0:
        return []
    ends = [*(found.start() for found in known[1:]), len(text)]
    return [(found[1], text[found.end() : end].strip("/ ")) for found, end in zip(known, ends, strict=True)]


def _from_codes(codes: list[tuple[str, str]]) -> Details:
    name = next((text for code, text in codes if code == "NAME" and text), "")
    if not name:
        party = next((text for code, text in codes if code == "CNTP"), "")
        name = (party.split("/") + [""] * 3)[2]  # account / bank / name / town
    texts = [text for code, text in codes if code in {"REMI", "USTD", "STRD", "TXT"} and text]
    kind = next((text for code, text in codes if code == "TRTP"), "")
    others = [text for code, text in codes if code not in {"NAME", "IBAN", "BIC", "ISDT", "CSID", "MARF"}]
    return Details(name.strip(), one_text(*(texts or [kind] if texts or kind else others)))
