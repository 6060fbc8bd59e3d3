"""Whether a photo can be read at all, before anything costs time or money."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: Below this many pixels on the shorter or longer side letters of a till are no longer told apart.
SHORTEST_SIDE, LONGEST_SIDE = 120, 250
#: Standard deviation of brightness (0 to 255): an empty wall or a covered lens is below it.
LEAST_CONTRAST = 6.0
#: Mean strength of the strongest edges over contrast; a photo out of focus is below it.
LEAST_SHARPNESS = 0.12
_STRONGEST = 99.0


def faults_of(image: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """What makes an RGB image (height, width, 3) unreadable; empty for one that is worth reading."""
    height, width = image.shape[:2]
    if min(height, width) < SHORTEST_SIDE or max(height, width) < LONGEST_SIDE:
        return (
            f"too small: {width} x {height} pixels, at least {SHORTEST_SIDE} x {LONGEST_SIDE} are needed",
        )
    grey = _grey(image)
    contrast = float(grey.std())
    if contrast < LEAST_CONTRAST:
        return ("no text: the picture is nearly one colour",)
    if sharpness(grey) < LEAST_SHARPNESS:
        return ("blurred: hold the camera still and let it focus",)
    return ()


def sharpness(grey: npt.NDArray[np.float32]) -> float:
    """The strongest steps between neighbouring pixels, in units of the picture's own contrast."""
    step = max(1, max(grey.shape) // 3000)
    small = grey[::step, ::step]
    across = np.abs(np.diff(small, axis=1))
    down = np.abs(np.diff(small, axis=0))
    strongest = max(float(np.percentile(across, _STRONGEST)), float(np.percentile(down, _STRONGEST)))
    return strongest / max(float(small.std()), 1e-6)


def _grey(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
    grey: npt.NDArray[np.float32] = image.astype(np.float32) @ weights
    return grey
