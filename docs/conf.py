"""The documentation: Sphinx, furo, MyST. From the top folder: python -m sphinx -W -b html docs build/html"""

import sys
from pathlib import Path

from docutils import nodes

import symconv

sys.path.insert(0, str(Path(__file__).parent / "playground"))  # for its step of the build

project = "symconv"
author = "The symconv maintainers"
copyright = author
version = release = symconv.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "symconv.sphinxext", "runtime"]
html_theme = "furo"
html_title = "symconv"
html_theme_options = {"top_of_page_buttons": []}
html_static_path, html_css_files, html_favicon = ["style"], ["pages.css"], "style/icon.svg"
exclude_patterns = ["playground/*"]
html_copy_source = False
html_show_sourcelink = False
default_role = "literal"  # docstrings quote code with single backticks
myst_heading_anchors = 3
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_rtype = napoleon_use_param = False
_SIGNS = {
    "−": "-",
    "⌈": r"\lceil",
    "⌉": r"\rceil",
    "σ": r"\sigma",
    "ᵀ": "{}^T",
}  # those of the text that pdfLaTeX does not know
latex_elements = {
    "fontpkg": r"\usepackage{lmodern}",
    "preamble": "".join(
        rf"\DeclareUnicodeCharacter{{{ord(c):04X}}}{{\ensuremath{{{s}}}}}" + "\n" for c, s in _SIGNS.items()
    ),
}


def setup(app):
    """The empty line that a doctest needs before the end of its block is not shown."""

    def trim(app, doctree):
        for block in doctree.findall(nodes.literal_block):
            text = block.astext().rstrip()
            block.rawsource, block.children = text, [nodes.Text(text)]

    app.connect("doctree-read", trim)
