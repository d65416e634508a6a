"""What stops a run: Ctrl-C, SIGTERM, a full disk, a read-only folder, a reader that leaves. One line, the right exit
status, and the file of an earlier run as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

BASE = ("prove", "--input", "4x4", "--kernel", "3x3")
FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "symconv", *arguments]


def run(*arguments: str, **options: object) -> tuple[int, str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, timeout=120, **options)  # type: ignore[call-overload]
    return done.returncode, done.stderr


@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_leaves_the_earlier_file(number: signal.Signals, said: str, tmp_path: Path) -> None:
    target = tmp_path / "proof.txt"
    target.write_text("the earlier proof")
    started = (
        "import sys, signal, threading, symconv.catalogue as c\n"
        "from symconv.cli import main\n"
        "prove = c.prove\n"
        "def slow(*given, **asked):\n"
        "    print('proving', flush=True)\n"
        "    while True: prove(*given, **asked)\n"
        "c.prove = slow\n"
        f"sys.exit(main({[*BASE, '-o', str(target)]!r}))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", started], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "proving\n"
    time.sleep(0.1)
    process.send_signal(number)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (128 + number, f"symconv: {said}; nothing was written\n")
    assert target.read_text() == "the earlier proof"
    assert list(tmp_path.iterdir()) == [target]


def buffering(unbuffered: bool) -> dict[str, str]:
    """This environment, with streams that keep what could not be written, or do not."""
    others = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return others | ({"PYTHONUNBUFFERED": "1"} if unbuffered else {})


@needs_full
@pytest.mark.parametrize(
    "arguments",
    [BASE, ("show", *BASE[1:]), ("theorems",), ("draw", *BASE[1:]), ("--help",), ("prove", "--help"), ("--version",)],
    ids=" ".join,
)
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_full_standard_output(arguments: tuple[str, ...], unbuffered: bool) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=buffering(unbuffered))  # fmt: skip
    assert done.stderr == "symconv: standard output: No space left on device\n"
    assert done.returncode == 2


@needs_full
def test_a_full_device_as_the_file() -> None:
    assert run(*BASE, "--format", "html", "-o", "/dev/full") == (2, "symconv: /dev/full: No space left on device\n")


@needs_full
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_full_standard_error_keeps_the_exit_status(unbuffered: bool) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(command("prove", "--input", "4"), stdout=subprocess.PIPE, stderr=full, check=False, env=buffering(unbuffered))  # fmt: skip
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_full_disk_leaves_the_earlier_file(tmp_path: Path) -> None:
    """The limit on the size of a file stands in for a full disk, which needs no privilege."""
    pytest.importorskip("resource", reason="limits of processes are POSIX")
    target = tmp_path / "proof.html"
    target.write_text("the earlier proof")

    # Only around the command itself: other tools, such as one that measures coverage, write files at its end.
    limited = (
        "import resource, signal, sys\n"
        "from symconv.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, hard))\n"
        f"status = main({[*BASE, '-o', str(target)]!r})\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=False, timeout=120)
    status, said = done.returncode, done.stderr
    assert (status, said) == (2, f"symconv: {target}: File too large\n")
    assert target.read_text() == "the earlier proof"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["worksheet", "prove", "draw"])
def test_a_folder_that_cannot_be_written(name: str) -> None:
    """A folder of /proc refuses everybody, and root too."""
    folder = Path("/proc/self")
    if not folder.is_dir():
        pytest.skip("this system has no /proc")
    solution = ["--solution", f"{folder}/b.txt"] if name == "worksheet" else []
    status, said = run(name, *BASE[1:], "-o", f"{folder}/a.{'svg' if name == 'draw' else 'txt'}", *solution)
    assert status == 2
    assert said.startswith("symconv: /proc/self/a.")
    assert said.count("\n") == 1


@pytest.mark.parametrize("unbuffered", [False, True])
def test_standard_output_that_is_cut_short_is_an_error(unbuffered: bool, tmp_path: Path) -> None:
    """Some of it fits: without a buffer of its own Python takes that for all of it."""
    resource = pytest.importorskip("resource", reason="limits of processes are POSIX")
    limited = (
        "import resource, signal, sys\n"
        "from symconv.__main__ import run\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"sys.argv = {['symconv', *BASE]!r}\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, {resource.RLIM_INFINITY}))\n"
        "status = run()\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({resource.RLIM_INFINITY}, {resource.RLIM_INFINITY}))\n"
        "sys.exit(status)\n"
    )
    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run([sys.executable, "-c", limited], stdout=out, stderr=subprocess.PIPE, check=False, env=buffering(unbuffered))  # fmt: skip
    assert (done.returncode, done.stderr) == (2, b"symconv: standard output: File too large\n")


@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_reader_of_standard_output_that_leaves(unbuffered: bool) -> None:
    """As in `symconv prove ... | head -1`: nothing is said, and it is no error."""
    large = command("prove", "--input", "60x60", "--kernel", "3x3", "--format", "json")  # more than a pipe holds
    process = subprocess.Popen(large, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=buffering(unbuffered))
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_reader_of_a_named_pipe_that_leaves(tmp_path: Path) -> None:
    """A file was asked for, and not all of it was taken: that is said, once, and is an error."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    large = (
        "prove",
        "--input",
        "60x60",
        "--kernel",
        "3x3",
        "--format",
        "json",
        "-o",
        str(pipe),
    )  # more than a pipe holds
    process = subprocess.Popen(command(*large), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with pipe.open("rb") as reader:
        assert reader.read(1) == b"{"
    out, error = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert error == f"symconv: {pipe}: its reader left before all of it was written\n"
    assert list(tmp_path.iterdir()) == [pipe]


def test_closed_streams() -> None:
    done = subprocess.run(f"{' '.join(command(*BASE))} >&-", shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run(f"{' '.join(command('prove', '--input', '4'))} 2>&-", shell=True, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 2
