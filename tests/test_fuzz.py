"""Whatever is typed, or stands in a file: exit 0, 1 or 2, one line of why, no traceback, no hang and no partial file.

SYMCONV_FULL=1 runs 20,000 inputs; SYMCONV_FUZZ=1000000 that many, in batches each of which has the number of its batch for
a seed, so that a failure is replayed by the same number. SYMCONV_FUZZ_FROM=n begins with batch n.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fuzzing import (
    HOSTILE,
    PROOF,
    VALUES,
    command_lines,
    grids,
    json_values,
    mutated,
    mutated_json,
    nested,
    raw_command_lines,
    scalars,
)
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from lanes import many

import symconv as sc
from symconv import cli, limits
from symconv.commands.options import _OPTIONS
from symconv.commands.values import read_value
from symconv.spec import read_data

resource = pytest.importorskip("resource", reason="POSIX measures memory and time")
ASKED = int(os.environ.get("SYMCONV_FUZZ") or 0)
FIRST = int(os.environ.get("SYMCONV_FUZZ_FROM") or 0)
SHARES = {"commands": 0.25, "raw commands": 0.1, "parameters": 0.3, "files": 0.15, "kernels": 0.15, "grids": 0.05}
"""Of all inputs; the cheap ones are the many."""
BATCH = 500
PATIENCE = 120  # seconds for one input, on a machine that others use too


class Hang(BaseException):
    """Not an Exception: nothing that takes a failure for an answer may take this one."""


def hammer(target: str, strategy: st.SearchStrategy[Any], check: Callable[[Any], object]) -> None:
    """So many inputs as are this target's share, in batches with a seed each."""
    count = round(SHARES[target] * (ASKED or many(20_000, 400)))
    done = Counter[str]()

    def stopped(*_: Any) -> None:
        raise Hang(f"more than {PATIENCE} seconds")

    def one(value: Any) -> None:
        done["inputs"] += 1
        signal.setitimer(signal.ITIMER_REAL, PATIENCE)
        try:
            done[f"ended with {check(value)}"] += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    kept = signal.signal(signal.SIGALRM, stopped), signal.getsignal(signal.SIGTERM)
    try:
        for batch in range(-(-count // BATCH)):
            examples = settings(
                max_examples=min(BATCH, count - batch * BATCH), deadline=None, database=None,
                phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            seed(FIRST + batch)(examples(given(strategy)(one)))()
            gc.enable()
            if ASKED:
                print(f"{target}: batch {FIRST + batch}, {dict(done)}", file=sys.stderr, flush=True)
    finally:
        signal.signal(signal.SIGALRM, kept[0])
        signal.signal(signal.SIGTERM, kept[1])
        gc.enable()
    assert done["inputs"] >= 0.5 * count, "the strategy runs dry"


@pytest.fixture(autouse=True)
def own_limits() -> Iterator[None]:
    kept = {name: getattr(limits, name) for name in ("tables", "nonzeros", "dense")}
    space = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, space[1]))  # what takes more than this is not drawn either
    yield
    resource.setrlimit(resource.RLIMIT_AS, space)
    for name, value in kept.items():
        setattr(limits, name, value)


# The command line ---------------------------------------------------------------------------------------

OLD = "what was there before\n"
WHOLE: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".html": lambda text: text.rstrip().endswith("</html>") or text.lstrip().startswith("<"),
    ".tex": lambda text: text.endswith("\n"),
    ".svg": lambda text: text.rstrip().endswith("</svg>"),
}
"""What the end of a file shows: that it is whole."""


def fresh(folder: Path) -> dict[str, bytes]:
    """The folder as it is before every command: an old file under every second name, a folder, and numbers."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    for name in ("a folder", "folder.tex"):
        (folder / name).mkdir()
    for name in ("out.tex", "out.json", "out.html", "out.svg", "out.csv", "a folder/out.tex", "out.png"):
        (folder / name).write_text(OLD)
    (folder / "values.json").write_text("[[1, 2], [3, 4]]")
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run(words: list[str]) -> tuple[int, str, str]:
    """The entry function, as a process would call it: exit status, standard output and standard error."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace"), io.StringIO()
    kept = {name: getattr(limits, name) for name in ("tables", "nonzeros", "dense")}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = cli.main(words)
            except SystemExit as ended:
                status = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
        out.flush()
        return status, out.buffer.getvalue().decode(errors="replace"), err.getvalue()  # type: ignore[attr-defined]
    finally:
        for name, value in kept.items():
            setattr(limits, name, value)


def assert_well_behaved(words: list[str], folder: Path, refutes: bool = False) -> int:
    before = fresh(folder)
    status, out, err = run(words)
    after = contents(folder)
    said = f"symconv {words}: {status}, {err[:500]!r}"
    assert status in ((0, 1, 2) if refutes else (0, 2)), said
    assert "Traceback" not in err + out, said
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if status != 0:
        assert not changed, f"{said}: {changed}"
        assert err.startswith("symconv: "), said
        assert status == 1 or err.count("\n") == 1, said
        return status
    for name in changed:
        assert name in after, f"{said}: {name} is gone"
        assert ".symconv-" not in name, f"{said}: {name} is left over"
        check = WHOLE.get(Path(name).suffix.lower())
        if check is not None and "--format" not in " ".join(words):
            assert check(after[name].decode()) is not False, f"{said}: {name} is not whole"
        assert after[name], f"{said}: {name} is empty"
    assert len(changed) <= 2, f"{said}: {changed}"
    return status


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def test_commands_that_are_nearly_right(folder: Path) -> None:
    hammer("commands", command_lines(), lambda words: assert_well_behaved(words, folder))


def test_raw_command_lines(folder: Path) -> None:
    def refused(words: list[str]) -> bool:
        return bool(words) and words[0] == "check"

    hammer("raw commands", raw_command_lines, lambda words: assert_well_behaved(words, folder, refused(words)))


@pytest.mark.parametrize("number", range(many(40, 3)))
def test_a_sample_in_processes(number: int, folder: Path) -> None:
    """The same as a user meets it: a process, its exit status and its streams."""
    found: list[list[str]] = []
    examples = settings(
        max_examples=4, database=None, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
    )
    seed(number)(examples(given(command_lines())(lambda each: found.append(each))))()
    words = [os.fsencode(word) for word in found[-1]]
    before = fresh(folder)
    done = subprocess.run([sys.executable, "-m", "symconv", *words], capture_output=True, timeout=PATIENCE, check=False)
    err = done.stderr.decode(errors="replace")
    assert done.returncode in (0, 2), (words, err)
    assert "Traceback" not in err, (words, err)
    assert not done.returncode or (contents(folder) == before and err.count("\n") == 1), (words, err)


def test_grids_that_are_nearly_right(folder: Path) -> None:
    def swept(text: str) -> int:
        fresh(folder)
        (folder / "grid.toml").write_text(text, encoding="utf-8", errors="surrogateescape")
        status, out, err = run(["sweep", "grid.toml", "--jobs", "1", "--limit", "8"])
        assert status in (0, 2), (text, status, err)
        assert "Traceback" not in out + err, (text, err)
        assert status == 0 or err.count("\n") == 1, (text, err)
        return status

    hammer("grids", grids, swept)


# Parameters ---------------------------------------------------------------------------------------------

GOOD: list[tuple[Any, dict[str, Any]]] = [
    (sc.Conv, {"input_size": (4, 4), "kernel_size": (3, 3), "in_channels": 2, "out_channels": 2, "stride": 1, "padding": ((1, 0), (0, 1)),
               "dilation": 1, "groups": 2, "bias": True, "padding_mode": "zeros", "flip_kernel": False, "input_dilation": 1}),
    (sc.ConvTranspose, {"input_size": (2, 3), "kernel_size": 2, "in_channels": 2, "out_channels": 2, "stride": (2, 1), "padding": 0,
                        "output_padding": (1, 0), "dilation": 1, "groups": 2, "bias": False}),
    (sc.AvgPool, {"input_size": (4, 4), "kernel_size": 2, "channels": 1, "stride": None, "padding": 1, "ceil_mode": False,
                  "count_include_pad": True, "divisor_override": None}),
    (sc.Upsample, {"input_size": (3,), "channels": 1, "scale_factor": "3/2", "mode": "nearest"}),
    (sc.PixelShuffle, {"input_size": (2, 2), "upscale_factor": 2, "channels": 1}),
    (sc.Linear, {"in_features": 3, "out_features": 2, "bias": False}),
]  # fmt: skip
TEXTS = [*HOSTILE, *(value for values in (*VALUES.values(), *PROOF.values()) for value in values)]


@st.composite
def parameters(draw: st.DrawFn) -> tuple[str, Any]:
    kind, given_ = draw(st.sampled_from(GOOD))
    match draw(st.integers(0, 3)):
        case 0:
            return "text", (
                draw(st.sampled_from([form for _, form, _ in _OPTIONS])),
                draw(st.sampled_from(TEXTS) | st.text(max_size=9)),
            )
        case 1:
            return "data", draw(st.sampled_from(TEXTS) | st.text(alphabet="0123456789,x/-.e ", max_size=9))
        case _:
            return "layer", (kind, draw(mutated(given_, nested)))


def accepted_or_refused(case: tuple[str, Any]) -> str:
    """A layer that is what it says of itself, or a SpecError that names a parameter, a value and what is valid."""
    form, value = case
    try:
        if form == "text":
            read_value("--stride", value[1], value[0])
        elif form == "data":
            read_data("points", value)
        else:
            kind, chosen = value
            required = {each.name for each in fields(kind) if each.default is MISSING}
            if not isinstance(chosen, dict) or not required <= set(chosen) <= {each.name for each in fields(kind)}:
                return "Python's own error"
            layer = kind(**chosen)
            assert layer == eval(repr(layer), dict(vars(sc)))
            assert hash(layer) == hash(kind(**chosen))
        return "a value"
    except sc.SymconvError as error:
        said, spec = str(error), isinstance(error, sc.SpecError)
    assert ("Valid: " in said) if spec else len(said) > 20, said
    assert len(said) < 2_000, said
    return "a refusal"


def test_parameters_that_are_nearly_right() -> None:
    hammer("parameters", parameters(), accepted_or_refused)


# Files --------------------------------------------------------------------------------------------------


def proofs() -> list[Any]:
    chosen: list[tuple[Any, str]] = [
        (sc.Conv((2, 2), 2, padding=1, padding_mode="circular", bias=True), "weight_matrix"), (sc.Linear(2, 1), "im2col"),
        (sc.Conv((3,), 2), "rank"), (sc.AvgPool((3,), 2), "pooling"), (sc.Conv((4,), 3), "winograd"),
        (sc.Sequential(sc.Conv((3,), 2), sc.Conv((2,), 2)), "composition"), (sc.Conv((3,), 2), "output_size"),
    ]  # fmt: skip
    return [json.loads(sc.prove(layer, theorem).render("json")) for layer, theorem in chosen]


def test_files_that_are_nearly_proofs(folder: Path) -> None:
    """A proof as JSON with a place in it exchanged, or a character of its text; or any JSON, or any bytes."""
    good = proofs()
    texts = st.one_of(*(mutated_json(each).map(lambda text: text.encode(errors="replace")) for each in good), *(
        st.fixed_dictionaries({"format": st.just("symconv proof"), "layer": json_values, "theorem": st.text(max_size=8)}).map(
            lambda found: json.dumps(found).encode()
        ),
        st.binary(max_size=40),
    ))  # fmt: skip

    def checked(raw: bytes) -> int:
        fresh(folder)
        (folder / "proof.json").write_bytes(raw)
        status, out, err = run(["check", "proof.json"])
        assert status in (0, 1, 2), (raw, status, err)
        assert "Traceback" not in out + err, (raw, err)
        assert (status != 0) is bool(err), (raw, out, err)
        assert status != 2 or err.count("\n") == 1, (raw, err)
        assert status != 0 or says_the_same(json.loads(raw), good), raw
        return status

    hammer("files", texts, checked)


def says_the_same(found: Any, good: list[Any]) -> bool:
    """A file that is accepted is one of those it was made of, or of a layer with the same proof in all that is compared."""
    return any(
        {**each, "layer": 0, "definition": 0} == {**found, "layer": 0, "definition": 0}
        or found["layer"] != each["layer"]
        for each in good
    )


# Kernels ------------------------------------------------------------------------------------------------

KERNELS = [
    sc.Conv((4, 4), 2),
    sc.Conv((3,), 2, 2, 2, groups=2),
    sc.Linear(2, 2),
    sc.ConvTranspose((2,), 2),
    sc.AvgPool((2,), 2),
]


@st.composite
def kernels(draw: st.DrawFn) -> tuple[Any, Any, str]:
    layer = draw(st.sampled_from(KERNELS))
    shape = layer.kernel_shape or (1,)
    how = draw(st.sampled_from(("array", "page", "page", "values")))
    good = np.arange(int(np.prod(shape))).reshape(shape).tolist()
    if how == "array" and draw(st.booleans()):
        dtype = draw(
            st.sampled_from(
                ("int8", "uint64", "float16", "complex64", "bool", "object", "U3", "S2", "M8[s]", "float64")
            )
        )
        with np.errstate(all="ignore"):
            return layer, np.array(good).astype(dtype), how
    return layer, draw(mutated(good, scalars | nested)), how


def numbers_or_refused(case: tuple[Any, Any, str]) -> str:
    """Numbers, or a refusal: from the matrix in numbers, or from the section of a page that works with them."""
    layer, kernel, how = case
    try:
        if how == "array":
            layer.to_numpy(kernel)
            layer.to_scipy(kernel)
        else:
            proof = sc.prove(layer, check="axes")
            proof.render(kernel_values=kernel, **({"input_values": kernel} if how == "values" else {}))
        return "numbers"
    except sc.SymconvError as error:
        said = str(error)
    assert len(said) > 20
    return "a refusal"


def test_kernels_that_are_nearly_right() -> None:
    hammer("kernels", kernels(), numbers_or_refused)
