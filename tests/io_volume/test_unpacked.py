"""A compressed NIfTI is unpacked to a scratch file that nobody has to clean up, and read like a plain one."""

from __future__ import annotations

import copy
import errno
import gc
import gzip
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from ssc_core.errors import Cancelled, FormatError, OutputError
from ssc_core.geometry import Frame
from ssc_core.io.volume import open_volume, volume_from_array, write_nifti

SHAPE = (40, 96, 80)


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The folder for temporary files, and every file that was opened there; nothing is small any more."""
    folder, made, temporary_file = tmp_path / "scratch", [], tempfile.TemporaryFile
    folder.mkdir()

    def recorded(*args: Any, **kwargs: Any) -> Any:
        made.append(temporary_file(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(tempfile, "TemporaryFile", recorded)
    monkeypatch.setattr("ssc_core.io.volume.unpacked.IN_MEMORY_BYTES", 0)
    monkeypatch.setattr("ssc_core.io.volume.unpacked._BLOCK", 1 << 16)
    return folder, made


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """``ZZNAME.nii.gz`` beside the ``ZZNAME.nii`` that it was made of."""
    hu = np.random.default_rng(0).integers(-1000, 1000, SHAPE).astype(np.int16)
    volume = volume_from_array(hu, Frame((2.0, 0.7, 0.9), (-100.0, 5.0, 7.0)))
    write_nifti(tmp_path / "ZZNAME.nii", hu, volume)
    packed = tmp_path / "ZZNAME.nii.gz"
    packed.write_bytes(gzip.compress((tmp_path / "ZZNAME.nii").read_bytes(), 1))
    return packed


def plain(packed: Path) -> np.ndarray:
    values: np.ndarray = open_volume(packed.with_suffix("")).hu.compute()
    return values


def test_it_is_read_as_the_plain_file_is_and_leaves_nothing(packed: Path, scratch: Any) -> None:
    folder, made = scratch
    expected = plain(packed)
    volume = open_volume(packed)
    assert not made  # only the header was read
    assert volume.hu[3:5].compute().tobytes() == expected[3:5].tobytes()
    assert len(made) == 1
    assert not any("ZZNAME" in p.name for p in folder.iterdir())
    assert volume.hu.compute().tobytes() == expected.tobytes()
    assert volume.hu[:, 7, ::-3].compute().tobytes() == expected[:, 7, ::-3].tobytes()
    assert len(made) == 1  # once for all
    assert not made[0].closed
    del volume
    gc.collect()
    assert made[0].closed
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_other_pixels_byte_orders_and_scales(tmp_path: Path, scratch: Any, kind: Any) -> None:
    values = np.random.default_rng(1).integers(0, 3000, (6, 9, 7)).astype(kind)
    sitk.WriteImage(sitk.GetImageFromArray(values), str(tmp_path / "ct.nii"))
    raw = bytearray((tmp_path / "ct.nii").read_bytes())
    raw[112:120] = np.array([0.5, -1000.25], "<f4").tobytes()
    (tmp_path / "ct.nii").write_bytes(raw)
    (tmp_path / "ct.nii.gz").write_bytes(gzip.compress(bytes(raw) + b"more behind the voxels"))
    hu = open_volume(tmp_path / "ct.nii.gz").hu.compute()
    assert hu.dtype == np.float32
    assert hu.tobytes() == plain(tmp_path / "ct.nii.gz").tobytes()
    assert len(scratch[1]) == 1


def test_threads_and_other_processes_read_it_too(packed: Path, scratch: Any) -> None:
    expected, volume = plain(packed), open_volume(packed)
    with ThreadPoolExecutor(4) as pool:
        planes = list(pool.map(lambda k: volume.pixels[k], range(SHAPE[0])))
    assert len(scratch[1]) == 1
    assert np.array_equal(np.stack(planes), volume.pixels[:])
    sent = pickle.dumps(volume)
    assert len(sent) < 4000
    for again in (pickle.loads(sent), copy.deepcopy(volume)):
        assert np.array_equal(again.hu.compute(), expected)
    assert len(scratch[1]) == 3  # by path: each has its own


def test_stopping_ends_it_at_once_and_it_can_begin_again(packed: Path, scratch: Any) -> None:
    folder, made = scratch
    told: list[float] = []

    def stop(done: float, total: float, what: str, /) -> None:
        told.append(done / total)
        if done > total / 3:
            raise Cancelled

    volume = open_volume(packed)
    with pytest.raises(Cancelled):
        volume.prepare(stop)
    assert told[-1] < 0.6
    assert made[0].closed
    assert list(folder.iterdir()) == []
    told.clear()
    volume.prepare(lambda done, total, what: told.append(done / total))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 1)
    assert np.array_equal(volume.hu.compute(), plain(packed))
    assert len(made) == 2


@pytest.mark.parametrize("harm", ["cut", "checksum", "middle", "fewer voxels"])
def test_damage_is_refused_and_nothing_is_left(packed: Path, scratch: Any, harm: str) -> None:
    raw, content = bytearray(packed.read_bytes()), gzip.decompress(packed.read_bytes())
    if harm == "cut":
        raw = raw[: len(raw) // 2] + raw[-8:]  # the size at the end is still right
    elif harm == "checksum":
        raw[-8] ^= 0xFF
    elif harm == "middle":
        raw[len(raw) // 2] ^= 0xFF
    else:  # two members, the size at the end is that of the whole file
        raw = bytearray(gzip.compress(content[:1000]) + gzip.compress(content[:-1]))
        raw[-4:] = len(content).to_bytes(4, "little")
    packed.write_bytes(raw)
    volume = open_volume(packed)
    with pytest.raises(FormatError, match="truncated or damaged"):
        volume.hu[0].compute()
    assert all(file.closed for file in scratch[1])
    assert list(scratch[0].iterdir()) == []


def test_a_full_disk_is_one_sentence(packed: Path, scratch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        closed = False

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            self.closed = True
            raise OSError(errno.ENOSPC, "No space left on device")

    full = Full()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: full)
    volume = open_volume(packed)
    with pytest.raises(OutputError, match=r"no space left on device.*make room there") as caught:
        volume.prepare()
    assert full.closed
    assert "ZZNAME" in str(caught.value)
    assert "ZZNAME" not in caught.value.storable


def test_what_is_small_needs_no_scratch_file(
    packed: Path, scratch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssc_core.io.volume.unpacked.IN_MEMORY_BYTES", 1 << 26)
    volume = open_volume(packed)
    assert np.array_equal(volume.hu.compute(), plain(packed))
    assert scratch[1] == []
