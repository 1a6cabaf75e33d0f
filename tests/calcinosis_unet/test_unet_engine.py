from __future__ import annotations

import numpy as np

from ssc_core.calcinosis.params import CalcinosisParams
from ssc_core.calcinosis.pipeline import analyse
from ssc_core.calcinosis.unet.phantoms import held_out_spec
from ssc_core.calcinosis.unet.score import dice_of
from ssc_core.io.image import FingerImage
from ssc_core.models.registry import weights_of
from ssc_core.phantoms.finger import make_image


def test_the_network_in_the_package_finds_the_phalanges_of_a_held_out_phantom() -> None:
    phantom = make_image(held_out_spec(90_008))
    image = FingerImage(phantom.hu, phantom.frame, np.zeros(phantom.hu.shape, bool), 1.0, "phantom")
    result = analyse(image)
    dice = dice_of(result.bone_labels, phantom.bones)
    assert dice["bone"] > 0.95
    assert min(dice.values()) > 0.85
    assert result.record.weights == {"unet_phalanges": weights_of("unet_phalanges").sha256}
    assert analyse(image, CalcinosisParams(engine="classical", fine_mm=0.2)).record.weights == {}
