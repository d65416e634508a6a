"""How long the playground takes in a browser: python tests/benchmarks/playground.py [FOLDER for screenshots]

From opening the page to its first proof, with nothing and with everything in the browser's cache; from a slider's event until the
new W and verdict are painted; until an entry's window and explanation are there, and until the proof is. Seconds of the clock: what
else the machine does shows in them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from playground_site import BROWSER, served

OPENED = 7
SCREENS = (1280, 390)
PAINTED = """([attribute, act]) => new Promise((done) => {
  const root = document.getElementById('playground');
  const begun = performance.now();
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - begun)));
  }).observe(root, { attributes: true, attributeFilter: [`data-${attribute}`] });
  new Function(act)();
})"""


def first_proof(page: Any, address: str) -> float:
    """Milliseconds since the page was asked for."""
    page.goto(address)
    shown = page.wait_for_function("document.getElementById('playground')?.dataset.shown && performance.now()")
    page.wait_for_timeout(500)
    return float(shown.json_value())


def until(page: Any, attribute: str, act: str) -> float:
    """Milliseconds from what is done until the page, which notes it in an attribute, is painted."""
    page.wait_for_timeout(200)
    return float(page.evaluate(PAINTED, [attribute, act]))


def slide(name: str, value: int) -> str:
    return f"const e = document.getElementById('{name}'); e.value = {value}; e.dispatchEvent(new Event('input'))"


def key(name: str) -> str:
    return f"document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{name}' }}))"


def row(what: str, asked: str, times: list[float]) -> None:
    print(f"{what:56} {asked:>9} {statistics.median(times):7.0f} {max(times):7.0f}", flush=True)


def measure(playwright: Any, address: str) -> None:
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(profile, **BROWSER)
        print(f"{'milliseconds':56} {'asked':>9} {'median':>7} {'most':>7}")
        page = context.new_page()
        row("first proof, nothing cached", "", [first_proof(page, address)])
        first_proof(page, address)  # the browser keeps compiled code from the second time on
        row("first proof, cached", "3000", [first_proof(page, address) for _ in range(OPENED)])
        changes = [slide(f"{name}-{axis}", value) for value, name, axis in product((2, 3), ("stride", "dilation", "padding"), (0, 1))]  # fmt: skip
        row("a change at 8x8 with 3x3: W and verdict", "100", [until(page, "shown", each) for each in changes])
        until(page, "shown", slide("stride-0", 1))
        moves = [key(name) for name in ("ArrowRight", "ArrowDown") * 6]
        row("an entry: its window and explanation", "", [until(page, "looked", each) for each in moves])
        page.goto("about:blank")
        first_proof(page, address)
        opened = [until(page, "proved", "document.querySelector('#playground details').open = true")]
        row("the proof, when it is opened", "", opened)
        context.close()


def screenshots(playwright: Any, address: str, folder: Path) -> None:
    """What the page looks like on each screen, light and dark, with its proof open."""
    folder.mkdir(parents=True, exist_ok=True)
    browser = playwright.chromium.launch(**BROWSER)
    for width, scheme in product(SCREENS, ("light", "dark")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        first_proof(page, f"{address}#input=4x4&kernel=3x3&padding=1x1")
        page.locator("#playground summary").click()
        page.wait_for_function("document.getElementById('playground').dataset.proved")
        page.screenshot(path=folder / f"playground-{width}-{scheme}.png", full_page=True)
        page.close()
    browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made, served(Path(made)) as address, sync_playwright() as playwright:
        measure(playwright, address)
        if len(sys.argv) > 1:
            screenshots(playwright, address, Path(sys.argv[1]))
