"""The text reader that the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.clients.ocr.cached import CachedReader
from flows.clients.ocr.fallback import FallbackReader
from flows.clients.ocr.local import LocalReader
from flows.clients.ocr.tesseract import LANGUAGES, TesseractReader, has_language

if TYPE_CHECKING:
    from flows.clients.ocr.protocol import TextReader
    from warehouse.settings import Settings


def text_reader(settings: Settings, cache: Path | None = None, country: str = "") -> TextReader:
    """Vision with the local engine behind it where a key file is set, else the local engine alone.

    For a country that writes Cyrillic, Tesseract reads the local engine's lines where it is installed. What
    was read is kept in ``cache`` if a folder is given.
    """
    readers = text_readers(settings)
    reader = readers.get(country.upper(), readers[""])
    return CachedReader(reader, cache) if cache else reader


def text_readers(settings: Settings) -> dict[str, TextReader]:
    """The readers of countries of their own, and under "" everybody else's; all share one local engine."""
    local = LocalReader()
    readers: dict[str, TextReader] = {"": local}
    for country, language in LANGUAGES.items():
        if has_language(language):
            readers[country] = TesseractReader(local, language)
    if not settings.vision_credentials:
        return readers
    from flows.clients.ocr.google import VisionReader, vision_client  # noqa: PLC0415 - loads gRPC

    paid = VisionReader(vision_client(settings.vision_credentials), settings.vision_timeout_seconds)
    return {
        country: FallbackReader(paid, reader, rest=settings.vision_rest_seconds)
        for country, reader in readers.items()
    }


def missing_script(country: str, engine: str) -> str:
    """What to do where a country's script was read by an engine that does not know it; else empty."""
    language = LANGUAGES.get(country.upper(), "")
    if not language or engine != LocalReader.name:
        return ""
    return (
        f"the local engine reads no Cyrillic: install tesseract-ocr-{language} or set MITA_VISION_CREDENTIALS"
    )
