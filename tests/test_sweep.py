"""A sweep: every configuration of a grid is proved once, whatever interrupts it."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

import symconv as sc
from symconv.cli import main
from symconv.errors import SpecError, TooLarge
from symconv.grid import parsed, read

pytest.importorskip("joblib", reason="a sweep needs joblib: pip install -e '.[sweep]'")
pytest.importorskip("tqdm", reason="a sweep needs tqdm: pip install -e '.[sweep]'")

from symconv.sweep import journal_of, sweep

GRID = """
theorem = ["weight_matrix", "dft"]
check = "axes"

[[grid]]
input = ["5x4", "6x3"]
kernel = [2, "3x2"]
stride = [1, 2]
padding = [1, "0:2"]
padding-mode = ["zeros", "circular"]
bias = [false, true]

[[grid]]
layer = "avg-pool"
input = 7
kernel = [2, 9]
"""
LONG = """
check = "entries"

[[grid]]
input = ["24x24", "23x24", "22x24", "21x24", "20x24"]
kernel = [2, 3, "4x2", 5]
stride = [1, 2]
padding = [1, "0:2", "same"]
"""
LONGER = LONG + 'padding-mode = ["zeros", "circular", "replicate", "symmetric"]\n'  # no signal comes too late for it


def rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table)))


def test_every_combination_is_a_row_with_the_verdict_that_prove_gives() -> None:
    grid = parsed(GRID)
    table, verdicts = sweep(grid, jobs=1)
    found = rows(table)
    assert len(found) == len(grid) == 2 * (2 * 2 * 2 * 2 * 2 * 2 + 2) == sum(verdicts.values())
    for row in found[:-4]:
        size = tuple(map(int, row["input"].split("x")))
        padding = 1 if row["padding"] == "1" else ((0, 2), (0, 2))
        kernel = 2 if row["kernel"] == "2" else (3, 2)
        layer = sc.Conv(size, kernel, stride=int(row["stride"]), padding=padding, bias=row["bias"] == "true", padding_mode=row["padding-mode"])  # fmt: skip
        if row["theorem"] in sc.theorems(layer):
            assert row["verdict"] == "proved"
            matrix = layer.weight_matrix()
            assert (int(row["rows"]), int(row["columns"])) == matrix.shape
            assert int(row["nonzeros"]) == len(matrix.todok())
        else:
            assert row["verdict"] == "not applicable"
            assert row["said"]
    assert [row["verdict"] for row in found[-4:]] == ["proved", "not applicable", "invalid", "invalid"]
    assert "--kernel 9" in found[-1]["said"]


def test_on_several_processes_the_table_is_the_same() -> None:
    assert sweep(parsed(GRID), jobs=2) == sweep(parsed(GRID), jobs=1)


def test_the_command_writes_the_table_and_leaves_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "grid.toml").write_text(GRID)
    target = tmp_path / "table.csv"
    assert main(["sweep", str(tmp_path / "grid.toml"), "--jobs", "1", "-o", str(target)]) == 0
    said = capsys.readouterr().err
    assert said == "symconv: 65 proved, 65 not applicable, 2 invalid\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grid.toml", "table.csv"]
    assert main(["sweep", str(tmp_path / "grid.toml"), "--jobs", "1"]) == 0
    assert capsys.readouterr().out == target.read_text()


def test_a_check_that_fails_is_a_row_and_the_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from symconv.readmap import Axis

    right = Axis.meets
    monkeypatch.setattr(Axis, "meets", lambda axis, p: right(axis, p) if p else {})
    (tmp_path / "grid.toml").write_text('[[grid]]\ninput = "4"\nkernel = 2')
    assert main(["sweep", str(tmp_path / "grid.toml"), "--jobs", "1"]) == 1
    (row,) = rows(capsys.readouterr().out)
    assert row["verdict"] == "failed"
    assert "definition and W" in row["said"]


def test_what_is_in_the_journal_is_not_proved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "table.csv")
    whole, _ = sweep(parsed(GRID), path, jobs=1)
    lines = Path(journal_of(path)).read_bytes().splitlines(keepends=True)
    Path(journal_of(path)).write_bytes(b"".join(lines[:50]) + lines[50][:-7])  # stopped while it wrote the 51st
    proved = []
    from symconv import sweep as module

    right = module.prove_case
    monkeypatch.setattr(module, "prove_case", lambda case: proved.append(case) or right(case))
    assert sweep(parsed(GRID), path, jobs=1)[0] == whole
    assert len(proved) == len(lines) - 50
    assert len(Path(journal_of(path)).read_bytes().splitlines()) == len(lines)


@pytest.mark.parametrize("line", [b'[1, {"verdict": "proved"}]\n', b'["k", {}]\n', b'["k", {"verdict": "proved"}]'])
def test_a_line_of_the_journal_that_is_none_ends_it(line: bytes) -> None:
    from symconv.sweep import _entries

    whole = b'["first", {"verdict": "proved"}]\n'
    assert _entries(io.BytesIO(whole + line)) == ({"first": {"verdict": "proved"}}, len(whole))


def test_a_fault_is_the_verdict_of_its_configuration_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    from symconv import catalogue

    right = catalogue.prove

    def prove(layer: sc.Conv, *asked: str) -> sc.Proof:
        if layer.kernel_size == (3,):
            raise ZeroDivisionError("by\nzero")
        return right(layer, *asked)

    monkeypatch.setattr(catalogue, "prove", prove)
    table, verdicts = sweep(parsed('[[grid]]\ninput = "4"\nkernel = [2, 3]'), jobs=1)
    assert verdicts == {"proved": 1, "failed": 1}
    assert rows(table)[1]["said"] == "ZeroDivisionError: by zero"


def test_without_the_packages_of_a_sweep_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = parsed('[[grid]]\ninput = "4"\nkernel = 2')
    for missing, dask, said in (
        ("distributed", "tcp://127.0.0.1:1", r"--dask needs distributed: pip install 'symconv\[dask\]'"),
        ("tqdm", None, r"a sweep needs .*: pip install 'symconv\[sweep\]'"),
    ):
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(sc.MissingPackage, match=said):
            sweep(grid, jobs=1, dask=dask)


def test_where_no_scheduler_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(address: str, timeout: int) -> None:
        raise OSError(f"Timed out trying to connect\nto {address}")

    fake = SimpleNamespace(Client=client, CancelledError=OSError)
    monkeypatch.setitem(sys.modules, "distributed", fake)
    with pytest.raises(
        SpecError, match=r"--dask='tcp://127.0.0.1:1': no Dask scheduler answers there \(Timed out .* to tcp"
    ):
        sweep(parsed('[[grid]]\ninput = "4"\nkernel = 2'), jobs=1, dask="tcp://127.0.0.1:1")


def test_without_file_locks_a_sweep_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    assert sweep(parsed('[[grid]]\ninput = "4"\nkernel = 2'), str(tmp_path / "t.csv"), jobs=1)[1] == {"proved": 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path: Path, number: int) -> None:
    (tmp_path / "grid.toml").write_text(LONGER)
    command = [sys.executable, "-m", "symconv", "sweep", "grid.toml", "-o", "table.csv", "--jobs", "1"]
    first = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "table.csv.journal"
    deadline = time.monotonic() + 60
    while (not journal.exists() or journal.read_bytes().count(b"\n") < 5) and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(number)
    _, said = first.communicate(timeout=60)
    if number != signal.SIGKILL:
        assert first.returncode == 128 + number
        assert said.splitlines() == [
            f"symconv: {'interrupted' if number == signal.SIGINT else 'terminated'}; what was proved is kept; "
            "the same command goes on from there"
        ]
    before = journal.read_bytes()
    assert 5 <= before.count(b"\n") < len(parsed(LONGER))
    assert not (tmp_path / "table.csv").exists()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, f"symconv: {len(parsed(LONGER))} proved\n")
    assert not journal.exists()
    assert len(rows((tmp_path / "table.csv").read_text())) == len(parsed(LONGER))


def test_two_sweeps_do_not_write_one_table(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl", reason="this system has no file locks")
    path = str(tmp_path / "table.csv")
    with open(journal_of(path), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(SpecError, match="is being written by another sweep"):
            sweep(parsed(GRID), path, jobs=1)
    assert os.path.exists(journal_of(path))  # it is the other's


def test_a_sweep_that_cannot_begin_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joblib", None)
    with pytest.raises(sc.MissingPackage, match="a sweep needs joblib"):
        sweep(parsed(GRID), str(tmp_path / "table.csv"))
    assert not list(tmp_path.iterdir())


PRELOAD = """
import json, os, time
import symconv.sweep as module

module.right = getattr(module, "right", module.prove_case)  # a preloaded file runs more than once

def logged(case):
    def log(*words):
        with open(os.environ["PROVED_LOG"], "a") as file:
            file.write(json.dumps([os.getpid(), *words]) + "\\n")
    log("begins")
    time.sleep(0.3)
    found = module.right(case)
    log("proved", case)
    return found

module.prove_case = logged
"""


class Cluster:
    """A scheduler and two workers that log what they prove; what the folder holds is theirs to read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        self._environment = os.environ | {"PROVED_LOG": str(self.log)}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cluster:
        (self.folder / "logged.py").write_text(PRELOAD)
        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", "cluster")
        self.scheduler = self._start("dask_scheduler", *where)
        self.address = awaited(lambda: json.loads((self.folder / "cluster").read_text())["address"])
        worker = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--preload", "logged.py")
        self.workers = [self._start("dask_worker", self.address, *worker) for _ in range(2)]
        import distributed

        with distributed.Client(self.address, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
        return self

    def _start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", *words]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._started.append(subprocess.Popen(command, cwd=self.folder, env=self._environment, **quiet))
        return self._started[-1]

    def sweep(self) -> subprocess.Popen[str]:
        """The sweep of grid.toml on the cluster."""
        command = [sys.executable, "-m", "symconv", "sweep", "grid.toml", "-o", "table.csv", "--dask", self.address]
        return subprocess.Popen(command, cwd=self.folder, stderr=subprocess.PIPE, text=True)

    def __exit__(self, *_: object) -> None:
        for each in self._started:
            each.kill()
            each.wait()


def test_a_dask_cluster_that_loses_a_worker_loses_nothing_and_proves_nothing_twice(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="this needs Dask: pip install -e '.[dask]'")
    grid = LONG.replace('"20x24"', "").replace('"4x2", 5', "")
    (tmp_path / "grid.toml").write_text(grid)
    with Cluster(tmp_path) as cluster:
        sweeping = cluster.sweep()
        awaited(lambda: half_way(cluster.log, cluster.workers[0].pid, len(parsed(grid)) // 2))
        cluster.workers[0].kill()
        _, said = sweeping.communicate(timeout=300)
        assert sweeping.returncode == 0, said
    lines = map(json.loads, cluster.log.read_text().splitlines())
    times = Counter(json.dumps(words[1]) for _, *words in lines if words[1:])
    assert set(times) == {json.dumps(case) for case in parsed(grid)}
    assert set(times.values()) == {1}
    found = rows((tmp_path / "table.csv").read_text())
    assert len(found) == len(parsed(grid))
    assert {row["verdict"] for row in found} == {"proved"}


def test_a_scheduler_that_goes_away_is_not_waited_for(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="this needs Dask: pip install -e '.[dask]'")
    from symconv.sweep import KEPT

    (tmp_path / "grid.toml").write_text(LONG)
    with Cluster(tmp_path) as cluster:
        sweeping = cluster.sweep()
        awaited(lambda: (tmp_path / "table.csv.journal").read_bytes())
        cluster.scheduler.kill()
        _, said = sweeping.communicate(timeout=120)
    assert sweeping.returncode == 2, said
    lost = f"the Dask scheduler at {cluster.address}: went away; {KEPT}"
    assert said.rstrip().splitlines()[-1] == f"symconv: {lost}", said[-300:]  # after what distributed itself logs
    assert not (tmp_path / "table.csv").exists()


def half_way(log: Path, worker: int, half: int) -> bool:
    """Whether that many are proved, and the worker has been at its next one for so long that its last result was taken."""
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    own = [what for pid, what, *_ in lines if pid == worker]
    aged = time.time() - log.stat().st_mtime > 0.1
    return sum(what == "proved" for _, what, *_ in lines) >= half and own[-1:] == ["begins"] and aged


def awaited(what: object, seconds: float = 120) -> str:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := what():  # type: ignore[operator]
                return found
        except (OSError, ValueError, KeyError):
            if time.monotonic() > deadline:
                raise
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[grid]\n", "GRID: is not TOML: "),
        ("", "grid: must be one or more blocks [[grid]]. Valid: [[grid]] with lines such as"),
        ("grid = 3", "grid=3: must be one or more blocks [[grid]]"),
        ("[grid]\ninput = 3", "grid={'input': 3}: must be one or more blocks [[grid]]"),
        ("kernel = 3", "kernel=3: is none of grid, theorem and check; the options of a layer belong into a [[grid]]"),
        ("[[grid]]\nsize_of_kernel = 3", "size_of_kernel=3: must be one of layer, input, kernel"),
        ('[[grid]]\nkernel = 3\ntheorem = "rank"', "theorem='rank': is for every [[grid]], and stands above the first of them. Valid: theorem = \"rank\", then [[grid]]"),
        ("[[grid]]\nkernel = []", "kernel=[]: must have at least one value. Valid: kernel = [1, 2]"),
        ("[[grid]]\nkernel = [3.5]", "kernel=3.5: must be a whole number, or what the command line takes"),
        ("[[grid]]\nkernel = [[3, 3]]", 'kernel=[3, 3]: must be a whole number, or what the command line takes, in quotation marks. Valid: kernel = [2, "3x2"]'),
        ("[[grid]]\nkernel = true", "kernel=True: must be a whole number"),
        ("[[grid]]\nbias = 1", "bias=1: must be true or false. Valid: bias = [false, true]"),
        ('theorem = "weight"\n[[grid]]\nkernel = 3', "theorem='weight': must be one of weight_matrix"),
        ('check = "some"\n[[grid]]\nkernel = 3', "check='some': must be one of auto, axes, entries, all"),
    ],
)  # fmt: skip
def test_a_grid_that_is_none_is_explained(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        parsed(text)
    assert str(caught.value).startswith(said)


def test_a_file_that_is_no_grid(tmp_path: Path) -> None:
    target = tmp_path / "grid.toml"
    for raw, said in ((b"#" * (1 << 20) + b"#", "is larger than 1,048,576 bytes"), (b"\xff", "is not UTF-8 text")):
        target.write_bytes(raw)
        with pytest.raises(SpecError, match=said):
            read(str(target))


def test_a_grid_is_counted_before_it_is_made(tmp_path: Path) -> None:
    sizes = ", ".join(map(str, range(10, 1010)))
    (tmp_path / "grid.toml").write_text(f"[[grid]]\ninput = [{sizes}]\nkernel = [{sizes}]\npadding = [{sizes}]")
    with pytest.raises(TooLarge, match=r"1,000,000,000 configurations, more than 100,000; --limit 1000000000 allows"):
        read(str(tmp_path / "grid.toml"))


def test_the_command_line_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "grid.toml").write_text(GRID)
    grid = str(tmp_path / "grid.toml")
    for words, said in (
        (["--jobs", "0"], "--jobs='0': must be at least 1. Valid: --jobs 2"),
        (["-o", "table.md"], "-o='table.md': the suffix must be .csv. Valid: -o table.csv"),
        (["--limit", "3"], f"{grid} has 132 configurations, more than 3; --limit 132 allows them"),
    ):
        assert main(["sweep", grid, *words]) == 2
        assert capsys.readouterr().err == f"symconv: {said}\n"


def test_a_grid_file_that_is_none_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "grid.toml"
    path.write_bytes(b"[[grid]]\nkernel = '\xff'")
    with pytest.raises(SpecError, match=r"^GRID='.*: is not UTF-8 text\. Valid: \[\[grid\]\]"):
        read(str(path))
    monkeypatch.setattr("symconv.grid.SIZE_LIMIT", 10)
    with pytest.raises(SpecError, match="is larger than 10 bytes"):
        read(str(path))
