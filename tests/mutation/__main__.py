"""Mutation of the code: python tests/mutation [FILE ...]

    python tests/mutation                      every file of mutation.toml
    python tests/mutation symconv/form.py      that one
    python tests/mutation --list symconv/form.py    its mutants, without running them
    python tests/mutation --again              forgets what earlier runs found

Each mutant is the file with one operator, number, condition, loop or decorator changed (by Cosmic Ray); the file's tests, the
closest first, run on it until one fails. It works on a copy of the checkout and goes on where an interrupted run stopped.
What survives needs its reason in accepted.toml; without one the exit status is 1.

`pip install -e '.[test,mutation]'` installs what it needs.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from mutants import Mutant, mutants
from run import Runner

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def accepted(file: str) -> dict[tuple[str, str, str], str]:
    """The reasons for survivors in a file: (function, line, mutated line) -> reason."""
    entries = tomllib.loads((HERE / "accepted.toml").read_text()).get("survivor", [])
    mine = [each for each in entries if each["file"] == file]
    return {(each["where"], each["was"], now): each["why"] for each in mine for now in each["now"]}


class Results:
    """What earlier runs found, a line of JSON for each mutant; one that survived is tried again, the tests may be better."""

    def __init__(self, path: Path, again: bool) -> None:
        self.path = path
        if again:
            path.unlink(missing_ok=True)
        lines = path.read_text().splitlines() if path.exists() else []
        self.killed = {each["mutant"]: each["by"] for each in map(json.loads, lines) if each["by"]}

    def add(self, mutant: Mutant, by: str) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"mutant": mutant.digest, "by": by}) + "\n")


def main() -> int:
    config = tomllib.loads((HERE / "mutation.toml").read_text())
    parser = argparse.ArgumentParser(
        prog="python tests/mutation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help=f"of {', '.join(config['tests'])}")
    parser.add_argument("--list", action="store_true", help="print the mutants, run none")
    parser.add_argument("--again", action="store_true", help="forget what earlier runs found")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "mutation", help="where the copy and the results are"
    )
    options = parser.parse_args()
    unknown = [file for file in options.files if file not in config["tests"]]
    if unknown:
        parser.error(f"mutation.toml has no tests for {unknown[0]}")
    files = options.files or list(config["tests"])
    patterns = [each["pattern"] for each in config["excluded"]]
    if options.list:
        for file in files:
            for mutant in mutants(ROOT, file, patterns):
                print(mutant)
        return 0
    options.work.mkdir(parents=True, exist_ok=True)
    alone = (options.work / "lock").open("w")
    try:
        fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        parser.error(f"another run is at work in {options.work}; take another folder with --work")
    results = Results(options.work / "results.jsonl", options.again)
    runner = Runner(ROOT, options.work / "checkout")
    table = [tried(file, config["tests"][file], patterns, runner, results) for file in files]
    print(f"\n{'file':24}{'mutants':>9}{'killed':>9}{'accepted':>10}{'left':>7}")
    total: Counter[str] = sum((row for _, row in table), Counter())
    for file, row in [*table, ("all", total)]:
        every = row["killed"] + row["accepted"] + row["left"]
        print(f"{file:24}{every:>9}{row['killed']:>9}{row['accepted']:>10}{row['left']:>7}")
    return 1 if total["left"] or total["stale"] else 0


def tried(
    file: str, tests: list[str], patterns: list[str], runner: Runner, results: Results
) -> tuple[str, Counter[str]]:
    """Run the mutants of one file; print what survives, and reasons for what does not survive."""
    everything = mutants(runner.copy, file, patterns)
    reasons = accepted(file)
    counts: Counter[str] = Counter()
    used: set[Any] = set()
    todo = [each for each in everything if each.digest not in results.killed]
    print(f"{file}: {len(everything)} mutants, {len(todo)} to run", flush=True)
    if todo:
        print(f"  its tests without a mutation: {runner.baseline(file, tests):.1f} s", flush=True)
    for mutant in everything:
        by = results.killed.get(mutant.digest)
        if by is None:
            by = runner.killer(mutant, tests)
            results.add(mutant, by)
        if by:
            counts["killed"] += 1
        elif mutant.key in reasons:
            counts["accepted"] += 1
            used.add(mutant.key)
            print(f"  survives: {mutant}\n      {reasons[mutant.key]}", flush=True)
        else:
            counts["left"] += 1
            print(f"  SURVIVES, without a reason: {mutant}", flush=True)
    for where, was, now in sorted(reasons.keys() - used):
        print(f"  accepted.toml has a reason for what does not survive: {file}, {where}\n    - {was}\n    + {now}")
        counts["stale"] += 1
    return file, counts


if __name__ == "__main__":
    sys.exit(main())
