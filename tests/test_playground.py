"""The playground: what the page asks of symconv, and the page itself in a browser, by mouse and by keyboard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playground_site import BROWSER, served

import symconv as sc

PLAYGROUND = Path(__file__).parents[1] / "docs" / "playground"
sys.path.insert(0, str(PLAYGROUND))

import bridge  # noqa: E402


def asked(call: str, options: dict[str, str | None], *more: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(getattr(bridge, call)(json.dumps(options), *more))
    return answer


CASES = [
    ({"input": "5x4", "kernel": "3x2", "stride": "2x1", "padding": "1x0"}, sc.Conv((5, 4), (3, 2), stride=(2, 1), padding=(1, 0))),
    ({"input": "2", "kernel": "3", "padding": "1", "padding-mode": "circular"}, sc.Conv((2,), 3, padding=1, padding_mode="circular")),
    ({"input": "4", "kernel": "2", "in-channels": "2", "out-channels": "4", "groups": "2", "bias": None, "flip-kernel": None}, sc.Conv((4,), 2, 2, 4, groups=2, bias=True, flip_kernel=True)),
]  # fmt: skip


@pytest.mark.parametrize(("options", "layer"), CASES, ids=["strided", "twice", "groups"])
def test_the_matrix_is_the_layers(options: dict[str, str | None], layer: sc.Conv) -> None:
    answer = asked("state", options)
    matrix = layer.weight_matrix()
    assert tuple(answer["shape"]) == matrix.shape
    kernel = layer.symbols()[1]
    flat = list(kernel.reshape(len(kernel)))
    for i, row in enumerate(answer["rows"]):
        found = {column: sum(flat[entry] for entry in entries) for column, entries in row}
        assert found == {j: matrix[i, j] for j in range(matrix.shape[1]) if matrix[i, j] != 0}
    assert answer["nonzeros"] == len(matrix.todok())
    assert answer["command"].startswith("symconv prove --input")


@pytest.mark.parametrize(("options", "layer"), CASES, ids=["strided", "twice", "groups"])
def test_the_cells_of_the_window_are_those_of_its_row(options: dict[str, str | None], layer: sc.Conv) -> None:
    rows = asked("state", options)["rows"]
    for row, cells in enumerate(rows):
        answer = asked("picture", options, row)
        assert answer["svg"].startswith("<svg")
        inputs = [number for panel, number, *_ in answer["cells"] if panel == "input" and number >= 0]
        assert {column for column, _ in cells} <= set(inputs)
        kernel = {number for panel, number, *_ in answer["cells"] if panel == "kernel"}
        assert {entry for _, entries in cells for entry in entries} <= kernel


def test_an_entry_is_explained_and_the_proof_is_a_piece_of_a_page() -> None:
    options, layer = CASES[0]
    assert asked("explained", options, 0, 0)["words"] == layer.explain(output=(0, 0, 0), input=(0, 0, 0))
    assert asked("proof", options, "axes")["html"] == sc.prove(layer, check="axes").render("html", standalone=False)
    assert asked("latex", options)["latex"].endswith("\\end{document}\n")


def test_what_is_not_valid_is_explained_in_the_words_of_the_command_line() -> None:
    assert asked("state", {"input": "3", "kernel": "5"})["error"].startswith("--kernel 5: on axis 0 the kernel spans 5")
    huge = {"input": "16x16", "kernel": "7", "in-channels": "4", "out-channels": "4", "padding": "3"}
    assert "this page draws at most 20,000" in asked("state", huge)["error"]


WITHOUT = """
import sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2].split(): sys.modules[name] = None
import bridge
for call, *given in (["state"], ["picture", 3], ["explained", 3, 2], ["latex"], ["proof", sys.argv[3]]):
    print(getattr(bridge, call)('{"input": "5x4", "kernel": "3x2", "padding": "1x0"}', *given))
"""


@pytest.mark.parametrize(("missing", "level"), [("numpy sympy latexify", "axes"), ("numpy latexify", "all")])
def test_what_the_page_has_is_enough(missing: str, level: str) -> None:
    program = [sys.executable, "-c", WITHOUT, str(PLAYGROUND), missing, level]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *_, latex, proof = map(json.loads, done.stdout.splitlines())
    assert latex["latex"].endswith("\\end{document}\n")
    assert ("expands to 0 in SymPy" in proof["html"]) == (level == "all")


def test_only_what_sympy_can_do_soon_is_offered() -> None:
    assert asked("state", {"input": "8x8", "kernel": "3x3", "padding": "1x1"})["multiplied"]
    assert not asked("state", {"input": "16x16", "kernel": "3x3"})["multiplied"]


# In the browser -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install -e '.[browser]'")
    if BROWSER["executable_path"] is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(**BROWSER)
        yield found
        found.close()


@pytest.fixture(scope="module")
def site(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page."""
    for package in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(package, reason=f"{package} is missing: pip install -e '.[docs]'")
    if shutil.which("npm") is None:
        pytest.skip("npm is missing: install Node.js")
    with served(tmp_path_factory.mktemp("site")) as address:
        yield address


class Visit:
    """The page in a browser; what it asked of others, and what it complained about."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address
        self.site = address.removesuffix("playground.html")
        self.outside: list[str] = []
        self.said: list[str] = []
        page.on(
            "request",
            lambda request: request.url.startswith((self.site, "data:", "blob:")) or self.outside.append(request.url),
        )
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))

    def open(self, address: str = "") -> None:
        """Load the page afresh, until the first proof is there."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}#{address}")
        self.page.wait_for_function("document.getElementById('playground').dataset.looked", timeout=120_000)

    def slide(self, name: str, key: str, times: int = 1) -> None:
        self.page.focus(f"#{name}")
        for _ in range(times):
            self.page.keyboard.press(key)

    def shows(self, **options: str | None) -> None:
        """Wait until what is shown are these options."""
        wanted = {name.replace("_", "-"): value for name, value in options.items()}
        self.page.wait_for_function(
            "wanted => { const shown = JSON.parse(document.getElementById('playground').dataset.shown ?? '{}');"
            " return Object.entries(wanted).every(([name, value]) => shown[name] === value); }",
            arg=wanted,
        )

    def part(self, name: str) -> Any:
        return self.page.locator(f"[data-part={name}]")

    def drawn(self) -> str:
        """W as it is seen."""
        picture: str = self.part("matrix").evaluate("e => e.toDataURL()")
        return picture

    def looks_at(self, row: int, column: int) -> None:
        self.page.wait_for_function(f"document.getElementById('playground').dataset.looked === '{row},{column}'")


@pytest.fixture
def visit(browser: Any, site: str, request: pytest.FixtureRequest) -> Iterator[Visit]:
    width = getattr(request, "param", 1280)
    context = browser.new_context(viewport={"width": width, "height": 900}, has_touch=width < 500)
    context.set_default_timeout(60_000)
    found = Visit(context.new_page(), site)
    yield found
    context.close()
    assert found.outside == []
    assert found.said == []


@pytest.mark.parametrize("visit", [1280, 390], indirect=True)
def test_by_mouse(visit: Visit) -> None:
    visit.open("input=5x4&kernel=3x2&padding=1x1")
    page = visit.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert visit.part("verdict").inner_text().startswith("Proved: vec(Y) = W vec(X), in 5 steps;")
    # 1. pointing at an entry of W explains it
    canvas = visit.part("matrix")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4)
    visit.looks_at(24, 19)
    layer = sc.Conv((5, 4), (3, 2), padding=1)
    said = layer.explain(output=(0, 4, 4), input=(0, 4, 3)).replace("k_{", "k").replace("}", "")
    assert visit.part("why").inner_text() == said
    # 2. pointing at an output frames it, and a click takes its row
    picture = visit.part("window")
    picture.scroll_into_view_if_needed()
    before = visit.drawn()
    picture.evaluate("e => e.scrollLeft = e.scrollWidth")  # on a phone the outputs lie beyond its edge
    cells = asked("picture", {"input": "5x4", "kernel": "3x2", "padding": "1x1"}, 24)["cells"]
    _, _, x, y, width, height = next(cell for cell in cells if cell[:2] == ["output", 7])
    at = page.evaluate(
        "([x, y]) => { const s = document.querySelector('[data-part=window] svg');"
        " const p = new DOMPoint(x, y).matrixTransform(s.getScreenCTM()); return [p.x, p.y]; }",
        [x + width / 2, y + height / 2],
    )
    page.mouse.move(*at)
    assert picture.locator(".lit rect").count() == 1
    assert visit.drawn() != before
    page.mouse.click(*at)
    page.wait_for_function("document.getElementById('playground').dataset.looked.startsWith('7,')")
    # 3. a slider
    page.locator("#stride-0").evaluate(
        "e => { e.value = 2; for (const name of ['input', 'change']) e.dispatchEvent(new Event(name)); }"
    )
    visit.shows(stride="2x1")
    assert "stride=2x1" in page.url
    # 4. the proof
    visit.part("proof").locator("summary").click()
    page.wait_for_function("document.getElementById('playground').dataset.proved")
    assert "Theorem" in visit.part("text").inner_text()
    # 5. the LaTeX
    visit.part("copy").click()
    visit.part("latex").wait_for(state="visible")
    written = visit.part("latex").input_value()  # the definition as symconv itself typesets it: there is no latexify
    assert written.endswith("\\end{document}\n")
    assert sc.prove(sc.Conv((5, 4), (3, 2), stride=(2, 1), padding=1)).render("latex").splitlines()[5] in written
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("visit", [1280, 390], indirect=True)
def test_by_keyboard(visit: Visit) -> None:
    visit.open("input=4x4&kernel=3x3")
    page = visit.page
    # 1. sliders move with the arrow keys
    visit.slide("padding-0", "ArrowRight")
    visit.shows(padding="1x0")
    # 2. the mode is a list
    page.focus("#padding-mode")
    page.keyboard.press("End")
    visit.shows(padding_mode="circular")
    # 3. W is walked through
    visit.part("matrix").focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    visit.looks_at(7, 0)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    visit.looks_at(6, 1)
    layer = sc.Conv((4, 4), 3, padding=(1, 0), padding_mode="circular")
    assert visit.part("why").inner_text() == layer.explain(output=(0, 3, 0), input=(0, 0, 1)).replace(
        "k_{", "k"
    ).replace("}", "")
    # 4. what does not fit is explained, and comes back
    visit.slide("kernel-1", "End")
    visit.part("error").wait_for(state="visible")
    assert visit.part("error").inner_text().startswith("--kernel 3x7: on axis 1 the kernel spans 7")
    visit.slide("kernel-1", "Home")
    visit.shows(kernel="3x1")
    visit.part("error").wait_for(state="hidden")
    # 5. tick boxes, the proof and the history
    page.focus("#bias")
    page.keyboard.press("Space")
    visit.shows(bias=None)
    assert "+ b" in visit.part("verdict").inner_text()
    visit.part("proof").locator("summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('playground').dataset.proved")
    page.go_back()
    page.wait_for_function("!('bias' in JSON.parse(document.getElementById('playground').dataset.shown))")
    assert not page.is_checked("#bias")


def test_sympy_checks_in_the_browser_too(visit: Visit) -> None:
    visit.open("input=2&kernel=3&padding=1&padding-mode=circular")
    visit.part("proof").locator("summary").click()
    visit.part("all").click()
    visit.page.wait_for_function(
        "document.getElementById('playground').dataset.proved?.startsWith('all')", timeout=180_000
    )
    assert "expands to 0 in SymPy" in visit.part("text").inner_text()
    assert visit.part("status").inner_text()
    visit.slide("input-0", "End")
    visit.shows(input="16")
    assert not visit.part("status").inner_text()
    visit.page.get_by_label("Axes").select_option("2")
    visit.shows(input="16x16")
    assert visit.part("all").is_disabled()


def test_the_history_leads_from_layer_to_layer(visit: Visit) -> None:
    visit.open("input=6&kernel=3&padding=1&padding-mode=circular")
    page = visit.page
    assert page.input_value("#padding-mode") == "circular"
    assert page.input_value("#padding-0") == "1"
    visit.slide("padding-0", "ArrowRight", 2)  # one after the other: one step
    visit.shows(padding="3", padding_mode="circular")
    visit.slide("stride-0", "ArrowRight")
    visit.shows(stride="2")
    page.get_by_role("link", name="groups").click()
    visit.shows(groups="2", input="4x4")
    assert page.input_value("#rank") == "2"
    for wanted in ({"stride": "2"}, {"padding": "3"}, {"padding": "1"}):
        page.go_back()
        visit.shows(input="6", **wanted)
        assert page.input_value("#padding-0") == wanted.get("padding", "3")
    page.go_forward()
    visit.shows(padding="3")


def test_what_is_not_valid_from_the_beginning(visit: Visit) -> None:
    visit.page.goto(f"{visit.address}#input=3x3&kernel=5x3")
    visit.part("error").wait_for(state="visible", timeout=120_000)
    assert not visit.part("shown").is_visible()
    visit.slide("padding-0", "ArrowRight")
    visit.shows(padding="1x0")
    visit.part("matrix").wait_for(state="visible")
    assert not visit.part("error").is_visible()


def test_what_was_copied_goes_with_its_layer(visit: Visit) -> None:
    visit.open("input=4&kernel=3")
    visit.part("copy").click()
    visit.part("latex").wait_for(state="visible")
    assert visit.part("copied").inner_text()
    visit.slide("stride-0", "ArrowRight")
    visit.shows(stride="2")
    assert not visit.part("latex").is_visible()
    assert not visit.part("copied").inner_text()


def test_the_pointer_may_wander_while_the_layer_changes(visit: Visit) -> None:
    visit.open("input=12x12&kernel=3x3")
    box = visit.part("matrix").bounding_box()
    visit.page.focus("#input-0")
    for step in range(24):
        visit.page.keyboard.press("ArrowLeft" if step < 9 else "ArrowRight")
        visit.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40 + 17 * step)
    visit.shows(input="16x12")
    visit.page.wait_for_timeout(500)
    assert not visit.part("error").is_visible()


@pytest.mark.parametrize("visit", [390], indirect=True)
def test_by_touch(visit: Visit) -> None:
    visit.open("input=4x4&kernel=3x3")
    assert visit.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    canvas = visit.part("matrix")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    visit.page.touchscreen.tap(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5)
    visit.looks_at(3, 15)
    assert visit.part("why").inner_text().startswith("W[3, 15] is k2,2")


def test_the_pages_own_switch_makes_it_dark(visit: Visit) -> None:
    visit.open("input=4x4&kernel=3x3")
    page = visit.page
    before = visit.drawn()
    paper = "getComputedStyle(document.querySelector('[data-part=window] svg')).getPropertyValue('--paper').trim()"
    light = page.evaluate(paper)
    page.evaluate("document.body.dataset.theme = 'dark'")
    page.wait_for_timeout(100)
    assert page.evaluate(paper) != light
    assert visit.drawn() != before
