"""The same bytes whatever the seed of hashes, locale, time zone, folder or thread; and values that are shared, copied and pickled.

`python tests/reproduced.py INTERPRETER ...` compares interpreters.
"""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reproduced
from lanes import many, some

import symconv as sc
from symconv.networks import Activation, Add, Apply, Scale
from symconv.output import write

SCRIPT = Path(reproduced.__file__)
LOCALES = ("C", "C.UTF-8", "POSIX", "tr_TR.UTF-8", "de_DE.UTF-8")
ZONES = ("UTC", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns")
SURROUNDINGS = {
    "another seed": {"PYTHONHASHSEED": "1"},
    "Turkish, no UTF-8 mode": {"PYTHONHASHSEED": "2", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR", "PYTHONUTF8": "0"},
    "German, another zone": {"PYTHONHASHSEED": "3", "LC_ALL": "de_DE.UTF-8", "TZ": ZONES[1]},
    "C, the date line": {"PYTHONHASHSEED": "4", "LC_ALL": "C", "TZ": ZONES[2], "PYTHONUTF8": "0"},
    "POSIX, optimised": {"PYTHONHASHSEED": "random", "LC_ALL": "POSIX", "TZ": ZONES[3], "PYTHONOPTIMIZE": "2"},
    "no home, no terminal": {"PYTHONHASHSEED": "random", "HOME": "/nonexistent", "TERM": "dumb", "LC_ALL": "C.UTF-8"},
}


@pytest.fixture(scope="module")
def locales(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where locales are found that this machine does not have, if it can make them: nothing else to set where it cannot."""
    folder = tmp_path_factory.mktemp("locales")
    localedef = shutil.which("localedef")
    for name in LOCALES[3:]:
        if localedef:
            language, _, encoding = name.partition(".")
            command = [localedef, "-i", language, "-f", encoding, str(folder / name)]
            subprocess.run(command, capture_output=True, check=False)
    return {"LOCPATH": str(folder)} if any(folder.iterdir()) else {}


def made(folder: Path, settings: dict[str, str], *arguments: str) -> list[str]:
    paths = [str(SCRIPT.parent), str(Path(sc.__file__).parent.parent)]
    environment = {**os.environ, "COLUMNS": "80", **settings, "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, str(SCRIPT), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    found = made(tmp_path_factory.mktemp("here"), {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    assert len(found) == len(reproduced.pieces()) + len(reproduced.COMMANDS)
    assert len({line[:64] for line in found}) == len(found)  # no two are the same, and none is empty
    return found


@pytest.mark.parametrize("name", some(SURROUNDINGS, 1, ["Turkish, no UTF-8 mode"]))
def test_the_same_bytes_in_other_surroundings(
    name: str, ours: list[str], locales: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "ä folder"
    folder.mkdir()
    assert made(folder, {**SURROUNDINGS[name], **locales}) == ours
    assert list(folder.iterdir()) == []


def test_the_same_bytes_from_many_threads(ours: list[str], tmp_path: Path) -> None:
    """Eight threads, each page several times, from cold caches: a layer and what is worked out about it is shared."""
    found = made(tmp_path, {}, "--threads", "8", str(many(3, 2)))
    assert found == ours[: len(found)]
    assert len(found) == len(reproduced.pieces())


def test_threads_share_a_proof() -> None:
    proof = sc.prove(sc.Conv((5, 4), 3, 2, 2, padding=1, padding_mode="reflect"))
    with ThreadPoolExecutor(8) as pool:
        pages = set(pool.map(lambda n: proof.render(("latex", "html")[n % 2]), range(16)))
    assert pages == {proof.render("latex"), proof.render("html")}


def test_threads_write_files_with_the_rights_that_the_process_gives(tmp_path: Path) -> None:
    """The mask of new files belongs to the whole process: it is never changed, not for a moment."""
    old = os.umask(0o027)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: write(str(tmp_path / f"{n}.txt"), "text"), range(200)))
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
        assert len(list(tmp_path.iterdir())) == 200
        (tmp_path / "0.txt").chmod(0o604)
        write(str(tmp_path / "0.txt"), "other")
        assert (tmp_path / "0.txt").stat().st_mode & 0o777 == 0o604
    finally:
        os.umask(old)


# Values -------------------------------------------------------------------------------------------

CONV = sc.Conv((4, 4), 3, 2, 2, stride=2, padding=1, groups=2, bias=True, padding_mode="reflect")
STACK = sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2))
WEIGHTS = np.array([[[1.0, 0.5]]])


def network() -> sc.Network:
    convolution = Apply(sc.Conv((1, 4), (1, 2)), kernel=[[[[1, 2]]]])
    nodes = [("conv", convolution), ("norm", Scale([2.0], [1.0])), ("relu", Activation("relu")), ("sum", Add(), "relu", "norm")]  # fmt: skip
    return sc.Network((1, 1, 4), nodes)


VALUES: dict[str, Callable[[], Any]] = {
    **{name: lambda layer=layer: layer for name, (layer, _) in reproduced.LAYERS.items()},  # type: ignore[misc]
    **{f"{name}, read map": lambda layer=layer: layer.read_map for name, (layer, _) in reproduced.LAYERS.items() if name != "stack"},  # type: ignore[misc]
    **{f"{name}, proof": lambda of=of: sc.prove(*of) for name, of in reproduced.LAYERS.items()},  # type: ignore[misc]
    "axis": lambda: CONV.read_map.axes[0],
    "channels": lambda: CONV.read_map.channels,
    "definition": lambda: CONV.definition,
    "theorem": lambda: sc.prove(CONV).theorem,
    "report": lambda: sc.prove(CONV).check(),
    "step": lambda: sc.prove(CONV).steps[0],
    "general proof": lambda: sc.prove_general("weight_matrix", 2),
    "general theorem": lambda: sc.prove_general("weight_matrix", 2).theorem,
    "operation": lambda: network().nodes[0].operation,
    "network": network,
    "fully connected": lambda: sc.fully_connected(network()),
    "drawing": lambda: CONV.draw(),
    "worksheet": lambda: sc.worksheet(sc.Conv((4, 4), 3)),
    "recognition": lambda: sc.recognise([[1, 2, 0], [0, 1, 2]], input_shape=(1, 3), output_shape=(1, 2)),
    "projection": lambda: sc.project([[1, 2, 0], [0, 1, 3]], sc.Conv((3,), 2)),
    "merged": lambda: sc.merge(STACK, [[[[1, 2]]], [[[3, 4]]]]),
    "split": lambda: sc.split(sc.Conv((5,), 3), [[[1, 2, 1]]]),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_value_equals_its_copies_and_has_their_hash(name: str) -> None:
    value = VALUES[name]()
    copies = [copy.copy(value), copy.deepcopy(value), VALUES[name]()]
    copies += [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for each in copies:
        assert type(each) is type(value)
        assert each == value
        assert hash(each) == hash(value)
        assert repr(each) == repr(value)
    others = [make() for other, make in VALUES.items() if other.rpartition(", ")[2] == name.rpartition(", ")[2]]
    assert sum(each == value for each in others) == 1


def test_values_reach_another_process_with_their_hashes(tmp_path: Path) -> None:
    """And come back equal. With the seed of strings fixed the hashes are the same there, from 3.12 on that of None too."""
    values = {name: make() for name, make in VALUES.items()}
    (tmp_path / "values").write_bytes(pickle.dumps(values))
    code = (
        "import pickle, sys\n"
        "values = pickle.load(open('values', 'rb'))\n"
        "pickle.dump((values, {name: hash(each) for name, each in values.items()}), open(sys.argv[1], 'wb'))\n"
    )
    hashes = []
    for seed in ("7", "7"):
        subprocess.run([sys.executable, "-c", code, "back"], cwd=tmp_path, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)  # fmt: skip
        back, found = pickle.loads((tmp_path / "back").read_bytes())
        assert back == values
        hashes.append(found)
    without = {name for name in values if sys.version_info < (3, 12) and holds_none(values[name])}
    assert {name: each for name, each in hashes[0].items() if name not in without} == {
        name: each for name, each in hashes[1].items() if name not in without
    }
    assert len(values) - len(without) > 15


def holds_none(value: Any) -> bool:
    """Whether None takes part in a hash: before 3.12 its own changes from process to process."""
    if isinstance(value, tuple):
        return any(map(holds_none, value))
    names = (
        [each.name for each in fields(value) if each.compare]
        if is_dataclass(value)
        else getattr(value, "__match_args__", ())
    )
    return value is None or any(holds_none(getattr(value, name)) for name in names)


@pytest.mark.parametrize("name", ["groups", "average", "bilinear", "shuffle", "linear", "stack"])
def test_a_layer_cannot_be_changed(name: str) -> None:
    layer = reproduced.LAYERS[name][0]
    for field in ("bias", "layers", "input_size", "anything"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(layer, field, 1)


def test_values_that_differ_in_their_numbers_are_not_equal() -> None:
    one, two = (Apply(sc.Conv((3,), 2), kernel=[[[1, last]]]) for last in (2, 3))
    assert one != two
    assert sc.Network((1, 3), [("conv", one)]) != sc.Network((1, 3), [("conv", two)])
    stack = sc.Sequential(sc.Conv((5,), 2), sc.Conv((4,), 2))
    assert sc.merge(stack, [[[[1, 2]]], [[[3, 4]]]]) != sc.merge(stack, [[[[1, 2]]], [[[3, 5]]]])
    assert sc.project([[1, 2, 0], [0, 1, 3]], sc.Conv((3,), 2)) != sc.project([[2, 2, 0], [0, 2, 3]], sc.Conv((3,), 2))


def test_how_numpy_prints_changes_no_page() -> None:
    def page() -> str:
        return sc.fully_connected(network()).render("latex", standalone=True)

    before = page()
    with np.printoptions(precision=1, threshold=2, legacy="1.13"):
        assert page() == before
