"""sweep: every configuration of a grid, and a table."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from ..errors import SpecError
from .status import PROVED, REFUTED
from .values import read_value

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    from ..grid import __doc__ as said

    parser.epilog = str(said)
    parser.add_argument("file", metavar="GRID.toml", help="the grid, as below")
    parser.add_argument("--jobs", metavar="N", help="processes at once (default: one for each core)")
    parser.add_argument("--dask", metavar="ADDRESS", help="prove on this Dask cluster instead")
    parser.add_argument("--limit", metavar="N", help="prove up to this many configurations (default 100000)")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE.csv",
        help="write the table there, and go on where an earlier run was interrupted; what that proved is in FILE.csv.journal",
    )


def run(options: argparse.Namespace) -> int:
    """Prove them all, and write the table."""
    from ..grid import LIMIT, read
    from ..output import write
    from ..sweep import FAILED, forget, sweep

    gc.enable()  # not a short run
    numbers = {
        name: read_value(f"--{name}", given, "number")
        for name in ("jobs", "limit")
        if (given := getattr(options, name))
    }
    if numbers.get("jobs", 1) < 1:
        raise SpecError("--jobs", options.jobs, "must be at least 1", "--jobs 2")
    path = None if options.output == "-" else options.output
    if path is not None and not path.lower().endswith(".csv"):
        raise SpecError("-o", path, "the suffix must be .csv", "-o table.csv")
    table, verdicts = sweep(
        read(options.file, numbers.get("limit", LIMIT)), path, numbers.get("jobs", -1), options.dask
    )
    write(path, table)
    if path is not None:
        forget(path)
    print(f"symconv: {', '.join(f'{count:,} {verdict}' for verdict, count in verdicts.items())}", file=sys.stderr)
    return REFUTED if FAILED in verdicts else PROVED
