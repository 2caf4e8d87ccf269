"""Slides made of the built book, in Chromium from the disk: figures turn, nothing overflows or asks another host."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import slides
from test_browser import BLUE, CAMERA, DRAWN, IN_3D, Watched, drag

pytestmark = pytest.mark.book

FIGURES, FORMULAS, MODEL = "repaired", "several_sensors", "augmented_reality"
HERE = "[Reveal.getIndices().h, Reveal.getIndices().v]"
SHOWN = "Reveal.getCurrentSlide().querySelector('.shown')"
# a slide never overflows; what is shown on it may only where it scrolls, and only code, what it prints, and tables
OVER = """() => {
  const over = (box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;
  const slide = Reveal.getCurrentSlide(), shown = slide.querySelector(".shown");
  const tall = over(shown) && !shown.querySelector("pre, table");
  const cut = [...slide.children].some((part) => part.offsetParent && part.offsetTop + part.offsetHeight > innerHeight);
  return over(document.documentElement) || over(slide) || tall || cut;
}"""
SCROLLS = """() => [...Reveal.getCurrentSlide().querySelectorAll(".shown, .shown pre:not(.mermaid-book)")].some((box) =>
  box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1)"""
SMALL = """() => [...Reveal.getCurrentSlide().querySelectorAll("p, h2, li, td, pre")].filter((text) =>
  text.offsetParent && !text.matches(".plotly-alt, .text_html *, svg *") && text.textContent.trim()
  && parseFloat(getComputedStyle(text).fontSize) < innerHeight / 36.5).map((text) => text.textContent)"""


@pytest.fixture(scope="module")
def decks(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all decks."""
    folder = tmp_path_factory.mktemp("slides")
    slides.main(["--book", str(book), "-o", str(folder)])
    return folder


@pytest.fixture
def watched(browser: Any, decks: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page opened from the disk; at the end nothing has gone wrong."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}} | getattr(request, "param", {}))
    seen = Watched(context, decks.as_uri())
    yield seen
    context.close()
    assert seen.troubles == []


def open_deck(watched: Watched, decks: Path, name: str, place: str = "") -> Any:
    page = watched.open(f"{(decks / name).as_uri()}.html{place}")
    page.wait_for_function("Reveal.isReady() && MathJax.startup.promise")
    page.evaluate("MathJax.startup.promise")
    page.wait_for_function("!document.querySelector('.notes mjx-container')")
    return page


def walk(page: Any) -> Iterator[Any]:
    """The slides, one after the other, by the space bar, as a presenter's remote control does it."""
    yield page.query_selector("section.present > section.present")
    while not page.evaluate("Reveal.isLastSlide()"):
        here = page.evaluate(HERE)
        page.keyboard.press("Space")
        page.wait_for_function(f"here => {HERE}.join() !== here.join()", arg=here)
        yield page.query_selector("section.present > section.present")


def test_every_chapter_has_a_deck(decks: Path):
    names = [Path(name).name for part in slides.chapters().values() for name in part]
    assert len(names) > 30
    index = (decks / "index.html").read_text(encoding="utf8")
    for name in names:
        deck = (decks / f"{name}.html").read_text(encoding="utf8")
        assert f'href="{name}.html"' in index
        assert deck.count("<section") > 10
        assert deck.count("<section") == deck.count("</section>")
        for address in re.findall(r'<(?:link|script|img|model-viewer)[^>]*?\s(?:src|href|data-file)="([^"]+)"', deck):
            assert address.startswith("data:") or (decks / address).exists(), f"{name}: {address}"


def test_notes_hold_what_the_slides_do_not(decks: Path, book: Path):
    page = slides.read(book / "book" / "mathematics" / "camera.html", book, decks)
    made = [slide for stack in slides.stacks(page, []) for slide in stack]
    notes = [note for slide in made for note in slide.notes]
    said = [p for p in page.select("p") if p.parent.name == "section" and not p.find_parent("div", class_="cell")]
    further = next(h2 for h2 in page.select("h2") if "Further reading" in h2.text).parent
    said = [str(p) for p in said if further not in p.parents]
    assert len(said) > 40
    assert [note for note in notes if note.startswith("<p")] == said
    # solutions are not shown
    assert any("solution" in note for note in notes)
    assert not any("Solution" in slide.shown for slide in made)
    for shown in [*page.select(".plotly-book"), *page.select("section > div.math")]:
        assert any(shown.get_text()[:50].strip() in slide.shown.replace("&amp;", "&") for slide in made)


@pytest.mark.parametrize("name", [FIGURES, FORMULAS, MODEL])
def test_every_slide_fits_and_every_figure_is_drawn(watched: Watched, decks: Path, name: str):
    page = open_deck(watched, decks, name)
    seen = {"slide": 0, "scrolls": 0, "figure": 0, "formula": 0, "mermaid": 0, "model": 0}
    for slide in walk(page):
        where = f"{name} {page.evaluate(HERE)}"
        if box := slide.query_selector(".plotly-book"):
            page.wait_for_function(DRAWN, arg=box)
            assert box.bounding_box()["height"] > 720 / 2, where
            # figures that are not in sight are not drawn: browsers allow about 16
            page.wait_for_function("[...document.querySelectorAll('.plotly-book')].filter(b => b._live).length === 1")
            seen["figure"] += 1
        if diagram := slide.query_selector(".mermaid-book"):
            page.wait_for_function("box => box.querySelector('svg desc')", arg=diagram)
            seen["mermaid"] += 1
        if viewer := slide.query_selector("model-viewer"):
            page.wait_for_function("viewer => viewer.loaded && viewer.modelIsVisible", arg=viewer)
            assert 0.05 < viewer.evaluate(BLUE) < 0.8
            seen["model"] += 1
        seen["formula"] += slide.query_selector(".shown div.math mjx-container") is not None
        seen["slide"] += 1
        seen["scrolls"] += page.evaluate(SCROLLS)
        assert not page.evaluate(OVER), where
        assert page.evaluate(SMALL) == [], where
    assert seen["scrolls"] < seen["slide"] / 10
    assert seen["figure"] == (decks / f"{name}.html").read_text(encoding="utf8").count('class="output plotly-book"')
    assert seen["figure"] >= (5 if name == FIGURES else 1)
    assert seen["formula"] >= 3 or name != FORMULAS
    assert (seen["mermaid"] >= 1, seen["model"] == 1) == (name == FORMULAS, name == MODEL)


def figure_in_3d(page: Any) -> Any:
    for box in page.query_selector_all(".plotly-book"):
        box.evaluate("box => { const {h, v} = Reveal.getIndices(box.closest('section')); Reveal.slide(h, v); }")
        page.wait_for_function(DRAWN, arg=box)
        if box.evaluate(IN_3D):
            return box
    pytest.fail("no figure that turns")


def test_figure_turns_and_keeps_its_keys_until_it_is_left(watched: Watched, decks: Path):
    page = open_deck(watched, decks, FIGURES)
    box = figure_in_3d(page)
    here, start = page.evaluate(HERE), box.evaluate(CAMERA)
    drag(page, box)
    page.wait_for_function(f"([box, x]) => Math.abs(({CAMERA})(box).x - x) > 0.05", arg=[box, start["x"]])
    page.wait_for_timeout(500)
    dragged = box.evaluate(CAMERA)
    for key in ("ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    page.wait_for_function(f"([box, z]) => Math.abs(({CAMERA})(box).z - z) > 0.01", arg=[box, dragged["z"]])
    assert page.evaluate(HERE) == here
    page.keyboard.press("Escape")
    turned = box.evaluate(CAMERA)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"here => {HERE}[0] === here[0] + 1", arg=here)
    page.wait_for_function("box => !box._live", arg=box)
    # back again: as it was left; the space bar moves on even from a figure, and the next arrow does as well
    page.evaluate("here => Reveal.slide(...here)", here)
    page.wait_for_function(DRAWN, arg=box)
    assert box.evaluate(CAMERA) == pytest.approx(turned, abs=1e-6)
    box.focus()
    page.keyboard.press("Space")
    page.wait_for_function(f"here => {HERE}.join() !== here.join()", arg=here)
    assert page.evaluate("document.activeElement === document.body")


def test_speakers_window_shows_notes_and_formulas(watched: Watched, decks: Path):
    page = open_deck(watched, decks, "camera", "#/2/2")
    with page.expect_popup() as opening:
        page.keyboard.press("s")
    notes = opening.value
    value = notes.locator(".speaker-controls-notes .value")
    value.locator("math").first.wait_for()
    expected = page.evaluate("Reveal.getCurrentSlide().querySelector('.notes').textContent").split()
    assert len(expected) > 10
    assert value.inner_text().split()[:3] == expected[:3]
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"{HERE}[0] === 1")
    notes.wait_for_function("document.body.textContent.includes('The second program knows nothing')")


def test_colours_follow_the_computer_and_a_key(watched: Watched, decks: Path):
    page = open_deck(watched, decks, FIGURES)
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "box => box._plot._fullLayout.font.color"
    box = figure_in_3d(page)
    light = page.evaluate(paper), box.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"([box, ink]) => ({ink})(box) !== ink", arg=[box, light[1]])
    assert page.evaluate(paper) != light[0]
    page.keyboard.press("t")
    page.wait_for_function(f"([box, ink]) => ({ink})(box) === ink", arg=[box, light[1]])
    assert page.evaluate(paper) == light[0]


@pytest.mark.parametrize("watched", [{"viewport": {"width": 390, "height": 844}, "has_touch": True}], indirect=True)
def test_deck_fits_a_phone(watched: Watched, decks: Path):
    page = open_deck(watched, decks, FORMULAS)
    for _ in walk(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(f"{SHOWN}.getBoundingClientRect().right") <= 390


def test_unknown_page_and_missing_book_are_told(book: Path, tmp_path: Path):
    with pytest.raises(SystemExit, match=r"(?s)camra: no such page in .*book/mathematics/camera"):
        slides.main(["camra", "--book", str(book), "-o", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="no built book there; run 'make book' first"):
        slides.main(["--book", str(tmp_path), "-o", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_page_without_figures(book: Path, tmp_path: Path, browser: Any):
    slides.main(["book/glossary.md", "--book", str(book), "-o", str(tmp_path)])
    context = browser.new_context()
    seen = Watched(context, tmp_path.as_uri())
    page = open_deck(seen, tmp_path, "glossary")
    assert page.query_selector("section.present h2").inner_text() == "Glossary"
    assert "plotly" not in page.content()
    context.close()
    assert seen.troubles == []
