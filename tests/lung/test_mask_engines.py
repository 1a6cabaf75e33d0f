"""The engines behind one interface: own search, lungmask, a file."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import InputError
from ssc_core.lung import engines
from ssc_core.lung.params import LungParams
from ssc_core.lung.pipeline import analyse


@pytest.fixture
def installed(monkeypatch, healthy):
    """A package that answers as lungmask does: labels of the picture that it is given."""
    seen = []

    class LMInferer:
        def __init__(self, modelname: str) -> None:
            seen.append(modelname)

        def apply(self, image: sitk.Image) -> np.ndarray:
            seen.append(image.GetSpacing())
            assert np.array_equal(sitk.GetArrayFromImage(image), healthy.hu)
            return healthy.lungs * (healthy.lungs < 3)

    module = ModuleType("lungmask")
    module.LMInferer = LMInferer
    monkeypatch.setitem(sys.modules, "lungmask", module)
    monkeypatch.setattr(engines, "find_spec", lambda name: name == "lungmask")
    return seen


def test_lungmask_is_used_where_it_and_its_weights_are(installed, monkeypatch, tmp_path, healthy, healthy_ct):
    monkeypatch.setattr("torch.hub.get_dir", lambda: str(tmp_path))
    with pytest.raises(InputError, match="weights"):
        analyse(healthy_ct, LungParams(engine="lungmask"))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "unet_r231-d5d2fc3d.pth").write_bytes(b"")
    result = analyse(healthy_ct, LungParams(engine="lungmask"))
    assert np.array_equal(result.mask, healthy.lungs * (healthy.lungs < 3))
    assert installed == ["R231", pytest.approx(healthy.frame.spacing[::-1])]
    assert result.record.parameters["engine"] == "lungmask"


def test_an_engine_that_is_not_installed_says_so(healthy_ct, monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="not installed"):
        analyse(healthy_ct, LungParams(engine="lungmask"))


def test_masks_and_engines_must_agree(healthy, healthy_ct):
    with pytest.raises(InputError, match="needs a mask"):
        analyse(healthy_ct, LungParams(engine="file"))
    with pytest.raises(InputError, match="choose one"):
        analyse(healthy_ct, LungParams(engine="lungmask"), mask=healthy.lungs)
