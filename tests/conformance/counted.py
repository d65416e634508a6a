"""How many results agreed with the frameworks' exactly, from the report of a run.

$ SYMCONV_FULL=1 pytest -n auto tests/conformance --junitxml report.xml
$ python tests/conformance/counted.py report.xml

Exits with 1 if a test failed or was skipped, or fewer results were compared than are claimed.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as tree
from collections import Counter

CLAIMED = 2_000


def main(report: str) -> int:
    every = Counter[str]()
    bad = []
    for case in tree.parse(report).getroot().iter("testcase"):
        place = case.get("classname", "")
        if "conformance" not in place:
            continue
        if any(case.find(what) is not None for what in ("failure", "error", "skipped")):
            bad.append(f"{place}::{case.get('name')}")
        for each in case.iter("property"):
            if each.get("name") == "compared exactly":
                every[place.rpartition(".")[2]] += int(each.get("value", "0"))
    for file, count in every.items():
        print(f"{file:<28} {count:>6,}")
    print(f"{'all':<28} {every.total():>6,}  (at least {CLAIMED:,} claimed)")
    for each in bad:
        print(f"failed or skipped: {each}", file=sys.stderr)
    return int(bool(bad) or every.total() < CLAIMED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
