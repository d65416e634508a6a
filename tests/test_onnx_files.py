"""ONNX files: where weights may lie, and data that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx", reason="needs the package onnx: pip install -e '.[onnx]'")

from onnx import TensorProto  # noqa: E402
from onnx_cases import one, weights  # noqa: E402

import symconv as sc  # noqa: E402


def external(folder: Path, location: str) -> Path:
    """A model in a folder whose kernel is said to lie elsewhere."""
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    tensor = proto.graph.initializer[0]
    raw = tensor.raw_data
    (folder / "inside.bin").write_bytes(b"12345678" + raw)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "8"), ("length", str(len(raw)))):
        tensor.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_paths_bytes_and_models(tmp_path: Path) -> None:
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    path = tmp_path / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    for given in (path, str(path), path.read_bytes(), proto):
        assert sc.from_onnx(given).nodes[0].operation.kernel.tolist() == weights(0, 1, 1, 2).tolist()


def test_weights_in_other_files_stay_within_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    network = sc.from_onnx(external(folder, "inside.bin"))
    assert network.nodes[0].operation.kernel.tolist() == weights(0, 1, 1, 2).tolist()

    (tmp_path / "outside.bin").write_bytes((folder / "inside.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "outside.bin")
    for location in ("../outside.bin", str(tmp_path / "outside.bin"), "link.bin", "missing.bin", "", "."):
        with pytest.raises(sc.Unsupported, match="no file within the model's folder"):
            sc.from_onnx(external(folder, location))
    with pytest.raises(sc.Unsupported, match="give the path of the model"):
        sc.from_onnx(external(folder, "inside.bin").read_bytes())
    path = external(folder, "inside.bin")
    (folder / "inside.bin").write_bytes(b"short")
    with pytest.raises(sc.SpecError, match="holds 0 of the 16 bytes"):
        sc.from_onnx(path)


@pytest.mark.parametrize(
    ("key", "value"), [("offset", "-3"), ("offset", "abc"), ("length", "-5"), ("length", "9" * 5000)]
)
def test_a_place_in_another_file_that_is_none(tmp_path: Path, key: str, value: str) -> None:
    path = external(tmp_path, "inside.bin")
    proto = onnx.load(path, load_external_data=False)
    del proto.graph.initializer[0].external_data[1:]
    proto.graph.initializer[0].external_data.add(key=key, value=value)
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(sc.SpecError, match=f"is no {key} of w0 in 'inside.bin', which is a number of bytes"):
        sc.from_onnx(path)


def test_a_file_name_with_a_null_is_no_file(tmp_path: Path) -> None:
    path = external(tmp_path, "inside.bin")
    proto = onnx.load(path, load_external_data=False)
    proto.graph.initializer[0].external_data[0].value = "inside\0.bin"
    path.write_bytes(proto.SerializeToString())
    with pytest.raises(sc.Unsupported, match="no file within the model's folder"):
        sc.from_onnx(path)


@pytest.mark.parametrize(
    ("sizes", "kind"), [((10**6, 10**6, 10**6), 1), ((-1, 1, 2), 1), ((1, 1, 2), 99), ((1, 1, 2), 0)]
)
def test_a_tensor_whose_data_do_not_fit_is_refused_by_name(sizes: tuple[int, ...], kind: int) -> None:
    proto = one("Conv", weights(0, 1, 1, 2), shape=(1, 1, 4))
    tensor = proto.graph.initializer[0]
    tensor.CopyFrom(TensorProto(name=tensor.name, dims=sizes, data_type=kind, raw_data=b"12345678"))
    with pytest.raises(sc.SpecError, match=rf"model='{tensor.name}': its data are not those of a tensor of sizes"):
        sc.from_onnx(proto)
