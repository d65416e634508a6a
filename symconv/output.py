"""Writing: a file appears whole or not at all, and long work shows that it is alive."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path


def write(path: str | None, content: str | bytes) -> None:
    """Write a file atomically: a reader sees the old one or the new one, and a failure leaves the old one."""
    write_all([(path, content)])


def write_all(files: Sequence[tuple[str | None, str | bytes]]) -> None:
    """Write several files, all of them or none: each is on the disk under another name before one gets its own.

    What has no name, or the name -, goes to standard output.
    """
    with ExitStack() as undo:
        places = [_staged(path, content, undo) for path, content in files if path not in (None, "-")]
        for n, (temporary, target) in enumerate(places, 1):
            if isinstance(temporary, bytes):
                with _about(str(target)):
                    target.write_bytes(temporary)
                continue
            if n < len(places):  # should a later one fail after all
                undo.callback(_restored, target, target.read_bytes() if target.exists() else None)
            with _about(str(target)):
                os.replace(temporary, target)
        for content in (content for path, content in files if path in (None, "-")):
            if isinstance(content, str):
                sys.stdout.write(content)
            else:
                sys.stdout.buffer.write(content)
        undo.pop_all()


def same_file(one: str | None, other: str | None) -> bool:
    """Whether two names are those of one file, or both of standard output."""
    if one in (None, "-") or other in (None, "-"):
        return one in (None, "-") and other in (None, "-")
    return os.path.realpath(str(one)) == os.path.realpath(str(other))


def _restored(target: Path, old: bytes | None) -> None:
    if old is None:
        _removed(str(target))
    else:
        target.write_bytes(old)


def _staged(path: str | None, content: str | bytes, undo: ExitStack) -> tuple[str | bytes, Path]:
    """The content under a temporary name beside its place; or itself, for what cannot be replaced."""
    raw = content.encode() if isinstance(content, str) else content
    path = str(path)
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(21, "Is a directory", path)
    if target.exists() and not target.is_file():  # /dev/stdout, a pipe: nothing to replace
        return raw, target
    target = Path(os.path.realpath(target))  # a link stays a link
    if target.is_symlink():  # of links in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    temporary = os.path.join(target.parent, f".symconv-{os.urandom(8).hex()}")
    with _about(path):  # the user asked for `path`, not for a temporary name
        # Made with the rights of a new file: to ask which those are the mask would have to be changed, for every thread.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        undo.callback(_removed, temporary)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o777)
    return temporary, target


@contextmanager
def _about(path: str) -> Iterator[None]:
    """An error while writing, with the name that the user knows; a pipe whose reader left did not get all of it."""
    try:
        yield
    except BrokenPipeError as error:
        raise OSError(error.errno, "its reader left before all of it was written", path) from None
    except FileNotFoundError as error:
        folder = os.path.dirname(path) or "."
        why = "" if os.path.isdir(folder) else f" (there is no folder {folder})"
        raise FileNotFoundError(error.errno, f"{error.strerror}{why}", path) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _removed(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def printable(line: str) -> str:
    """A line as it may go to a terminal: what is no sign is written as Python writes it, so that nothing in it is a command.

    >>> print(printable("proof\\x1b[2J.json"))
    proof\\x1b[2J.json
    """
    return "".join(c if c.isprintable() or c in "\u00a0\u2009" else c.encode("unicode_escape").decode() for c in line)


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
