"""How a run ends: its exit status, and one line on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

PROVED, REFUTED, REFUSED = 0, 1, 2


def say(message: str, status: int) -> int:
    """One line on standard error; a failed proof's places follow on their own lines."""
    from ..output import printable

    if status != REFUTED:
        message = " ".join(message.split())  # a name with a line break must not look like a second message
    message = "\n".join(map(printable, message.split("\n")))
    try:
        print(f"symconv: {message}", file=sys.stderr, flush=True)
    except OSError:  # nowhere left to say it; the status does
        drop(sys.stderr)
    return status


def drop(stream: TextIO) -> None:
    """Leave nothing of it for the interpreter to flush."""
    with suppress(OSError, ValueError):  # one without a file behind it has nothing to flush
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
