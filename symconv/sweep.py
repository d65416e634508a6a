"""A sweep: prove every configuration of a grid, on all cores or on a Dask cluster, and write a table.

What is proved is written down at once, in a journal beside the table, so that an interrupted sweep goes on
where it was. joblib hands out the work; a configuration that is not valid, or to which the theorem does not
apply, is a row of the table that says so.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

from . import __version__
from .commands.options import layer_from, named, takes_value
from .errors import MissingPackage, NotApplicable, ProofFailed, SpecError, SymconvError, TooLarge
from .grid import OFF, Case, Grid

PROVED, FAILED = "proved", "failed"
RESULT = ("verdict", "rows", "columns", "nonzeros", "obligations", "said")
"""The columns after the options, the theorem and the check."""

KEPT = "what was proved is kept; the same command goes on from there"

Found = dict[str, Any]


def prove_case(case: Case) -> Found:
    """Prove one configuration; whatever comes of it is a verdict."""
    from .catalogue import prove
    from .commands.messages import on_command_line

    verdicts = {SpecError: "invalid", NotApplicable: "not applicable", TooLarge: "too large", ProofFailed: FAILED}
    try:
        layer = layer_from(named(dict(case.options)))
        report = prove(layer, case.theorem, case.check).check()
    except SymconvError as error:
        verdict = next((name for kind, name in verdicts.items() if isinstance(error, kind)), "refused")
        return {"verdict": verdict, "said": on_command_line(" ".join(str(error).split()))}
    except Exception as error:  # one configuration must not end the others
        return {"verdict": FAILED, "said": " ".join(f"{type(error).__name__}: {error}".split())}
    size = {"rows": prod(layer.output_shape), "columns": prod(layer.input_shape), "nonzeros": layer.read_map.nonzeros}
    return {"verdict": PROVED, **size, "obligations": len(report.proved)}


def sweep(grid: Grid, path: str | None = None, jobs: int = -1, dask: str | None = None) -> tuple[str, dict[str, int]]:
    """Prove a whole grid; the table as CSV, in the order of the grid, and how often each verdict was given.

    With a path, what is proved is kept in the journal `path + ".journal"` until the caller, having written the
    table, removes it; a sweep that finds one goes on from there.

    >>> from symconv.grid import parsed
    >>> table, verdicts = sweep(parsed('[[grid]]\\ninput = "3"\\nkernel = [2, 4]'), jobs=1)
    >>> verdicts
    {'proved': 1, 'invalid': 1}
    >>> print(table.splitlines()[1])
    3,2,weight_matrix,auto,proved,2,3,4,19,
    """
    with _journal(path) as (known, keep):
        todo = [case for case in dict.fromkeys(grid) if _key(case) not in known]
        for case, found in _proved(todo, len(grid), jobs, dask):
            known[_key(case)] = found
            keep(case, found)
    verdicts: dict[str, int] = {}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*grid.names, "theorem", "check", *RESULT))
    for case in grid:
        options, found = dict(case.options), known[_key(case)]
        verdicts[found["verdict"]] = verdicts.get(found["verdict"], 0) + 1
        given = (_shown(name, options) for name in grid.names)
        writer.writerow((*given, case.theorem, case.check, *(found.get(name, "") for name in RESULT)))
    return text.getvalue(), verdicts


def _shown(name: str, options: dict[str, str | None]) -> str:
    """What a cell says of an option: its value, nothing where it has its default, true or false where it takes none."""
    if not takes_value()[name]:
        return "true" if name in options else OFF
    return options.get(name) or ""


# Handing out --------------------------------------------------------------------------------------


def _numbered(number: int, case: Case) -> tuple[int, Found]:
    return number, prove_case(case)


def _proved(todo: list[Case], size: int, jobs: int, dask: str | None) -> Iterator[tuple[Case, Found]]:
    """Each case with what came of it, as it comes."""
    try:
        from joblib import Parallel, delayed
        from tqdm import tqdm
    except ImportError as error:
        raise MissingPackage(f"a sweep needs {error.name}: pip install 'symconv[sweep]'") from None
    with _cluster(dask):
        # One proof a task on a cluster: what a lost worker had finished is not proved again with the rest of a batch.
        parallel = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1 if dask else "auto")
        found = parallel(delayed(_numbered)(number, case) for number, case in enumerate(todo))
        bar = tqdm(found, "symconv: proving", size, initial=size - len(todo), unit="proof", leave=False, disable=None)
        for number, each in bar:
            yield todo[number], each


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Work on the Dask cluster at an address; without one, on this machine's cores.

    Of a cluster that has one core when the work begins joblib makes no use: it works in this process.
    """
    if address is None:
        yield
        return
    try:
        from distributed import CancelledError, Client
        from joblib import parallel_config
    except ImportError:
        raise MissingPackage("--dask needs distributed: pip install 'symconv[dask]'") from None
    try:
        client = Client(address, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        rule = f"no Dask scheduler answers there ({' '.join(str(error).split())})"
        raise SpecError("--dask", address, rule, "--dask tcp://127.0.0.1:8786") from None
    try:
        with client, parallel_config(backend="dask", wait_for_workers_timeout=60):
            yield
    except (CancelledError, OSError) as error:  # whatever waits for the scheduler fails in its own way
        raise ConnectionError(errno.ECONNRESET, f"went away; {KEPT}", f"the Dask scheduler at {address}") from error


# What was proved before ---------------------------------------------------------------------------


def journal_of(path: str) -> str:
    """Where a sweep keeps what it has proved until the table is written."""
    return f"{path}.journal"


def _key(case: Case) -> str:
    return json.dumps([__version__, *case])


@contextmanager
def _journal(path: str | None) -> Iterator[tuple[dict[str, Found], Any]]:
    """What an earlier run has proved, by case, and the function that adds to it; nobody else writes meanwhile."""
    if path is None:
        yield {}, lambda case, found: None
        return
    ours = False
    try:
        with open(journal_of(path), "a+b") as file:
            _alone(file, path)
            ours = True
            known, end = _entries(file)
            file.truncate(end)  # a line that was being written when the machine stopped

            def keep(case: Case, found: Found) -> None:
                file.write(json.dumps([_key(case), found]).encode() + b"\n")
                file.flush()

            yield known, keep
    except SymconvError:
        if ours and not os.path.getsize(journal_of(path)):  # refused before anything was proved: nothing is left behind
            forget(path)
        raise


def _alone(file: Any, path: str) -> None:
    try:
        import fcntl
    except ImportError:  # no such locks on this system
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SpecError("-o", path, "is being written by another sweep", "-o other.csv") from None


def _entries(file: Any) -> tuple[dict[str, Found], int]:
    """The journal's whole lines, and where they end."""
    known: dict[str, Found] = {}
    end = 0
    file.seek(0)
    for line in file:
        try:
            key, found = json.loads(line)
            if not line.endswith(b"\n") or not isinstance(key, str) or "verdict" not in found:
                break
        except (ValueError, TypeError):
            break
        known[key] = found
        end += len(line)
    return known, end


def forget(path: str) -> None:
    """Remove the journal, once the table is written."""
    os.unlink(journal_of(path))
