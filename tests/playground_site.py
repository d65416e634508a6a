"""The playground as a page of the documentation: built, and served on this machine to a browser that reaches nothing else."""

from __future__ import annotations

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
BROWSER = {
    "executable_path": shutil.which("chromium"),
    "args": ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
}


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Build the page in a folder, alone but with the configuration of all pages; its address."""
    source, built = folder / "source", folder / "html"
    source.mkdir()
    shutil.copy(DOCS / "playground.md", source)
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-c", str(DOCS), "-D", "root_doc=playground"]
    subprocess.run([*sphinx, str(source), str(built)], check=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/playground.html"
    finally:
        server.shutdown()
