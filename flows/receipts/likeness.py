"""Whether two photos show the same receipt: by the picture, and by what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from warehouse.repositories.receipts import Lookalike, Receipt

_SIDE = 16
#: Bits of 256 by which two photos of one picture differ at most (a smaller copy, other compression).
_SAME_PICTURE = 20
#: How alike two readings of one shop's name are, of 100.
_SAME_NAME = 80


def perceptual_hash(image: npt.NDArray[np.uint8]) -> str:
    """256 bits in hexadecimal: whether it gets brighter from each of 16 x 17 fields to the next (dHash)."""
    from PIL import Image  # noqa: PLC0415

    small = Image.fromarray(image).convert("L").resize((_SIDE + 1, _SIDE), Image.Resampling.BOX)
    grey = np.asarray(small, dtype=np.int16)
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


def bits_apart(one: str, other: str) -> int:
    """In how many bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def is_same_receipt(receipt: Receipt, picture: str, other: Lookalike) -> bool:
    """Whether a receipt is one that was sent before; day, total and currency are the same already.

    Two receipts of one shop, day and sum are two purchases when they say different times; without times only
    the same picture makes them one.
    """
    from rapidfuzz import fuzz  # noqa: PLC0415

    if receipt.spent_time and other.spent_time and receipt.spent_time != other.spent_time:
        return False
    if other.perceptual_hash and bits_apart(picture, other.perceptual_hash) <= _SAME_PICTURE:
        return True
    names = ((name or "").casefold() for name in (receipt.merchant, other.merchant))
    return (
        receipt.spent_time is not None
        and receipt.spent_time == other.spent_time
        and (fuzz.token_set_ratio(*names) >= _SAME_NAME)
    )
