"""What all tests share: where the real images are, and a skip with a reason where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# the same examples everywhere: a failure elsewhere is a failure here
settings.register_profile("fixed", derandomize=True, deadline=None)
settings.load_profile("fixed")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real test images (``SSC_TEST_DATA``, default ``../shared/data`` beside the checkout)."""
    folder = Path(os.environ.get("SSC_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real test images are not on this machine (set SSC_TEST_DATA)")
    return folder
