"""Features of all patches of a study in one array, and which biopsy each patch belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ssc_core.errors import EmptyError, InputError
from ssc_core.io.features import FeatureMeta, FeatureSet

__all__ = ["PatchSet", "gather"]


@dataclass(frozen=True, eq=False)
class PatchSet:
    """Patches of several biopsies.

    Parameters
    ----------
    x : (n_patches, n_features) float32 array
        Finite.
    biopsy : (n_patches,) intp array
        Position of each patch's biopsy in `biopsies`.
    biopsies : tuple of str
        ``biopsy_id`` of each; every one has at least one patch.
    names : tuple of str
        Of the features.
    section : (n_patches,) intp array
        Section of the biopsy that shows the patch, 0 for the first.
    number : (n_patches,) intp array
        Which of its section's patches it is, from 1, in the order drawn.
    meta : FeatureMeta or None
        What the features are; None for features that came as a bare array.
    flags : tuple of str
        What was left out, and what the slides' own flags say.
    odd_stain : frozenset of str
        Biopsies with a section whose colours do not fit a trichrome.
    """

    x: npt.NDArray[np.float32]
    biopsy: npt.NDArray[np.intp]
    biopsies: tuple[str, ...]
    names: tuple[str, ...]
    section: npt.NDArray[np.intp]
    number: npt.NDArray[np.intp]
    meta: FeatureMeta | None = None
    flags: tuple[str, ...] = ()
    odd_stain: frozenset[str] = frozenset()

    @classmethod
    def make(
        cls,
        x: npt.ArrayLike,
        biopsy: Sequence[str] | npt.NDArray[np.generic],
        *,
        names: Sequence[str] = (),
        section: npt.ArrayLike | None = None,
        number: npt.ArrayLike | None = None,
        meta: FeatureMeta | None = None,
        flags: Sequence[str] = (),
        odd_stain: Iterable[str] = (),
    ) -> PatchSet:
        """Check and put in order; patches in which a feature is missing are left out and counted.

        Parameters
        ----------
        x : (n_patches, n_features) array-like
            Features; NaN where one could not be measured.
        biopsy : (n_patches,) sequence
            ``biopsy_id`` of each patch.
        names, section, number, meta, flags, odd_stain
            As in the class.

        Raises
        ------
        InputError
            If lengths differ or a feature is infinite.
        EmptyError
            If a biopsy has no complete patch.
        """
        array = np.asarray(x, np.float32)
        labels = np.asarray(biopsy, str)
        if array.ndim != 2 or 0 in array.shape or labels.shape != (len(array),):
            raise InputError("features are an array of patches by features with one biopsy_id per patch")
        names = tuple(names) or tuple(f"f{i + 1}" for i in range(array.shape[1]))
        part = np.zeros(len(array), np.intp) if section is None else np.asarray(section, np.intp)
        order = _counted(labels) if number is None else np.asarray(number, np.intp)
        if len(names) != array.shape[1] or len(part) != len(array) or len(order) != len(array):
            raise InputError(
                f"{array.shape[1]} features of {len(array)} patches do not fit their names or sections"
            )
        if np.isinf(array).any():
            raise InputError("a feature is infinite; make the features again")
        whole = np.asarray(~np.isnan(array).any(axis=1))
        ids = tuple(dict.fromkeys(labels.tolist()))
        empty = [i for i in ids if not whole[labels == i].any()]
        if empty:
            raise EmptyError(
                f"no patch of biopsy {', '.join(empty[:5])} has all features; leave it out",
                private=empty,
            )
        said = list(flags)
        if not whole.all():
            said.append(
                f"{int((~whole).sum())} of {len(array)} patches left out: a feature could not be measured"
            )
        index = {name: i for i, name in enumerate(ids)}
        code = np.array([index[label] for label in labels[whole].tolist()], np.intp)
        kept = array if whole.all() else array[whole]
        return cls(kept, code, ids, names, part[whole], order[whole], meta, tuple(said), frozenset(odd_stain))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def counts(self) -> npt.NDArray[np.intp]:
        """Patches of each biopsy."""
        return np.asarray(np.bincount(self.biopsy, minlength=len(self.biopsies)), np.intp)

    def mean_features(self) -> npt.NDArray[np.float64]:
        """(n_biopsies, n_features) means: a linear score of the mean is the mean of the linear scores."""
        out = np.empty((len(self.biopsies), self.x.shape[1]))
        for i in range(len(out)):
            out[i] = self.x[self.biopsy == i].mean(axis=0, dtype=np.float64)
        return out

    def of(self, biopsies: Iterable[str]) -> PatchSet:
        """The patches of some biopsies, biopsies in the order given.

        Raises
        ------
        InputError
            If one has no features.
        """
        wanted = list(biopsies)
        index = {name: i for i, name in enumerate(self.biopsies)}
        absent = [b for b in wanted if b not in index]
        if absent:
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            raise InputError(
                f"biopsy {', '.join(absent[:5])}{more} has no features; run 'ssc skin features' for it",
                private=absent,
            )
        new = np.full(len(self.biopsies), -1, np.intp)
        for position, name in enumerate(wanted):
            new[index[name]] = position
        keep = new[self.biopsy] >= 0
        return PatchSet(
            self.x[keep], new[self.biopsy[keep]], tuple(wanted), self.names, self.section[keep],
            self.number[keep], self.meta, self.flags, self.odd_stain,
        )  # fmt: skip


def gather(sets: Iterable[tuple[str, int, FeatureSet]]) -> PatchSet:
    """One :class:`PatchSet` of stored features.

    Parameters
    ----------
    sets : iterable of (biopsy_id, section, FeatureSet)
        All must be the same kind of features.

    Raises
    ------
    InputError
        If features of different networks, weights or field sizes meet.
    EmptyError
        If there is none.
    """
    found = list(sets)
    if not found:
        raise EmptyError("there are no features; make them with 'ssc skin features'")
    first = found[0][2]
    flags = []
    for biopsy, _, one in found:
        unlike = first.meta.unlike(one.meta)
        if unlike or one.names != first.names:
            raise InputError(
                f"the features of {biopsy} are not those of {found[0][0]} "
                f"({'; '.join(unlike) or 'other names'}); make all with the same options",
                private=[biopsy, found[0][0]],
            )
    odd = [biopsy for biopsy, _, one in found if one.meta.trichrome is False]
    if odd:
        flags.append(f"{len(odd)} of {len(found)} slides do not look like a Masson's trichrome")
    usual = 2 * len(odd) < len(found)
    short = sum(len(one) < one.meta.asked for _, _, one in found)
    if short:
        flags.append(f"{short} of {len(found)} slides gave fewer patches than asked")
    x = np.concatenate([one.features for _, _, one in found])
    sizes = [len(one) for _, _, one in found]
    return PatchSet.make(
        x,
        np.repeat([b for b, _, _ in found], sizes),
        names=first.names,
        section=np.repeat([s for _, s, _ in found], sizes),
        number=np.concatenate([one.patches["field"].to_numpy(int) for _, _, one in found]),
        meta=first.meta if first.meta.trichrome is None else replace(first.meta, trichrome=usual),
        flags=flags,
        odd_stain=odd,
    )


def _counted(labels: npt.NDArray[np.str_]) -> npt.NDArray[np.intp]:
    """Number of each patch among those of its biopsy, from 1."""
    out = np.empty(len(labels), np.intp)
    for name in np.unique(labels):
        mine = labels == name
        out[mine] = np.arange(1, mine.sum() + 1)
    return out
