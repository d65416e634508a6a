"""Ratios of time and memory against `python -c "import sympy"`, measured in turn: python tests/benchmark.py

Not a test: machines are noisy, so nothing here passes or fails. Each line gives the median ratio of
pairs of runs, one after the other, and what it should be at most.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

# As installed: bytecode is cached, as pip caches that of SymPy.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SYMPY = [sys.executable, "-c", "import sympy"]
PROVE = [shutil.which("symconv") or "symconv", "prove"]


def seconds(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


def ratio(command: Sequence[str], against: Sequence[str] = SYMPY, pairs: int = 21) -> float:
    """The median of the ratios of paired runs, after one warm-up of each."""
    seconds(command), seconds(against)
    return statistics.median(seconds(command) / seconds(against) for _ in range(pairs))


def peak_mib(command: Sequence[str]) -> float:
    """The peak memory of a run, in a child of a child so that earlier runs do not count."""
    probe = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    probe += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    done = subprocess.run([sys.executable, "-c", probe, *command], capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 1024


def growth(folder: Path) -> list[tuple[int, float, float]]:
    """Non-zeros, seconds and MiB of a proof with every entry checked, over two decades."""
    rows = []
    for size in (20, 40, 80, 160):
        command = [*PROVE, "--input", f"{size}x{size}", "--kernel", "5", "--out-channels", "6"]
        command += ["--check", "entries", "-o", str(folder / "growth.tex")]
        nonzeros = 6 * (5 * (size - 4)) ** 2
        rows.append((nonzeros, min(seconds(command) for _ in range(3)), peak_mib(command)))
    return rows


def contraction(rank: int, run: int) -> tuple[float, float]:
    """Seconds to contract the inputs' Kronecker deltas of a convolution with symbolic sizes: by SymPy, and by a checked move.

    Each run has letters of its own, so that no cache answers.
    """
    from sympy import IndexedBase, KroneckerDelta, symbols
    from sympy.concrete.delta import deltasummation

    from symconv.general.moves import Facts, Sift
    from symconv.general.terms import Below, Bracket, Same, SumOver, Tensor, times
    from symconv.sizes import Var

    axes = [f"{j}_{run}" for j in range(rank)]
    s, d, n = (symbols([f"{letter}{j}" for j in axes], integer=True, positive=True) for letter in "sdn")
    i, u, p, low = (symbols([f"{letter}{j}" for j in axes], integer=True) for letter in "iupP")
    expression = IndexedBase("k")[tuple(u)] * IndexedBase("x")[tuple(p)]
    for j in range(rank):
        expression *= KroneckerDelta(s[j] * i[j] + d[j] * u[j] - low[j], p[j])
    begin = time.process_time()
    for j in range(rank):
        expression = deltasummation(expression, (p[j], 0, n[j] - 1))
    sympy_seconds = time.process_time() - begin

    at = [Var(f"s{j}") * Var(f"i{j}") + Var(f"d{j}") * Var(f"u{j}") - Var(f"P{j}") for j in axes]
    same = [Same(where, Var(f"p{j}")) for where, j in zip(at, axes, strict=True)]
    tensors = Tensor("k", tuple(Var(f"u{j}") for j in axes)), Tensor("x", tuple(Var(f"p{j}") for j in axes))
    term = SumOver(tuple(Below(f"p{j}", Var(f"n{j}")) for j in axes), times(*map(Bracket, same), *tensors))
    facts = Facts((), ())
    begin = time.process_time()
    for j, said, where in zip(axes, same, at, strict=True):
        term = Sift(f"p{j}", said, where).apply(term, facts)
    return sympy_seconds, time.process_time() - begin


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        main_job = [*PROVE, "--input", "4x4", "--kernel", "3x3", "-o", str(folder / "proof.tex")]
        lenet = [*PROVE, "--input", "32x32", "--kernel", "5x5", "--out-channels", "6", "--check", "entries"]
        lenet += ["-o", str(folder / "lenet.tex")]
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, against python -c 'import sympy'")
        print(f"main job, 4x4 with 3x3, cold          {ratio(main_job):6.2f}x   at most 1.4x")
        general = [*PROVE, "--general", "weight_matrix", "--rank", "2", "-o", str(folder / "general.tex")]
        print(f"for all sizes, rank 2, cold           {ratio(general):6.2f}x   at most 1x")
        contraction(1, 0)
        for rank in (1, 2, 3):
            pairs = [contraction(rank, run) for run in range(1, 10)]
            faster = statistics.median(sympy / own for sympy, own in pairs)
            print(
                f"  contracting its deltas, rank {rank}, than SymPy's deltasummation: {faster:.0f} times as fast, at least 50"
            )
        print(f"LeNet-5 C1, every entry, cold         {ratio(lenet, pairs=5):6.2f}x   at most 3x")
        print(f"LeNet-5 C1, every entry, peak memory  {peak_mib(lenet):6.0f} MiB  at most 500 MiB")
        print("growth with the non-zeros (every entry checked):")
        rows = growth(folder)
        for nonzeros, time_taken, memory in rows:
            print(f"  {nonzeros:>9,} non-zeros  {time_taken:6.2f} s  {memory:6.1f} MiB")
        (first, early, _), (last, late, _) = rows[1], rows[-1]
        print(f"  {last / first:.0f} times the non-zeros take {late / early:.0f} times as long")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
