"""Make the pictures of the README and of docs/plugin.md from real runs of the plugin on its samples.

    xvfb-run -a -s "-screen 0 1280x960x24" python docs/make_pictures.py [--out FOLDER] [NAME ...]

Every picture is a workflow: buttons are pressed and lines are drawn as users do. It fails when a panel, a button, a
layer or a table that a picture should show is missing, so that no picture can show what is no longer there.
``--theme light`` and ``--size 1600x1000`` show the same in other surroundings, QT_SCALE_FACTOR=1.5 on other screens.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from pictures.calcinosis import calcinosis, calcinosis_axes, calcinosis_visits
from pictures.lung import lung, lung_heatmap, lung_levels, lung_refine, lung_scores
from pictures.people import reading, worklist
from pictures.skin import skin, skin_scores
from pictures.stage import Stage

PICTURES = (
    skin, skin_scores, lung, lung_refine, lung_levels, lung_scores, lung_heatmap, calcinosis, calcinosis_axes,
    calcinosis_visits, worklist, reading,
)  # fmt: skip


def main() -> None:
    """Make them all, or those named."""
    names = {f.__name__.replace("_", "-"): f for f in PICTURES}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images")
    parser.add_argument("--theme", choices=("dark", "light"), default="")
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--list", action="store_true", help="say what can be made, and make nothing")
    given = parser.parse_args()
    if given.list:
        print("\n".join(names))
        return
    unknown = set(given.names) - set(names)
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    width, height = map(int, given.size.split("x"))
    stage = Stage(given.out, (width, height), given.theme)
    for name in given.names or names:
        names[name](stage)


if __name__ == "__main__":
    main()
