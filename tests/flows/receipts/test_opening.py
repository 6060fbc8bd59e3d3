"""Untrusted files: opened by content, within limits, or refused with one clear line."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flows.receipts import opening
from flows.receipts.decoding import LONGEST_SIDE, MOST_PIXELS, UnreadableImageError, kind_of
from flows.receipts.opening import ReceiptRefusedError, open_pages


def picture(width: int = 300, height: int = 400) -> Image.Image:
    pixels = np.full((height, width, 3), 255, dtype=np.uint8)
    pixels[10:20, 10:100] = 0
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PDF"])
def test_every_format_is_told_by_its_content_and_opened(kind: str, tmp_path: Path) -> None:
    content = encoded(picture(), kind)
    assert kind_of(content[:16]) == kind
    path = tmp_path / "receipt.txt"
    path.write_bytes(content)
    (page,) = open_pages(path)
    assert page.ndim == 3
    assert page.dtype == np.uint8
    assert page.mean() > 200


def test_a_photo_is_turned_as_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    path = tmp_path / "turned.jpg"
    path.write_bytes(encoded(picture(300, 400), "JPEG", exif=exif))
    assert open_pages(path)[0].shape == (300, 400, 3)


def test_a_large_photo_is_brought_down(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(encoded(picture(4000, 6400), "PNG"))
    assert open_pages(path)[0].shape == (LONGEST_SIDE, 2000, 3)


def test_transparent_paper_is_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    path.write_bytes(encoded(Image.new("RGBA", (300, 400), (0, 0, 0, 0)), "PNG"))
    assert open_pages(path)[0].min() == 255


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 a zip", "neither a picture"),
        (b"<svg onload='x'/>", "neither a picture"),
        (b"GIF89a" + b"/*" * 400 + b"*/=1;alert(1)", "damaged"),
        (b"%PDF-1.7\n%garbage\n1 0 obj<</Type/Catalog>>", "damaged"),
        (b"\x00\x00\x00\x18ftypheic" + b"\0" * 40, "HEIC"),
        (encoded(picture(), "JPEG")[:700], "damaged"),
        (png_that_claims(30_000, 30_000), "pixels"),
        (png_that_claims(7_000, 7_000), "damaged"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_reason(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(content)
    with pytest.raises(ReceiptRefusedError, match=words):
        open_pages(path)


def test_an_archive_behind_a_picture_does_not_come_through(tmp_path: Path) -> None:
    path = tmp_path / "both.jpg"
    path.write_bytes(encoded(picture(), "JPEG") + b"PK\x03\x04 payload")
    (page,) = open_pages(path)
    assert b"payload" not in page.tobytes()


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReceiptRefusedError, match="nothing"):
        open_pages(tmp_path / "nothing.jpg")


def test_a_decoder_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(picture(), "PNG"))
    monkeypatch.setattr(opening, "SECONDS", 0.001)
    with pytest.raises(ReceiptRefusedError, match="more than"):
        open_pages(path)


def test_a_decoder_that_grows_too_large_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(picture(), "PNG"))
    monkeypatch.setattr(
        opening,
        "DECODER",
        ["-c", "import resource; resource.setrlimit(resource.RLIMIT_AS, (10**8, 10**8)); bytearray(10**9)"],
    )
    with pytest.raises(ReceiptRefusedError, match="more than"):
        open_pages(path)


def test_the_limit_on_pixels_is_what_the_message_says(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png_that_claims(MOST_PIXELS, 2))
    with pytest.raises(ReceiptRefusedError, match=f"{MOST_PIXELS:,}"):
        open_pages(path)


def test_kinds_are_not_guessed_from_later_bytes() -> None:
    with pytest.raises(UnreadableImageError):
        kind_of(b"  %PDF-1.4")


def test_a_picture_of_sixteen_bits_keeps_its_letters(tmp_path: Path) -> None:
    grey = np.full((300, 200), 60_000, dtype=np.uint16)
    grey[100:120] = 6_000
    Image.fromarray(grey).save(tmp_path / "scan.png")
    [page] = open_pages(tmp_path / "scan.png")
    assert page[110, 50].max() < 40
    assert page[10, 50].min() > 240


@pytest.mark.parametrize("brand", ["heic", "hevc", "heim", "mif1", "msf1", "avif", "avis"])
def test_every_kind_of_photo_from_an_iphone_is_told_apart(brand: str, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\0\0\0\x18ftyp" + brand.encode() + b"\0" * 40)
    with pytest.raises(ReceiptRefusedError, match="send it as JPEG"):
        open_pages(tmp_path / "photo.jpg")


def test_a_film_and_a_folder_are_called_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "film.jpg").write_bytes(b"\0\0\0\x18ftypisom" + b"\0" * 40)
    with pytest.raises(ReceiptRefusedError, match="it is a film"):
        open_pages(tmp_path / "film.jpg")
    with pytest.raises(ReceiptRefusedError, match="it is no file"):
        open_pages(tmp_path)


def test_a_long_paper_keeps_its_width(tmp_path: Path) -> None:
    Image.new("RGB", (600, 9000), "white").save(tmp_path / "long.png")
    [page] = open_pages(tmp_path / "long.png")
    assert page.shape == (9000, 600, 3)
