"""Writing: whole files or none, through links and pipes, and a sign of life while it takes long."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import symconv as sc
from symconv.cli import main

BASE = ["prove", "--input", "4x4", "--kernel", "3x3"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "proof.tex"
    target.write_text("old")
    assert main([*BASE, "--stride", "0", "-o", str(target)]) == 2
    assert target.read_text() == "old"
    assert main([*BASE, "-o", str(tmp_path / "missing" / "proof.tex")]) == 2
    assert "No such file or directory" in capsys.readouterr().err
    assert main([*BASE, "--format", "text", "-o", str(tmp_path)]) == 2
    assert "Is a directory" in capsys.readouterr().err
    assert main([*BASE, "-o", str(target)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["proof.tex"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "proof.tex"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert main([*BASE, "-o", str(target)]) == 2
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["proof.tex"]


def test_a_link_stays_a_link_and_links_in_a_circle_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link.tex").symlink_to("proof.tex")
    assert main([*BASE, "-o", str(tmp_path / "link.tex")]) == 0
    assert (tmp_path / "link.tex").is_symlink()
    assert "\\end{document}" in (tmp_path / "proof.tex").read_text()
    for name, other in (("one.tex", "two.tex"), ("two.tex", "one.tex")):
        (tmp_path / name).symlink_to(other)
    assert main([*BASE, "-o", str(tmp_path / "one.tex")]) == 2
    assert "one.tex: Too many levels of symbolic links" in capsys.readouterr().err
    assert (tmp_path / "one.tex").readlink() == Path("two.tex")
    assert len(list(tmp_path.iterdir())) == 4


def test_bytes_go_to_standard_output_as_they_are(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    from symconv.output import write

    write("-", b"%PDF \xff\n")
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"%PDF \xff\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are POSIX")
def test_a_named_pipe_gets_what_a_file_would(tmp_path: Path) -> None:
    import threading

    pipe, found = tmp_path / "pipe.txt", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    assert main([*BASE, "-o", str(pipe)]) == 0
    reader.join(timeout=60)
    assert found == [str(sc.prove(sc.Conv((4, 4), 3)))]
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize("terminal", [True, False])
def test_long_work_shows_that_it_is_alive_in_a_terminal_only(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import time

    from symconv.output import progress

    class Stream(io.StringIO):
        def isatty(self) -> bool:
            return terminal

    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress("symconv: proving", after=0.02):
        time.sleep(0.2)
    assert ("symconv: proving: 0 s" in stream.getvalue()) == terminal
    assert terminal or stream.getvalue() == ""
    stream = Stream()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress("symconv: proving"):
        pass
    assert stream.getvalue() == ""  # nothing of what is short
