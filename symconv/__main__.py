"""The command line as a process: `symconv` and `python -m symconv`."""

import gc
import io
import sys


def run() -> int:
    """Run the command line once, and end."""
    gc.disable()  # one short run that makes no cycles to speak of; collecting costs a fifth of importing SymPy
    if isinstance(getattr(sys.stdout, "buffer", None), io.RawIOBase):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(sys.stdout.buffer)
        )  # python -u takes a write cut short as whole
    from .cli import main

    try:
        return main()
    finally:
        gc.freeze()  # the last collection, at the interpreter's end, would look through all of SymPy for nothing


if __name__ == "__main__":
    sys.exit(run())
