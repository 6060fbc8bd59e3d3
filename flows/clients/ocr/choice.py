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
    reader: TextReader = LocalReader()
    language = LANGUAGES.get(country.upper(), "")
    if language and has_language(language):
        reader = TesseractReader(reader, language)
    if settings.vision_credentials:
        from flows.clients.ocr.google import VisionReader, vision_client  # noqa: PLC0415 - loads gRPC

        paid = VisionReader(vision_client(settings.vision_credentials), settings.vision_timeout_seconds)
        reader = FallbackReader(paid, reader, rest=settings.vision_rest_seconds)
    return CachedReader(reader, cache) if cache else reader
