"""Reading a receipt beside the OCR engine alone: processor-seconds, receipts a minute, memory."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_RECEIPTS = 5


def main() -> None:
    """Print the figures."""
    from flows.clients.ocr.local import LocalReader
    from flows.generator.receipts import draw_receipts
    from flows.receipts.opening import open_pages
    from flows.receipts.reading import default_reader, read_file
    from models_ml.receipts.model import load_folder
    from models_ml.receipts.reader import read_page

    model, about, ocr = load_folder(), default_reader("DE"), LocalReader(2)
    with tempfile.TemporaryDirectory() as folder:
        draw_receipts(Path(folder), _RECEIPTS, 3, ("de", "en"))
        photos = sorted((Path(folder) / "skew").glob("*.jpg"))
        images = [open_pages(photo)[0] for photo in photos]
        ocr.read(images[0])  # the engine loads its weights at the first
        engine, engine_wall = _spent(lambda: [ocr.read(image) for image in images])
        whole, whole_wall = _spent(lambda: [read_file(photo, ocr, model, about) for photo in photos])
    pages = [ocr.read(image) for image in images]
    fields, _ = _spent(lambda: [read_page(page, model, about) for page in pages])
    count = len(photos)
    _say("engine", f"{engine / count:.2f} CPU-s a receipt, {60 * count / engine_wall:.0f} receipts a minute")
    pace = 60 * count / whole_wall
    _say("whole", f"{whole / count:.2f} CPU-s, {whole / engine:.2f} of the engine alone; {pace:.0f} a minute")
    _say("fields", f"{1000 * fields / count:.0f} ms, {fields / engine:.3f} of the engine")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    opened = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    _say("memory", f"{own:,.0f} MB at most, and {opened:,.0f} MB in the process that opens files")


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    """Processor-seconds of this process and those it ran, and seconds by the clock."""
    used, begun = os.times(), time.perf_counter()
    work()
    now, wall = os.times(), time.perf_counter() - begun
    names = ("user", "system", "children_user", "children_system")
    return sum(getattr(now, name) - getattr(used, name) for name in names), wall


def _say(name: str, figure: str) -> None:
    sys.stdout.write(f"  {name:10} {figure}\n")


if __name__ == "__main__":
    main()
