"""The Sphinx extension, on small projects built as a user builds them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_docs import blocks
from test_documents import FRAGMENT_PREAMBLE, assert_clean, compile_log

import symconv as sc

pytest.importorskip("sphinx", reason="Sphinx is missing: pip install -e '.[docs]'")
pytest.importorskip("myst_parser", reason="myst-parser is missing: pip install -e '.[docs]'")

CONF = 'extensions = ["symconv.sphinxext", "myst_parser"]\nproject = "small"\nhtml_theme = "basic"\n'
INDEX = """\
Small
=====

The row :symconv:`y 0,1 --input 3x3 --kernel 2` and the entry :symconv:`W 0,5 --input 3x3 --kernel 2`.

.. symconv-proof::
   :input: 3x3
   :kernel: 2
   :name: here

.. symconv-proof::
   :input: 3x3
   :kernel: 2
   :collapse:

.. toctree::

   myst
"""
MYST = """\
# In Markdown

W is {symconv}`shape --input 3x3 --kernel 2`.

```{symconv-matrix}
:input: 5
:kernel: 3
:padding: -1:2
:flip-kernel:
```

```{symconv-figure}
:input: 5
:kernel: 3
:what: animation
```

```{symconv-proof}
:general: sparsity
:collapse: all
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {"conf.py": CONF, "index.rst": INDEX, "myst.md": MYST}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def build(project: Path, builder: str = "html", *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sphinx", "-b", builder, *options, str(project), str(project / "build" / builder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def built(project: Path, builder: str, page: str, *options: str) -> str:
    done = build(project, builder, "-W", *options)
    assert done.returncode == 0, done.stderr
    return (project / "build" / builder / page).read_text(encoding="utf-8")


def test_html_has_the_derivation_without_a_script(project: Path) -> None:
    page = built(project, "html", "index.html")
    layer = sc.Conv((3, 3), 2)
    steps = sc.prove(layer).render("html", standalone=False).partition('<ol class="steps">')[2].partition("</ol>")[0]
    assert steps.count("<li>") == page.count("<li><span") / 2 == 5
    assert page.count("<details>") == 1
    assert "Proof." in page.partition("<details>")[2]
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert "here" in identifiers
    assert all(target in identifiers for target in re.findall(r'href="#(symconv-[^"]+)"', page))
    assert "mathjax" not in page.lower()
    myst = (project / "build" / "html" / "myst.html").read_text(encoding="utf-8")
    assert "<svg" in myst
    assert "@keyframes" in myst
    assert '<table class="grid">' in myst
    assert "for every size" in myst.partition("<summary>")[2].partition("</summary>")[0]
    style = (project / "build" / "html" / "_static" / "symconv.css").read_text(encoding="utf-8")
    assert "body {" not in style
    assert ".symconv {" in style


def test_latex_has_the_fragment_and_its_packages_and_compiles(project: Path, pdflatex: str) -> None:
    text = built(project, "latex", "small.tex")
    for package in ("amsmath", "colortbl", "tikz"):
        assert rf"\usepackage{{{package}}}" in text
    labels = re.findall(r"\\label\{(symconv:[^}]+)\}", text)
    assert len(labels) == len(set(labels)) > 2
    # Sphinx's own styles need more of TeX Live than the tests ask for, so what stands between them is compiled alone.
    pieces = re.findall(r"% needs .*?(?=\\end\{sphinxuseclass\})", text, re.DOTALL)
    assert len(pieces) == 5
    assert_clean(compile_log(pdflatex, project, FRAGMENT_PREAMBLE + "\n\n".join(pieces) + r"\end{document}"))


def test_other_builders_get_the_text(project: Path) -> None:
    page = " ".join(built(project, "text", "index.txt").split())
    assert (
        'The row "y[0,1] = k[0,0] x[0,1] + k[0,1] x[0,2] + k[1,0] x[1,1] + k[1,1] x[1,2]" and the entry "W[0,5] = 0".'
        in page
    )
    assert " ".join(str(sc.prove(sc.Conv((3, 3), 2))).split()) in page


def test_a_page_has_the_depth_letters_and_numbers_that_are_asked_for() -> None:
    from symconv.sphinxext.pieces import DIRECTIVES

    given = {"input": "3", "kernel": "2", "depth": "brief", "names": "x=q", "kernel-values": "7,11"}
    proof = sc.prove(sc.Conv((3,), 2))
    asked = {"depth": "brief", "names": {"x": "q"}, "kernel_values": ["7", "11"]}
    assert DIRECTIVES["symconv-proof"](given, "1").text == proof.render("text", **asked)
    with pytest.raises(sc.SpecError, match="--letters='yes': takes no value"):
        DIRECTIVES["symconv-matrix"]({"input": "3", "kernel": "2", "letters": "yes"}, "1")


def test_the_matrices_and_pictures_that_are_asked_for() -> None:
    from symconv.sphinxext.pieces import DIRECTIVES

    layer = {"input": "4", "kernel": "3"}
    assert "rows by kernel entry" in DIRECTIVES["symconv-matrix"]({**layer, "theorem": "im2col"}, "1").text
    with pytest.raises(
        sc.NotApplicable, match=r"flip prints no matrix in full for Conv\(.*\); W can be drawn: symconv-figure"
    ):
        DIRECTIVES["symconv-matrix"]({**layer, "theorem": "flip"}, "1")
    assert "A &lt; B" in DIRECTIVES["symconv-figure"]({**layer, "title": "A < B"}, "1").html


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("W 0,1 --input=4 --kernel 3", "W[0,1] = k[1]"),
        ("W 0,0 --input 2 --kernel 3 --padding 1 --padding-mode replicate", "W[0,0] = k[0] + k[1]"),
        ("W 0,1 --layer avg-pool --input 4 --kernel 2", "W[0,1] = 1/2"),
        ("output-size --input 4x5 --kernel 3", "2×3"),
        ("zeros --input 4 --kernel 3", "2"),
        (
            "claims --input 4 --kernel 3 --flip-kernel",
            str(len(sc.prove(sc.Conv((4,), 3, flip_kernel=True)).check().proved)),
        ),
    ],
)
def test_results_within_a_line(asked: str, said: str) -> None:
    from symconv.sphinxext.pieces import inline_piece

    assert inline_piece(asked).text == said


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("y 0,1 'x", "cannot be read: No closing quotation. Valid: y 0,1 --input 4x4 --kernel 3x3"),
        ("z 0", "must start with one of y, W, output-size, shape, nonzeros, zeros, claims"),
        ("", "must start with one of y"),
        ("y --input 4 --kernel 3", "y takes a position"),
        ("shape 3 --input 4 --kernel 3", "shape takes no position"),
        ("y 0,1 --theorem dft", "symconv='--theorem': is not an option of a layer"),
        ("y 0,1 --input 4x4 extra", "symconv='extra': is not an option of a layer"),
        ("y 0,1 --input 4 --input 5", "--input: is given a second time"),
        ("y 0,1 --input 4 --kernel", "--kernel: needs a value"),
        ("W 2,0 --input 4 --kernel 3", "W='2,0': must be a row from 0 to 1 and a column from 0 to 3. Valid: W 0,3"),
        ("W 0 --input 4 --kernel 3", "must be a row from 0 to 1 and a column from 0 to 3"),
    ],
)
def test_what_cannot_be_said_within_a_line(asked: str, said: str) -> None:
    from symconv.sphinxext.pieces import inline_piece

    with pytest.raises(sc.SpecError) as caught:
        inline_piece(asked)
    assert said in str(caught.value)


def test_the_examples_of_the_guide_build(project: Path) -> None:
    found = blocks("guides/documentation.md")
    (rst,) = [body for kind, body in found if kind == "rst"]
    markdown = [body for kind, body in found if kind == "markdown"]
    (project / "index.rst").write_text("Guide\n=====\n\n" + rst + "\n.. toctree::\n\n   myst\n", encoding="utf-8")
    (project / "myst.md").write_text("# Guide\n\n" + "\n\n".join(markdown), encoding="utf-8")
    assert "<details>" in built(project, "html", "index.html")
    assert "<details>" in (project / "build" / "html" / "myst.html").read_text(encoding="utf-8")


BAD = {
    "stride": (
        ":input: 4x4\n:kernel: 3\n:stride: 0",
        ":stride: 0: must be at least 1. Valid: :stride: 1 or :stride: 2x1",
    ),
    "word": (":input: 4x4\n:kernel: three", ":kernel: three: must be integers joined by x"),
    "unknown": (":input: 4x4\n:kernel: 3\n:colour: red", ":colour: is not an option of symconv-proof. Valid: :layer:,"),
    "flag": (":input: 4x4\n:kernel: 3\n:bias: yes", ":bias: yes: takes no value"),
    "no value": (":input: 4x4\n:kernel:", ":kernel:: needs a value. Valid: :kernel: 3x3"),
    "missing": (":kernel: 3", ":input:: is needed"),
    "theorem": (
        ":input: 4x4\n:kernel: 3\n:theorem: dft",
        "dft does not apply to :input: 4x4 :kernel: 3: its padding mode is zeros",
    ),
    "asked": (":input: 8x8\n:kernel: 3\n:theorem: winograd\n:with: tile=0", "tile=0: must be at least 1"),
    "both": (
        ":general: transpose\n:input: 4",
        ":input: 4: is about one layer, and :general: proves a theorem for all sizes",
    ),
    "rank": (":input: 4\n:kernel: 3\n:rank: 1", ":rank: 1: is for :general:"),
    "collapse": (":input: 4\n:kernel: 3\n:collapse: some", ":collapse: some: must be steps or all"),
}


def test_every_error_has_its_file_and_line_and_fails_the_build_until_it_is_mended(project: Path) -> None:
    options = {name: given.replace("\n", "\n   ") for name, (given, _) in BAD.items()}
    text, places = "Bad\n===\n", {}
    for name in BAD:
        places[name] = text.count("\n") + 2
        text += f"\n.. symconv-proof::\n   {options[name]}\n"
    good = (project / "index.rst").read_text(encoding="utf-8")
    (project / "index.rst").write_text(text, encoding="utf-8")
    (project / "myst.md").write_text(
        "# M\n\n```{symconv-figure}\n:input: 4x4\n:kernel: 9\n```\n\n{symconv}`y 9,9 --input 4x4 --kernel 3`\n",
        encoding="utf-8",
    )
    for _ in range(2):  # the second time nothing has changed, and it is still wrong
        done = build(project, "html", "-j", "2")
        assert done.returncode != 0
        for name, (_, said) in BAD.items():
            assert f"{project / 'index.rst'}:{places[name]}: ERROR: symconv-proof: {said}" in done.stderr, name
        assert f"{project / 'myst.md'}:3: ERROR: symconv-figure: :kernel: 9" in done.stderr
        assert re.search(r"myst\.md:\d+: ERROR: symconv: --output 9,9: index 0 runs from 0 to 1", done.stderr)
        assert f"could not make {len(BAD) + 2} derivations" in done.stderr
        assert "Traceback" not in done.stderr
    (project / "index.rst").write_text(good, encoding="utf-8")
    (project / "myst.md").write_text(MYST, encoding="utf-8")
    assert "<math" in built(project, "html", "index.html")


def test_a_proof_that_fails_is_an_error_in_the_build(project: Path) -> None:
    broken = "import symconv.readmap as m\nm.Axis.meets = lambda self, *given: {}\n"
    (project / "conf.py").write_text(broken + CONF, encoding="utf-8")
    done = build(project)
    assert done.returncode != 0
    assert re.search(r"index\.rst:6: ERROR: symconv-proof: FAILED: ", done.stderr), done.stderr
    assert "<ol" not in (project / "build" / "html" / "index.html").read_text(encoding="utf-8")


def test_nothing_is_proved_again_until_the_page_or_symconv_changes(project: Path) -> None:
    counted = (
        "import symconv.sphinxext.pieces as p\nfrom pathlib import Path\nproved = p.prove\n"
        f"log = Path({str(project / 'log')!r})\n"
        "def counting(*given, **asked):\n"
        "    log.write_text((log.read_text() if log.exists() else '') + 'x')\n"
        "    return proved(*given, **asked)\n"
        "p.prove = counting\n"
    )
    (project / "conf.py").write_text(counted + CONF, encoding="utf-8")

    def proofs(*options: str) -> int:
        (project / "log").unlink(missing_ok=True)
        assert build(project, "html", "-W", *options).returncode == 0
        return len((project / "log").read_text()) if (project / "log").exists() else 0

    first = proofs()
    assert first == 2  # two layers, however often and in whatever order of options a page shows them
    assert proofs() == 0
    (project / "myst.md").write_text(MYST + "\nMore.\n", encoding="utf-8")
    assert 0 < proofs() <= first
    assert proofs("-D", "symconv_fingerprint=another") == first


def test_in_parallel_the_pages_are_the_same(project: Path) -> None:
    for n in range(4):
        (project / f"page{n}.rst").write_text(
            INDEX.replace("Small\n=====", ":orphan:\n\nPage\n====").replace("here", f"here{n}"), encoding="utf-8"
        )
    alone = {path.name: path.read_text(encoding="utf-8") for path in [*project.glob("*.rst")]}
    assert len(alone) == 5
    built(project, "html", "index.html")
    before = {path.name: path.read_bytes() for path in (project / "build" / "html").glob("*.html")}
    built(project, "html", "index.html", "-E", "-a", "-j", "2")
    assert before == {path.name: path.read_bytes() for path in (project / "build" / "html").glob("*.html")}
