"""Pages whose examples need a framework are skipped, visibly, where it is not installed; what they write goes to a temporary folder."""

from pathlib import Path

import pytest

NEEDS = {"from_pytorch.md": ["torch"], "from_onnx.md": ["onnx"]}


@pytest.fixture(autouse=True)
def _page(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in NEEDS.get(request.node.path.name, ()):
        pytest.importorskip(package, reason=f"needs {package}: pip install -e '.[oracle]'")
    monkeypatch.chdir(tmp_path)
