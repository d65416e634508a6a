"""HTML pages in headless Chromium with the network refused: no request, no error, nothing clipped, on two screens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gallery import GALLERY
from lanes import some

import symconv as sc

SCREENS = {"desk": (1280, 900), "phone": (390, 844)}

MEASURE = """() => {
  const found = [], width = window.innerWidth, name = e => e.tagName + '.' + e.getAttribute('class') + ': ' + e.textContent.slice(0, 60);
  if (document.documentElement.scrollWidth > width) found.push('the page is ' + document.documentElement.scrollWidth + ' wide');
  const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
  const boxed = e => { for (let p = e.parentElement; p; p = p.parentElement) if (scrolls(p)) return true; return false; };
  for (const e of document.body.querySelectorAll('*')) {
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!box.width || !box.height) continue;
    if (!boxed(e) && (box.right > width + 0.5 || box.left < -0.5)) found.push('off the screen: ' + name(e));
    if (style.overflowY === 'hidden' && e.scrollHeight > e.clientHeight + 1) found.push('cut below: ' + name(e));
    if (style.overflowX === 'hidden' && e.scrollWidth > e.clientWidth + 1) found.push('cut at its side: ' + name(e));
    if (scrolls(e) && e.scrollWidth > e.clientWidth) {
      e.scrollLeft = 1e6;
      if (e.scrollLeft + e.clientWidth < e.scrollWidth - 1) found.push('cannot be scrolled to its end: ' + name(e));
      e.scrollLeft = -1e6;
      for (const inner of e.children) if (inner.getBoundingClientRect().left < box.left - 1) found.push('its start is lost: ' + name(e));
      e.scrollLeft = 0;
    }
  }
  for (const svg of document.querySelectorAll('svg')) {
    const outer = svg.getBoundingClientRect();
    for (const e of svg.querySelectorAll('text, rect, line, path')) {
      const box = e.getBoundingClientRect();
      if (box.left < outer.left - 1 || box.right > outer.right + 1 || box.top < outer.top - 1 || box.bottom > outer.bottom + 1)
        found.push('outside its picture: ' + name(e));
    }
  }
  return found;
}"""

CONTRAST = """() => {
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const below = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.body.querySelectorAll('p, h1, h2, li, th, td, figcaption, span, math')) {
    const [one, other] = [light(numbers(getComputedStyle(e).color)), light(below(e))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) found.push(e.tagName + ': ' + e.textContent.slice(0, 60));
  }
  return found;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser, or a visible skip."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is missing: pip install -e '.[browser]'")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is missing: apt-get install chromium")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Opened:
    """A page in the browser, with what it asked for and what it complained about."""

    def __init__(self, browser: Any, path: Path, size: tuple[int, int], scheme: str) -> None:
        width, height = size
        self.asked: list[str] = []
        self.said: list[str] = []
        self._context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, offline=True
        )
        self.page = self._context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()


def opened_everywhere(browser: Any, path: Path) -> None:
    """The page on each screen, light and dark: it is alone, silent, whole and readable."""
    for size in SCREENS.values():
        for scheme in ("light", "dark"):
            with Opened(browser, path, size, scheme) as shown:
                assert shown.page.evaluate(MEASURE) == []
                assert shown.page.evaluate(CONTRAST) == []
                background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (background == "rgb(255, 255, 255)") == (scheme == "light")
                assert shown.asked == [path.as_uri()]
                assert shown.said == []


@pytest.mark.parametrize("name", some(GALLERY, 5, ["lenet-c3"]))
def test_every_page_of_the_gallery(chromium: Any, name: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(sc.prove(*GALLERY[name]).render("html"), encoding="utf-8")
    opened_everywhere(chromium, path)


@pytest.mark.parametrize("options", [{"layout": "full"}, {"layout": "scaled"}, {"layout": "blocks"}, {"depth": "brief"}, {"depth": "full"}, {"letters": True}, {"names": {"x": "I", "w": "M"}}, {"kernel_values": [[1, 2, 3]] * 3}], ids=str)  # fmt: skip
def test_every_option_of_a_page(chromium: Any, options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    layer = sc.Conv((6, 6), 3, stride=2, padding=1, padding_mode="reflect")
    path.write_text(sc.prove(layer).render("html", **options), encoding="utf-8")
    opened_everywhere(chromium, path)


def test_pages_for_all_sizes_and_worksheets(chromium: Any, tmp_path: Path) -> None:
    sheet = sc.worksheet(GALLERY["padded"][0])
    pages = [
        sc.prove_general("weight_matrix", rank=3),
        sc.prove_general("sparsity", rank="r"),
        sheet.sheet,
        sheet.solution,
    ]
    for n, page in enumerate(pages):
        path = tmp_path / f"{n}.html"
        path.write_text(page.render("html"), encoding="utf-8")
        opened_everywhere(chromium, path)


@pytest.mark.parametrize("what", ["window", "matrix", "both", "animation"])
def test_pictures_are_alone_and_silent(chromium: Any, what: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(sc.Conv((5, 4), 3, padding=1, padding_mode="circular").draw(what).svg(), encoding="utf-8")
    with Opened(chromium, path, SCREENS["desk"], "light") as shown:
        assert shown.page.evaluate("document.documentElement.tagName") == "svg"
        assert shown.asked == [path.as_uri()]
        assert shown.said == []


def test_the_measures_find_what_is_wrong(chromium: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.html"
    body = '<p style="width: 2000px">wide</p><div style="overflow: hidden; height: 5px">cut<br>below</div><p style="color: #999">pale</p><img src="http://example.org/x.png"><script>console.error("no")</script>'
    path.write_text(f"<!doctype html><body style='background: #fff'>{body}</body>", encoding="utf-8")
    with Opened(chromium, path, SCREENS["phone"], "light") as shown:
        found = " ".join(shown.page.evaluate(MEASURE))
        assert all(each in found for each in ("the page is", "off the screen", "cut below"))
        assert shown.page.evaluate(CONTRAST) == ["P: pale"]
        assert len(shown.asked) == 2
        assert shown.said
