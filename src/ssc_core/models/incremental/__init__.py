"""What a local change of an image does to a network's scores, without running the whole network again.

A window of 64 pixels changes only a part of each layer's map. For VGG and ConvNeXt that part alone is
computed (:mod:`~ssc_core.models.incremental.engine`); every other network is run on whole images in batches
(:mod:`~ssc_core.models.incremental.batched`). :func:`local_changes` chooses.
"""

from ssc_core.models.incremental.choosing import LocalChanges, local_changes

__all__ = ["LocalChanges", "local_changes"]
