"""Zip archives: each member is a file of its own; what could do harm stays packed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from flows.archives import FoundFile, RefusedFile, opened
from tests.flows.conftest import Ingest

CSV = "Date,Description,Amount,Currency\n2026-03-02,{},-23.40,EUR\n2026-03-03,{},-1.40,EUR\n"


def packed(members: dict[str, bytes | str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def open_one(tmp_path: Path, content: bytes) -> list[FoundFile | RefusedFile]:
    path = tmp_path / "archive.zip"
    path.write_bytes(content)
    return list(opened([path], tmp_path / "unpacked"))


def test_each_member_is_a_batch_of_its_own(ingest_files: Ingest, tmp_path: Path) -> None:
    inner = packed({"february.csv": CSV.format("Inner", "b")})
    path = tmp_path / "year.zip"
    path.write_bytes(
        packed({"sub/january.csv": CSV.format("Outer", "b"), "more.zip": inner, "readme.pdf": b"%PDF-1.4 x"})
    )
    outcomes = ingest_files(path)
    told = [(Path(outcome.file).relative_to(tmp_path).as_posix(), outcome.outcome) for outcome in outcomes]
    assert told == [
        ("year.zip/sub/january.csv", "loaded"),
        ("year.zip/more.zip/february.csv", "loaded"),
        ("year.zip/readme.pdf", "refused"),
    ]
    assert "it is a PDF document" in str(outcomes[2].refusal)
    again = ingest_files(path)
    assert [outcome.outcome for outcome in again] == ["known", "known", "refused"]


def test_members_keep_the_content_and_never_the_path(tmp_path: Path) -> None:
    (found,) = open_one(tmp_path, packed({"a/b/c.csv": "x"}))
    assert isinstance(found, FoundFile)
    assert (found.name, found.path.read_text()) == ("archive.zip/a/b/c.csv", "x")
    assert found.path.is_relative_to(tmp_path / "unpacked")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed({"../evil.csv": "x"}), "would write outside of its folder"),
        (packed({"/etc/evil.csv": "x"}), "would write outside of its folder"),
        (packed({"C:\\evil.csv": "x"}), "would write outside of its folder"),
        (packed({}), "the zip archive is empty"),
        (packed({"a.csv": "x" * 100})[:60], "the zip archive is broken"),
        (packed({"bomb.csv": b"\x00" * (40 << 20)}), "as a decompression bomb does"),
        (packed({f"{number}.csv": "" for number in range(2001)}), "holds more than 2,000 files"),
        (packed({"a.zip": packed({"b.zip": packed({"c.csv": "x"})})}), "an archive within archives"),
    ],
    ids=["outside", "absolute", "drive", "empty", "broken", "bomb", "many", "nested"],
)
def test_what_could_do_harm_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    refused = [one for one in open_one(tmp_path, content) if isinstance(one, RefusedFile)]
    assert len(refused) == 1
    assert said in refused[0].refusal


def test_a_member_with_a_password_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    content = bytearray(packed({"secret.csv": "x", "open.csv": "y"}))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1  # the flag of encryption, in both headers
    refused, found = open_one(tmp_path, bytes(content))
    assert isinstance(refused, RefusedFile)
    assert "it is protected with a password" in refused.refusal
    assert isinstance(found, FoundFile)


def test_a_damaged_member_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    text = bytes(range(200)) * 20
    content = packed({"bad.csv": text, "good.csv": "y"})
    place = content.index(b"bad.csv") + 20
    damaged = content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
    refused, found = open_one(tmp_path, damaged)
    assert isinstance(refused, RefusedFile)
    assert "it cannot be unpacked" in refused.refusal
    assert isinstance(found, FoundFile)
