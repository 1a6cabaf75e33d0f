"""Pieces of masks are those that cc3d finds."""

from __future__ import annotations

import cc3d
import numpy as np
import pytest

from ssc_core.lung.pieces import pieces_of


@pytest.mark.parametrize("share", [0.03, 0.2, 0.3, 0.6])
@pytest.mark.parametrize(("shape", "links"), [((30, 41, 52), (6, 26)), ((90, 70), (4, 8))])
def test_pieces_are_those_of_cc3d(share, shape, links):
    mask = np.random.default_rng(2).random(shape) < share
    for corners, connectivity in zip((False, True), links, strict=True):
        expected = cc3d.connected_components(mask, connectivity=connectivity)
        found = pieces_of(mask, corners=corners)
        pairs = np.unique(np.stack([expected.ravel(), found.ravel()]), axis=1)
        assert pairs.shape[1] == expected.max() + 1 == found.max() + 1  # each piece is one of the others
        firsts = np.unique(found.ravel(), return_index=True)[1]
        assert (np.diff(firsts[found.ravel()[firsts] > 0]) > 0).all()  # in the order of their first voxels


def test_an_empty_mask_has_none():
    assert not pieces_of(np.zeros((3, 4, 5), bool)).any()
