"""Writing: a file appears whole or not at all, and long work shows that it is alive."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def write(path: str, content: str | bytes) -> None:
    """Write a file atomically: a reader sees the old one or the new one, and a failure leaves the old one."""
    raw = content.encode() if isinstance(content, str) else content
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(21, "Is a directory", path)
    if target.exists() and not target.is_file():  # /dev/stdout, a pipe: nothing to replace
        target.write_bytes(raw)
        return
    target = Path(os.path.realpath(target))  # a link stays a link
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".symconv-")
    except OSError as error:  # the user asked for `path`, not for a temporary name
        raise OSError(error.errno, error.strerror, path) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def progress(what: str, after: float = 1.0) -> Iterator[None]:
    """Say on standard error, when it is a terminal, what is being done and for how long; silent in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    done = threading.Event()

    def report() -> None:
        start = time.monotonic()
        shown = False
        while not done.wait(after if not shown else 0.5):
            shown = True
            print(f"\r{what}: {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)
        if shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    thread = threading.Thread(target=report, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
