"""Files made to harm: refused by their content or kept within the limits, and the next one is read."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.receipts import opening
from flows.receipts.decoding import LONGEST_SIDE, MOST_BYTES, MOST_PAGES
from flows.receipts.opening import ReceiptRefusedError, open_pages


def document(*bodies: bytes, trailer: bytes = b"") -> bytes:
    """A PDF whose objects 1, 2, ... are the given bodies; the first is its catalogue."""
    out, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = b"/Size %d /Root 1 0 R %b" % (len(bodies) + 1, trailer)
    return out + b"trailer\n<<%b>>\nstartxref\n%d\n%%%%EOF\n" % (tail, start)


def one_page(width: int, height: int, *more: bytes, page: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page of so many points; ``more`` are objects from number 4 on."""
    return document(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]%b>>" % (width, height, page),
        *more,
        trailer=trailer,
    )


def stream(head: bytes, body: bytes) -> bytes:
    return b"<<%b/Length %d>>\nstream\n%b\nendstream" % (head, len(body), body)


def locked() -> bytes:
    """A PDF that asks for a password nobody has."""
    lock = b"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<%b>/U<%b>>>" % (b"ab" * 32, b"cd" * 32)
    return one_page(300, 400, lock, trailer=b"/Encrypt 4 0 R/ID[<00><00>]")


def picture_that_swells(side: int) -> bytes:
    """A small PDF whose one picture unpacks to 3 x side x side bytes."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b"\0" * 3 * side) for _ in range(side)) + packer.flush()
    head = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB" % (side, side)
    image = stream(head + b"/BitsPerComponent 8/Filter/FlateDecode", body)
    page = b"/Contents 5 0 R/Resources<</XObject<</I 4 0 R>>>>"
    return one_page(300, 400, image, stream(b"", b"300 0 0 400 0 0 cm /I Do"), page=page)


def encoded(kind: str, size: tuple[int, int], **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, 255).save(buffer, kind, **options)
    return buffer.getvalue()


def frames(kind: str, count: int) -> bytes:
    rest = [Image.new("L", (60, 80), 255) for _ in range(count - 1)]
    return encoded(kind, (60, 80), save_all=True, append_images=rest)


def opened(content: bytes, folder: Path) -> list[opening.Pixels]:
    path = folder / "photo.jpg"
    path.write_bytes(content)
    return open_pages(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (locked(), "password"),
        (b"<!doctype html><script>alert(1)</script>", "neither a picture"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "neither a picture"),
        (b"MZ\x90\0 a program", "neither a picture"),
        (b"\xff\xd8\xff<html><script>alert(1)</script></html>", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"%PDF-", "damaged"),
        (encoded("PNG", (300, 400))[:60], "damaged"),
        (encoded("TIFF", (300, 400))[:2000], "damaged"),
        (encoded("TIFF", (9000, 9000), compression="tiff_deflate"), "pixels"),
        (encoded("JPEG", (9000, 9000)), "pixels"),
        (encoded("GIF", (9000, 9000)), "pixels"),
    ],
    ids=[
        "locked PDF", "HTML", "SVG", "program", "HTML behind JPEG's first bytes", "PNG of eight bytes",
        "PDF of five bytes", "cut PNG", "cut TIFF", "TIFF bomb", "JPEG bomb", "GIF bomb",
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused_in_one_clear_line(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ReceiptRefusedError, match=words) as refused:
        opened(content, tmp_path)
    assert str(refused.value).startswith("photo.jpg: ")
    assert "\n" not in str(refused.value)


def test_a_page_as_large_as_a_house_is_brought_down(tmp_path: Path) -> None:
    (page,) = opened(one_page(200_000, 100_000), tmp_path)
    assert max(page.shape) <= LONGEST_SIDE


def test_a_picture_that_swells_inside_a_pdf_stays_within_the_limits(tmp_path: Path) -> None:
    content = picture_that_swells(8_000)  # 192 MB of pixels
    assert len(content) < 250_000
    (page,) = opened(content, tmp_path)
    assert max(page.shape) <= LONGEST_SIDE


def test_of_a_moving_picture_the_first_frame_is_read(tmp_path: Path) -> None:
    assert len(opened(frames("GIF", 30), tmp_path)) == 1


def test_of_a_thick_document_the_first_pages_are_read(tmp_path: Path) -> None:
    assert len(opened(frames("TIFF", MOST_PAGES + 5), tmp_path)) == MOST_PAGES
    assert len(opened(frames("PDF", MOST_PAGES + 5), tmp_path)) == MOST_PAGES


def test_a_page_behind_a_picture_is_not_looked_at(tmp_path: Path) -> None:
    (page,) = opened(encoded("JPEG", (60, 80)) + one_page(300, 400), tmp_path)
    assert page.shape == (80, 60, 3)


def test_a_file_beyond_the_limit_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "DECODER", ["-c", "raise SystemExit(3)"])
    path = tmp_path / "photo.jpg"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ReceiptRefusedError, match="smaller photo"):
        open_pages(path)


@pytest.mark.parametrize(
    ("limit", "work"),
    [
        ("CPU_SECONDS = 1", "while True: pass"),
        ("MEMORY = 400_000_000", "len(bytearray(600_000_000))"),
    ],
    ids=["time", "memory"],
)
def test_the_kernel_ends_a_decoder_beyond_its_limit(
    limit: str, work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The decoder's own limits, made small, against work that exceeds them."""
    program = f"import flows.receipts.decoding as d\nd.{limit}\nd._limit()\n{work}\n"
    content = encoded("PNG", (300, 400))
    with monkeypatch.context() as changed:
        changed.setattr(opening, "DECODER", ["-c", program])
        with pytest.raises(ReceiptRefusedError, match="opening it takes more than"):
            opened(content, tmp_path)
    assert np.array_equal(opened(content, tmp_path)[0], np.full((400, 300, 3), 255))
