"""What the user has set once for all (*File > Preferences*); the defaults in older napari."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["alias", "offered", "offers_to_prefer", "threads", "worklist_folder"]

_PLUGIN = "napari-ssc"


def alias() -> str:
    """Who reads and draws; "" where nobody has said so."""
    return str(_said("reader", "alias", "")).strip()


def offers_to_prefer() -> bool:
    """Whether it was not yet offered to open our kinds of files always with this plugin."""
    return bool(_said("files", "offer", False))


def offered() -> None:
    """It was offered, and is not again."""
    from napari.settings import get_plugin_settings

    get_plugin_settings(_PLUGIN).files.offer = False


def worklist_folder() -> str:
    """Where manifests are looked for; "" for where one was last."""
    folder = str(_said("folders", "worklists", "")).strip()
    return folder if folder and Path(folder).is_dir() else ""


def threads() -> int:
    """Threads that one analysis may use; 0 for as many as there are cores."""
    return int(_said("computing", "threads", 0))


def _said(group: str, name: str, default: Any) -> Any:
    try:
        from napari.settings import get_plugin_settings
    except ImportError:  # napari before 0.9
        return default
    try:
        settings = get_plugin_settings(_PLUGIN)
    except KeyError:  # not installed as a plugin, in a script
        return default
    return getattr(getattr(settings, group), name)
