"""What every page must be, whatever it is for: accessible, and no wider than the window."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WIDTHS = (1280, 320)
# A colour that is still on its way to the other theme is nobody's choice.
RUN_AXE = """
async () => {
  document.getAnimations().forEach((animation) => animation.finish());
  return (await axe.run(document, {resultTypes: ["violations"]})).violations.flatMap(
    ({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`));
}
"""
TOO_WIDE = """
() => Math.max(...[document.scrollingElement, ...document.querySelectorAll("dialog[open]")]
  .map((element) => element.scrollWidth - element.clientWidth))
"""


def problems(page: Page) -> list[str]:
    """In light and dark, on a desk and on a small telephone."""
    page.evaluate(AXE_SCRIPT)
    found: list[str] = []
    for width in WIDTHS:
        found += excess(page, width)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found += [f"{width} px, {scheme}: {problem}" for problem in page.evaluate(RUN_AXE)]
    return found


def excess(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    pixels = page.evaluate(TOO_WIDE)
    return [f"{pixels} px too wide at {width} px"] if pixels else []
