"""The front door: what is public, what an import costs, what the documents claim."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ssc_core
from ssc_core.cli import app

ROOT = Path(__file__).resolve().parents[2]


def _modules_after(code: str) -> set[str]:
    script = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_public_names_are_sorted_and_exist() -> None:
    assert ssc_core.__all__ == sorted(ssc_core.__all__) == dir(ssc_core)
    for name in ssc_core.__all__:
        assert getattr(ssc_core, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'kidney'"):
        ssc_core.kidney  # noqa: B018


def test_import_brings_nothing_heavy() -> None:
    loaded = _modules_after("import ssc_core")
    assert not loaded & {
        "torch",
        "dask.array",
        "SimpleITK",
        "matplotlib",
        "napari",
        "qtpy",
        "pandas",
        "numpy",
    }


@pytest.mark.parametrize("room", ["skin", "lung", "calcinosis"])
def test_rooms_bring_no_network_and_no_viewer(room: str) -> None:
    loaded = _modules_after(f"import ssc_core.{room}; ssc_core.{room}.analyse")
    assert not loaded & {"torch", "napari", "qtpy", "PySide6", "PyQt6", "magicgui", "lightning"}


def test_help_brings_nothing_heavy() -> None:
    loaded = _modules_after("from ssc_core.cli import app; app.help_print([])")
    assert not loaded & {"numpy", "pandas", "torch", "dask", "matplotlib"}


def test_version_is_told_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ssc_core.__version__ == project["version"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()


def test_licences_and_extras_are_as_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = " ".join(project["dependencies"]).lower()
    assert not re.search(r"napari|qt|pingouin|opencv-python[^-]|distributed|lightning", base)
    assert set(project["optional-dependencies"]) == {"napari", "timm", "train", "cluster", "all"}
    assert any("napari[pyside6]" in d for d in project["optional-dependencies"]["all"])


def _commands(text: str) -> list[str]:
    blocks = re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, re.S)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_commands_in_documents_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for line in _commands(path.read_text(encoding="utf-8")):
        words = shlex.split(line)
        if words[0] == "ssc" and not {"--help", "--version"} & set(words):
            app.parse_args(words[1:], exit_on_error=False, print_error=False)
        elif words[0] == "make":
            assert words[1] in targets, line


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_links_and_pictures_in_documents_exist(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not link.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / link).exists(), link
