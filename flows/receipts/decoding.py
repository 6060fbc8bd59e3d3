"""Open an untrusted image or PDF as pixels: type by content, within limits, nothing else run.

Run as a program (``python -m flows.receipts.decoding PATH``) it writes a line of JSON and the pixels of every
page, so that a decoder that hangs or grows takes only its own process with it.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

#: Bytes of a file, pixels of a picture and pages of a document that are accepted.
MOST_BYTES = 25_000_000
MOST_PIXELS = 50_000_000
MOST_PAGES = 10
#: Pictures are brought down to this many pixels on their longer side: more tells the engine nothing.
LONGEST_SIDE = 3200
#: Long papers are narrower than they are long by more than this, and are brought down by their width.
_LONG_PAPER, _NARROW_SIDE, LONGEST_PAPER = 2.0, 1600, 16_000
#: What one file may cost to open: seconds of a core, bytes of address space.
CPU_SECONDS, MEMORY = 20, 1_500_000_000
_PDF_DPI = 200
_POINTS_PER_INCH = 72

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"%PDF-", "PDF"),
)


class UnreadableImageError(ValueError):
    """A file that is no picture of a receipt; the message says why and what to do."""


def kind_of(head: bytes) -> str:
    """The format by the file's first bytes, whatever its name; raises UnreadableImageError."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        raise UnreadableImageError(_film_or_photo(head[8:10]))
    if not head:
        message = "the file is empty: take the photo again"
        raise UnreadableImageError(message)
    message = "it is neither a picture (JPEG, PNG, WebP, TIFF, BMP, GIF) nor a PDF: photograph the receipt"
    raise UnreadableImageError(message)


def _film_or_photo(brand: bytes) -> str:
    """What to say of a file in the container that HEIC, AVIF and films share."""
    if brand in {b"he", b"mi", b"ms", b"av"}:
        return (
            "it is a HEIC or AVIF photo: send it as JPEG (iPhone: Settings, Camera, Formats, Most Compatible)"
        )
    return "it is a film: photograph the receipt"


def pages_in(content: bytes) -> Iterator[Image.Image]:
    """The upright RGB pages of a file; raises UnreadableImageError."""
    if len(content) > MOST_BYTES:
        message = f"the file has {len(content):,} bytes, more than {MOST_BYTES:,}: send a smaller photo"
        raise UnreadableImageError(message)
    kind = kind_of(content[:16])
    try:
        yield from _pdf_pages(content) if kind == "PDF" else _picture_pages(content, kind)
    except UnreadableImageError:
        raise
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever a broken file makes them
        message = f"the {kind} is damaged ({type(error).__name__}): take the photo again"
        if kind == "PDF" and "password" in str(error).lower():
            message = "the PDF is locked with a password: send a copy without one, or a photo"
        raise UnreadableImageError(message) from error


def _picture_pages(content: bytes, kind: str) -> Iterator[Image.Image]:
    import io  # noqa: PLC0415

    from PIL import Image, ImageOps, ImageSequence  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the limit below is ours
        try:
            picture = Image.open(io.BytesIO(content), formats=[kind])
        except Image.DecompressionBombError as error:
            message = f"the picture has more than {MOST_PIXELS:,} pixels: send a smaller one"
            raise UnreadableImageError(message) from error
    _check_pixels(*picture.size)
    if kind == "JPEG":
        picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    frames = ImageSequence.Iterator(picture) if kind == "TIFF" else [picture]
    for number, frame in enumerate(frames):
        if number == MOST_PAGES:
            break
        _check_pixels(*frame.size)
        yield _fitted(ImageOps.exif_transpose(frame))


def _pdf_pages(content: bytes) -> Iterator[Image.Image]:
    import pypdfium2  # noqa: PLC0415 - loads a native library

    document = pypdfium2.PdfDocument(content)
    try:
        for number in range(min(len(document), MOST_PAGES)):
            page = document[number]
            width, height = page.get_size()
            scale = _PDF_DPI / _POINTS_PER_INCH
            scale *= _share_kept(max(width * scale, 1.0), max(height * scale, 1.0))
            _check_pixels(int(width * scale), int(height * scale))
            yield _fitted(page.render(scale=scale, may_draw_forms=False).to_pil())
    finally:
        document.close()


def _check_pixels(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        message = f"the picture has {width} x {height} pixels, more than {MOST_PIXELS:,}: send a smaller one"
        raise UnreadableImageError(message)


def _fitted(picture: Image.Image) -> Image.Image:
    from PIL import Image  # noqa: PLC0415

    if picture.mode in {"RGBA", "LA", "P", "PA"}:
        layered = picture.convert("RGBA")
        paper = Image.new("RGBA", layered.size, "white")
        picture = Image.alpha_composite(paper, layered)
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    plain = picture.convert("RGB")
    share = _share_kept(*plain.size)
    if share < 1:
        size = (max(1, round(plain.width * share)), max(1, round(plain.height * share)))
        plain = plain.resize(size, Image.Resampling.LANCZOS)
    return plain


def _share_kept(width: float, height: float) -> float:
    """How far a picture is brought down, 1 at most."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= _LONG_PAPER * shorter:
        return min(1.0, LONGEST_SIDE / longer)
    return min(1.0, max(_NARROW_SIDE / shorter, LONGEST_SIDE / longer), LONGEST_PAPER / longer)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """A picture of more than eight bits a pixel, its brightest at white: converting it would clip it."""
    numbers = picture.convert("F")
    brightest = max(float(numbers.getextrema()[1]), 1.0)  # type: ignore[arg-type]
    return numbers.point(lambda value: value * (255 / brightest) + 0.0).convert("L")


def main(path: str) -> None:
    """Write every page of a file to standard output: a line of JSON, then the pixels row by row."""
    _limit()
    out = sys.stdout.buffer

    def tell(value: dict[str, Any]) -> None:
        out.write(json.dumps(value).encode() + b"\n")

    try:
        for page in pages_in(Path(path).read_bytes()):
            tell({"width": page.width, "height": page.height})
            out.write(page.tobytes())
        tell({"end": True})
    except UnreadableImageError as error:
        tell({"refused": str(error)})


def _limit() -> None:
    """Let the kernel end this process when it grows or runs beyond what an honest file needs."""
    import resource  # noqa: PLC0415 - not on every system

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(sys.argv[1])
