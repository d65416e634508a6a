"""What the gallery costs: python tests/benchmarks/gallery.py

Every derivation and picture of docs/gallery is made as the build makes it, in all its formats, once, without Sphinx.
Seconds of elapsed and of processor time.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import symconv as sc
from symconv.sphinxext.pieces import DIRECTIVES, inline_piece

FOLDER = Path(__file__).parents[2] / "docs" / "gallery"
BLOCK = re.compile(r"^```\{(symconv-[a-z]+)\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md")))
    asked: list[tuple[str, dict[str, str | None]]] = []
    for found in BLOCK.finditer(text):
        options = re.findall(r"^:([a-z-]+):[ ]*(.*)$", found[2], re.MULTILINE)
        asked.append((found[1], {name: value or None for name, value in options}))
    sc.Conv((2,), 1).weight_matrix()  # imports SymPy
    for name in dict.fromkeys(name for name, _ in asked):
        wall, processor = time.perf_counter(), time.process_time()
        made = [DIRECTIVES[each](given, str(n)) for n, (each, given) in enumerate(asked) if each == name]
        print(
            f"{len(made)} of {name}: {time.perf_counter() - wall:.2f} s, {time.process_time() - processor:.2f} s of processor time"
        )
    wall, roles = time.perf_counter(), re.findall(r"\{symconv\}`([^`]+)`", text)
    for role in roles:
        inline_piece(role)
    print(f"{len(roles)} results within sentences: {time.perf_counter() - wall:.2f} s")


if __name__ == "__main__":
    main()
