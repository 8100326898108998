"""Structural similarity of two pictures: the mean SSIM of their luma (Wang, Bovik, Sheikh and Simoncelli, 2004).

With the constants of that paper: a Gaussian window of 11 by 11 pixels with a standard deviation of 1.5, K1 0.01,
K2 0.03, on 8-bit values. Windows lie wholly within the picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from storage.vips import pyvips

Luma = npt.NDArray[np.float64]

_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_REC_601 = (0.299, 0.587, 0.114)


def ssim(one: Luma, other: Luma) -> float:
    """Return the mean SSIM of two pictures of one size, at least 11 by 11: 1 where they are equal, down to -1."""
    mean_one, mean_other = _blurred(one), _blurred(other)
    variances = _blurred(one**2) - mean_one**2 + _blurred(other**2) - mean_other**2
    covariance = _blurred(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + _C1) / (mean_one**2 + mean_other**2 + _C1)
    return float((luminance * (2 * covariance + _C2) / (variances + _C2)).mean())


def luma(picture: bytes) -> Luma:
    """Decode a picture, and return its luma as `(height, width)`, 0 to 255."""
    return _luma(pyvips.Image.new_from_buffer(picture, ""))


def reference(original: bytes, shrink: int) -> Luma:
    """Return what a variant is compared with: the original decoded whole, and scaled by Lanczos' kernel in one step.

    Nothing is shrunk before the kernel, as all who are compared do while they decode, and nothing is encoded.
    """
    return _luma(pyvips.Image.new_from_buffer(original, "").reduce(shrink, shrink, kernel="lanczos3"))


def _luma(image: Any) -> Luma:
    bands: Luma = image.colourspace("srgb").numpy()[:, :, :3].astype(np.float64)
    luma: Luma = bands @ np.array(_REC_601)
    return luma


def _blurred(values: Luma) -> Luma:
    """Weigh each window's values."""
    offsets = np.arange(_SIDE) - _SIDE // 2
    weights = np.exp(-(offsets**2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    height, width = (side - _SIDE + 1 for side in values.shape)
    across = sum(weight * values[:, at : at + width] for at, weight in enumerate(weights))
    down: Luma = sum(weight * across[at : at + height] for at, weight in enumerate(weights))
    return down
