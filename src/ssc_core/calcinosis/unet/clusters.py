"""The methods that the paper tried beside networks: grey levels alone, put into clusters (scikit-learn)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage as ndi

from ssc_core.calcinosis.unet.contract import Contract
from ssc_core.errors import InputError

__all__ = ["CLUSTERINGS", "cluster_bone"]

CLUSTERINGS = ("k-means", "EM mixture", "mean shift")
_KINDS = 4  # air, soft tissue, spongy bone and marrow, cortex
_SAMPLE = 4000  # pixels from which the clusters are found
_BANDWIDTH_HU = 150.0
_BONE_HU = 350.0


def cluster_bone(hu: npt.NDArray[np.float32], method: str, seed: int) -> npt.NDArray[np.bool_]:
    """Bone as the clusters of grey levels whose mean is above 350 HU, with holes filled.

    Parameters
    ----------
    hu : ndarray
        (y, x) float32; seen in the window 1500 / 450, as the paper's images.
    method : str
        One of :data:`CLUSTERINGS`.
    seed : int
        Of the sample and the starting points.

    Returns
    -------
    ndarray
        (y, x) bool. Grey levels cannot tell a deposit from bone, nor one phalanx from another.

    Raises
    ------
    InputError
        If there is no such method.
    """
    contract = Contract(1.0)
    low = contract.level - contract.window / 2
    values = contract.scaled(hu).reshape(-1, 1).astype(np.float64)
    rng = np.random.default_rng(seed)
    sample = values[rng.choice(len(values), min(_SAMPLE, len(values)), replace=False)]
    # 32 bits: what scikit-learn takes as a seed
    model = _model(method, seed % 2**32, _BANDWIDTH_HU / contract.window).fit(sample)
    labels = np.asarray(model.predict(values))
    kinds = np.unique(labels)
    means = low + contract.window * np.array([values[labels == k].mean() for k in kinds])
    bright = np.isin(labels, kinds[means > _BONE_HU]).reshape(hu.shape)
    return np.asarray(ndi.binary_fill_holes(bright))


def _model(method: str, seed: int, bandwidth: float) -> Any:
    from sklearn.cluster import KMeans, MeanShift
    from sklearn.mixture import GaussianMixture

    if method == "k-means":
        return KMeans(_KINDS, n_init=4, random_state=seed)
    if method == "EM mixture":
        return GaussianMixture(_KINDS, n_init=2, reg_covar=1e-4, random_state=seed, max_iter=500)
    if method == "mean shift":
        return MeanShift(bandwidth=bandwidth, bin_seeding=True)
    raise InputError(f"there is no clustering called {method!r}; choose {', '.join(CLUSTERINGS)}")
