"""The files that symconv wrote, read back."""

from __future__ import annotations

import os

from ..errors import SpecError

FILE_LIMIT = 1 << 30
PIECE = 1 << 20


def read(path: str, example: str) -> str:
    """The text of a file that symconv wrote, as in the example: in pieces, as a device does not say how much it has."""
    wanted = f"a proof written by symconv prove -o {example}"
    pieces: list[str] = []
    try:
        with open(path, encoding="utf-8", newline="") as file:
            size = os.fstat(file.fileno()).st_size
            while size <= FILE_LIMIT and (piece := file.read(PIECE)):
                if "\0" in piece:
                    raise SpecError("FILE", path, "is not text", wanted)
                pieces.append(piece)
                size = max(size, len(pieces) * PIECE)
    except UnicodeDecodeError:
        raise SpecError("FILE", path, "is not UTF-8 text", wanted) from None
    if size > FILE_LIMIT:
        raise SpecError("FILE", path, f"is larger than {FILE_LIMIT:,} bytes", wanted)
    return "".join(pieces)
