"""The files that symconv wrote, read back."""

from __future__ import annotations

from ..errors import SpecError

FILE_LIMIT = 1 << 30


def read(path: str, example: str) -> str:
    """The text of a file that symconv wrote, as in the example."""
    with open(path, "rb") as file:
        raw = file.read(FILE_LIMIT + 1)
    if len(raw) > FILE_LIMIT:
        raise SpecError("FILE", path, f"is larger than {FILE_LIMIT:,} bytes", "a proof written by symconv")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SpecError("FILE", path, "is not UTF-8 text", f"a proof written by symconv prove -o {example}") from None
