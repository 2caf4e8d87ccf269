"""The built book in Chromium: figures turn, nothing is missing, nothing is asked of another host."""

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.book

SHOWN = "box => box.scrollIntoView({block: 'center'})"
CAMERA = "box => box._plot._fullLayout.scene._scene.getCamera().eye"
DRAWN = "box => box._live && box.querySelector('canvas, svg.main-svg') !== null"
IN_3D = "box => Boolean(box._plot?._fullLayout?.scene)"


class Watched:
    """A page that notes what goes wrong."""

    def __init__(self, context: Any, home: str) -> None:
        self.troubles: list[str] = []
        self.page = context.new_page()
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("requestfailed", lambda request: self.troubles.append(f"failed: {request.url}"))
        self.page.on("request", lambda request: self._local(request.url, home))
        self.page.on(
            "response", lambda answer: answer.status < 400 or self.troubles.append(f"{answer.status} {answer.url}")
        )

    def _note(self, message: Any) -> None:
        # the page that only redirects names no icon; a browser that stays on it long enough asks for one by itself
        if message.location["url"].endswith("/favicon.ico"):
            return
        if message.type == "error" or "WebGL context" in message.text:
            self.troubles.append(f"console: {message.text} {message.location['url']}")

    def _local(self, url: str, home: str) -> None:
        if not url.startswith((home, "data:", "blob:")):
            self.troubles.append(f"asks elsewhere: {url}")

    def open(self, url: str) -> Any:
        self.page.goto(url)
        self.page.wait_for_load_state("load")
        return self.page

    def figures(self) -> list[Any]:
        """Every figure, scrolled to and drawn."""
        boxes = self.page.query_selector_all(".plotly-book")
        for box in boxes:
            show(self.page, box)
        return boxes


def show(page: Any, box: Any) -> None:
    box.evaluate(SHOWN)
    page.wait_for_function(DRAWN, arg=box)


@pytest.fixture
def file_page(browser: Any, book: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page opened from the disk; a parameter is passed on to the browser, such as the viewport."""
    context = browser.new_context(**getattr(request, "param", {}))
    yield Watched(context, book.as_uri())
    context.close()


@pytest.fixture(scope="session")
def site(book: Path) -> Iterator[str]:
    """The address of the book, served on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=book)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def chapters(book: Path) -> list[Path]:
    """Every page but the theme's own templates and the root, which redirects."""
    pages = sorted(book.rglob("*.html"))
    return [path for path in pages if "_static" not in path.parts and path != book / "index.html"]


def with_figures(book: Path) -> Path:
    return max(chapters(book), key=lambda path: path.read_text(encoding="utf8").count('class="output plotly-book"'))


def test_every_page_from_the_disk(file_page: Watched, book: Path):
    drawn = 0
    for path in chapters(book):
        page = file_page.open(path.as_uri())
        drawn += len(file_page.figures())
        assert page.query_selector_all("img:not([alt]), img[alt='']:not(.plotly-frozen)") == [], path
        for diagram in page.query_selector_all(".mermaid-book"):
            page.wait_for_function("box => box.querySelector('svg desc')", arg=diagram)
        if page.query_selector(".math"):
            page.wait_for_selector("mjx-container", state="attached")
    assert drawn >= 3
    assert file_page.troubles == []


BLUE = """viewer => new Promise(done => {
  const picture = new Image();
  picture.onload = () => {
    const pen = Object.assign(document.createElement("canvas"), {width: 60, height: 40}).getContext("2d");
    pen.drawImage(picture, 0, 0, 60, 40);
    const {data} = pen.getImageData(0, 0, 60, 40);
    let share = 0;
    for (let i = 0; i < data.length; i += 4) share += data[i + 3] > 200 && data[i + 2] > data[i] + 50;
    done(share / 2400);
  };
  picture.src = viewer.toDataURL();
})"""


def show_model(page: Any, viewer: Any) -> None:
    """Scroll to a model, again if what is drawn above it moves it away: it loads when it is in sight."""
    seen = "viewer.loaded && viewer.modelIsVisible"
    page.wait_for_function(f"viewer => {{ viewer.scrollIntoView({{block: 'center'}}); return {seen}; }}", arg=viewer)


def draws_its_models(watched: Watched, served: bool) -> int:
    """How many models the page shows, each loaded, drawn and of the size that its alt text gives."""
    viewers = watched.page.query_selector_all(".model-book")
    for viewer in viewers:
        show_model(watched.page, viewer)
        assert viewer.get_attribute("src").startswith("http" if served else "data:")
        height = viewer.evaluate("viewer => viewer.getDimensions().y")
        assert f"{100 * height:.1f} cm" in viewer.get_attribute("alt")
        assert 0.05 < viewer.evaluate(BLUE) < 0.8
    return len(viewers)


def test_models_are_drawn_and_nobody_else_is_asked(browser: Any, book: Path, site: str):
    drawn = 0
    for path in chapters(book):
        if "model-book" not in path.read_text(encoding="utf8"):
            continue
        for served, home in ((False, book.as_uri()), (True, site)):
            context = browser.new_context()
            watched = Watched(context, home)
            watched.open(f"{home}/{path.relative_to(book)}" if not served else f"{home}{path.relative_to(book)}")
            drawn += draws_its_models(watched, served)
            watched.page.wait_for_timeout(1000)  # for what is asked late
            context.close()
            assert watched.troubles == []
    assert drawn >= 2


def test_wheel_scrolls_the_page_until_the_model_is_clicked(file_page: Watched, book: Path):
    path = next(path for path in chapters(book) if "model-book" in path.read_text(encoding="utf8"))
    page = file_page.open(path.as_uri())
    viewer = page.query_selector(".model-book")
    show_model(page, viewer)
    near = "viewer => viewer.getCameraOrbit().radius"
    start, top = viewer.evaluate(near), page.evaluate("scrollY")
    viewer.hover()
    page.mouse.wheel(0, -40)
    page.wait_for_function("top => scrollY < top", arg=top)
    page.wait_for_timeout(500)
    assert viewer.evaluate(near) == pytest.approx(start)
    viewer.click()
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"([viewer, start]) => ({near})(viewer) < 0.99 * start", arg=[viewer, start])


def test_served_over_http(browser: Any, book: Path, site: str):
    context = browser.new_context()
    served = Watched(context, site)
    served.open(site)  # redirects to the first chapter
    served.page.wait_for_url("**/book/intro.html")
    served.figures()
    served.open(site + "search.html?q=points")
    served.page.wait_for_selector("#search-results li")
    context.close()
    assert served.troubles == []


def figure_in_3d(watched: Watched, kind: str = IN_3D) -> Any:
    """The page's first figure of that kind, shown and drawn."""
    for box in watched.page.query_selector_all(".plotly-book"):
        show(watched.page, box)
        if box.evaluate(kind):
            return box
    pytest.fail(f"no such figure on {watched.page.url}: {kind}")


def drag(page: Any, box: Any) -> None:
    canvas = box.query_selector("canvas").bounding_box()
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 20, steps=6)
    page.mouse.up()


def test_every_figure_turns_with_the_mouse(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    turned = 0
    for box in page.query_selector_all(".plotly-book"):
        show(page, box)
        if not box.evaluate(IN_3D):
            continue
        before = box.evaluate(CAMERA)
        drag(page, box)
        page.wait_for_function(f"([box, x]) => Math.abs(({CAMERA})(box).x - x) > 0.05", arg=[box, before["x"]])
        turned += 1
    assert turned >= 2
    assert file_page.troubles == []


def test_camera_survives_scrolling_away(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    box = figure_in_3d(file_page)
    drag(page, box)
    page.wait_for_timeout(300)
    turned = box.evaluate(CAMERA)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("box => !box._live", arg=box)
    show(page, box)
    assert box.evaluate(CAMERA) == pytest.approx(turned, abs=1e-6)


def test_keys_turn_and_zoom(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    box = figure_in_3d(file_page)
    box.focus()
    start = box.evaluate(CAMERA)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("+")
    page.wait_for_timeout(200)
    near = box.evaluate(CAMERA)
    for key in ("-", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    assert sum(v * v for v in near.values()) == pytest.approx(sum(v * v for v in start.values()) / 1.1**2)
    assert abs(near["x"] - start["x"]) + abs(near["y"] - start["y"]) > 0.05
    assert box.evaluate(CAMERA) == pytest.approx(start, abs=1e-6)


def test_linked_scenes_turn_together(file_page: Watched, book: Path):
    both = "box => ['scene', 'scene2'].map(s => box._plot._fullLayout[s]._scene.getCamera().eye)"
    paths = [path for path in chapters(book) if '"linked":true' in path.read_text(encoding="utf8")]
    assert paths
    page = file_page.open(paths[0].as_uri())
    box = figure_in_3d(file_page, "box => box._figure.layout.meta.linked === true")
    start, _ = box.evaluate(both)
    drag(page, box)
    page.wait_for_timeout(1000)
    first, second = box.evaluate(both)
    assert first == pytest.approx(second, abs=1e-6)
    assert first != pytest.approx(start, abs=0.05)


def test_wheel_scrolls_the_page_until_the_figure_is_clicked(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    box = figure_in_3d(file_page)
    start, top = box.evaluate(CAMERA), page.evaluate("scrollY")
    area = box.query_selector("canvas").bounding_box()
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    page.mouse.wheel(0, 40)
    page.wait_for_function("top => scrollY > top", arg=top)
    assert box.evaluate(CAMERA) == pytest.approx(start, abs=1e-6)
    show(page, box)
    box.focus()
    page.mouse.wheel(0, 40)
    page.wait_for_function(f"([box, x]) => Math.abs(({CAMERA})(box).x - x) > 1e-3", arg=[box, start["x"]])


def test_colours_follow_the_theme(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    box = figure_in_3d(file_page)
    ink = "box => box._plot._fullLayout.font.color"
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    light = box.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"([box, light]) => ({ink})(box) !== light", arg=[box, light])
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    page.wait_for_function(f"([box, light]) => ({ink})(box) === light", arg=[box, light])


@pytest.mark.parametrize("file_page", [{"viewport": {"width": 390, "height": 844}}], indirect=True)
def test_page_fits_a_phone(file_page: Watched, book: Path):
    for path in chapters(book):
        page = file_page.open(path.as_uri())
        if box := page.query_selector(".plotly-book"):
            show(page, box)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path


def test_words_stay_where_figures_cannot_be_drawn(browser: Any, book: Path):
    no_webgl = "HTMLCanvasElement.prototype.getContext = () => null"
    no_plotly = "Object.defineProperty(window, 'Plotly', { get: () => undefined, set: () => {} })"
    for trouble in (no_webgl, no_plotly):
        context = browser.new_context()
        context.add_init_script(trouble)
        page = context.new_page()
        page.goto(with_figures(book).as_uri())
        words = page.locator(".plotly-book .plotly-alt").first
        words.scroll_into_view_if_needed()
        assert words.bounding_box()["height"] > 10
        assert words.inner_text().strip() in page.locator(".plotly-book").first.get_attribute("aria-label")
        context.close()


def test_figures_are_pictures_on_paper(file_page: Watched, book: Path):
    page = file_page.open(with_figures(book).as_uri())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    boxes = page.query_selector_all(".plotly-book")
    for box in boxes:
        assert box.evaluate("box => [...box.querySelectorAll('.plotly-frozen')].every(i => i.src.length > 3000)")
        # a flat figure is drawn in SVG, which a printer sees
        assert box.query_selector(".plotly-frozen" if box.evaluate(IN_3D) else "svg.main-svg")
    assert any(box.evaluate(IN_3D) for box in boxes)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.query_selector(".plotly-frozen") is None
    show(page, boxes[0])
