"""From what happened to one sentence and an exit code. A user never sees a traceback."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

from cyclopts import App, CycloptsError

from ssc_core.errors import Cancelled, InputError, SscError

__all__ = ["exit_code_of"]


def exit_code_of(app: App, arguments: Sequence[str] | None) -> int:
    """Run `app`; say what went wrong, if anything did, on the standard error.

    With ``SSC_DEBUG=1`` errors keep their traceback, for developers.
    """
    debug = os.environ.get("SSC_DEBUG") == "1"
    if not debug:
        warnings.simplefilter("ignore")  # what users must know is in the result's flags
    try:
        signal.signal(signal.SIGTERM, _interrupt)
    except ValueError:
        pass  # not the main thread: whoever runs us there stops us himself
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except KeyboardInterrupt:
        return _say(Cancelled())
    except SscError as error:
        if debug:
            raise
        return _say(error)
    except CycloptsError as error:
        if debug:
            raise
        return _say(_sentence_of(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of our output left
        return 0
    except Exception as error:
        if debug:
            raise
        kind = type(error).__name__
        print(
            f"ssc: this is a defect of ours ({kind}); run again with SSC_DEBUG=1 and report it",
            file=sys.stderr,
        )
        return 1
    return 0


def _say(error: SscError) -> int:
    print(f"ssc: {error}", file=sys.stderr)
    return error.exit_code


def _sentence_of(error: CycloptsError) -> InputError:
    """What the command line library found wrong with the arguments, in one sentence of ours."""
    cause: Any = error.__cause__
    if cause is not None and hasattr(cause, "errors"):
        problems = "; ".join(
            f"{_flag(e['loc'])}: {e['msg'].lower()} (given {e['input']})" for e in cause.errors()
        )
        return InputError(f"{problems}; see --help")
    text = " ".join(str(error).split()).rstrip(".")
    return InputError(f"{text}; see --help")


def _flag(location: Sequence[object]) -> str:
    return "--" + "-".join(str(part) for part in location).replace("_", "-")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
