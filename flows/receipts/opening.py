"""Open a file in a process of its own with limits on time and memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from flows.receipts.decoding import CPU_SECONDS, MEMORY, MOST_BYTES
from warehouse.errors import ActionableError

Pixels = npt.NDArray[np.uint8]
#: How long a file may take to open, in seconds of the clock.
SECONDS = 30
DECODER = ["-m", "flows.receipts.decoding"]


class ReceiptRefusedError(ActionableError):
    """A file that cannot be read as a receipt; the message says what, where and what to do."""


def open_pages(path: Path) -> list[Pixels]:
    """The pages of an image or PDF as upright RGB arrays of shape (height, width, 3).

    Raises ReceiptRefusedError for a file that is absent, too large, broken or no picture.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        message = f"{path.name}: {error.strerror or error}: give the path of a photo or PDF"
        raise ReceiptRefusedError(message) from error
    if not path.is_file():
        message = f"{path.name}: it is no file: give the path of a photo or PDF"
        raise ReceiptRefusedError(message)
    if size > MOST_BYTES:
        message = f"{path.name}: the file has {size:,} bytes, more than {MOST_BYTES:,}: send a smaller photo"
        raise ReceiptRefusedError(message)
    return _decoded(path)


def _decoded(path: Path) -> list[Pixels]:
    command = [sys.executable, *DECODER, str(path.absolute())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            output, _ = child.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            raise ReceiptRefusedError(_too_costly(path)) from None
    if child.returncode:
        raise ReceiptRefusedError(_too_costly(path))
    return _pages(output, path)


def _too_costly(path: Path) -> str:
    limits = f"{CPU_SECONDS} s or {MEMORY // 10**6} MB"
    return f"{path.name}: opening it takes more than {limits}: take the photo again"


def _pages(output: bytes, path: Path) -> list[Pixels]:
    import io  # noqa: PLC0415

    stream: IO[bytes] = io.BytesIO(output)
    pages: list[Pixels] = []
    while True:
        head = json.loads(stream.readline() or b"{}")
        if "refused" in head:
            message = f"{path.name}: {head['refused']}"
            raise ReceiptRefusedError(message)
        if "width" not in head:
            return pages
        shape = (int(head["height"]), int(head["width"]), 3)
        pages.append(np.frombuffer(stream.read(shape[0] * shape[1] * 3), dtype=np.uint8).reshape(shape))
