"""check: a proof in JSON is proved again from its layer, and compared."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .files import read
from .options import add_limit
from .status import PROVED, REFUTED
from .values import limit_from

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument("file", metavar="FILE.json")
    add_limit(parser)


def run(options: argparse.Namespace) -> int:
    """Prove again, and say where the file differs."""
    from itertools import islice

    from ..catalogue import prove
    from ..output import printable, progress
    from ..render import json_format

    limit_from(options)
    found = json_format.load(read(options.file, "proof.json"), options.file)
    layer = json_format.layer_from(found)
    with progress("symconv: checking"):
        levels = found.get("checked")
        done = levels if isinstance(levels, list) else []
        level = next((level for level, each in (("all", "sympy"), ("entries", "entries")) if each in done), "axes")
        proof = prove(layer, found.get("theorem"), level, **json_format.options_from(found))  # type: ignore[arg-type]
        places = list(islice(json_format.differences(found, json_format.data(proof)), 11))
    if places:
        for place in places[:10]:
            print(f"symconv: {printable(f'{options.file}: {place}')}", file=sys.stderr)
        if len(places) > 10:
            print(f"symconv: {printable(options.file)}: and more differences", file=sys.stderr)
        return REFUTED
    report = proof.check()
    compared = "every claim, reason and citation"
    without = ""
    if any({"rows", "numbers", "polynomials"} & set(matrix) for matrix in found["matrices"].values()):
        compared = f"every entry, {compared[6:]}"
    elif found["matrices"]:
        without = "; its entries are too many to be in the file, and none was compared"
    print(f"{printable(options.file)}: {proof.theorem.name} holds for {layer!r}")
    print(f"  proved again from the layer: {compared} of the file is the same{without}")
    print(f"  {len(report.proved)} obligations proved, {len(report.omitted)} omitted")
    return PROVED
