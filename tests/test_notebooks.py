"""The notebooks of the documentation run from their first cell to their last, and are kept without outputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "notebooks"
if not FOLDER.is_dir():
    pytest.skip("the documentation is not here", allow_module_level=True)
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_two_and_they_hold_no_outputs() -> None:
    assert len(NOTEBOOKS) == 2
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not cell.get("outputs")
            assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_pages_and_pictures(path: Path, tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient and ipykernel: pip install -e '.[notebooks]'")
    pytest.importorskip("ipykernel", reason="needs nbclient and ipykernel: pip install -e '.[notebooks]'")
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output["data"] for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    pages = [data["text/markdown"] for data in shown if "text/markdown" in data]
    assert len(pages) >= 2
    assert all(page.startswith("# ") for page in pages)
    assert any("$$" in page for page in pages)
    assert any(data.get("image/svg+xml", "").startswith("<svg") for data in shown)
