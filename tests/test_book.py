"""The stored notebooks keep the rules of the book, and the book builds into pages that ask no other host."""

import base64
import json
import pkgutil
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import plotly.offline
import pytest
import yaml

import recon3d_lite
from recon3d_lite._sphinx import MODEL, PLOTLY, model_html, plotly_html

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "book").rglob("[!.]*.ipynb"))
NOTEBOOKS = [path for path in NOTEBOOKS if ".ipynb_checkpoints" not in path.parts]


def toc_files() -> set[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    return {toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: str(path.relative_to(ROOT)))
def notebook(request: pytest.FixtureRequest) -> nbformat.NotebookNode:
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(notebook: nbformat.NotebookNode, mime: str) -> list[tuple[nbformat.NotebookNode, dict]]:
    """The cells with an output of this type, and the output."""
    return [
        (cell, output.data[mime])
        for cell in code_cells(notebook)
        for output in cell.outputs
        if mime in output.get("data", {})
    ]


def test_every_chapter_is_in_the_contents():
    chapters = {str(path.relative_to(ROOT).with_suffix("")) for path in [*NOTEBOOKS, *(ROOT / "book").rglob("*.md")]}
    assert chapters == toc_files()


def coverage() -> list[tuple[str, str, str]]:
    """Heading of the text that the book began with, page that answers it, piece of that page's code."""
    table = (ROOT / "book" / "coverage.md").read_text(encoding="utf8")
    rows = re.findall(r"^\| (.+?) \| \[.+?\]\((\S+)\) \| .*?\| (?:`(.+?)` )?\|$", table, re.M)
    lines = re.findall(r"^\| (?!heading)(.*?) \|", table, re.M)
    assert [row[0] for row in rows] == lines  # every row was read
    return rows


def test_every_heading_of_the_text_has_a_page_that_runs():
    for heading, page, piece in coverage():
        assert f"book/{page}" in toc_files(), heading
        path = ROOT / "book" / f"{page}.ipynb"
        if piece == "{mermaid}":
            assert any(piece in cell.source for cell in nbformat.read(path, as_version=4).cells), heading
        elif piece:
            assert any(piece in cell.source for cell in code_cells(nbformat.read(path, as_version=4))), (heading, piece)
        else:
            assert path.with_suffix(".md").exists(), heading  # a page of words: only the resources
            assert heading.startswith("8"), heading


def test_no_heading_of_the_text_is_left_out():
    headings = [heading for heading, _, _ in coverage()]
    found = {re.match(r"(\d(\.\d)?|Abstract|Appendix, question \d)", heading)[0] for heading in headings}
    sections = {1: 0, 2: 4, 3: 4, 4: 3, 5: 4, 6: 4, 7: 4, 8: 3, 9: 4}
    expected = {str(n) for n in sections} | {f"{n}.{k + 1}" for n, count in sections.items() for k in range(count)}
    assert found == expected | {"Abstract", *(f"Appendix, question {k}" for k in (1, 2, 3))}


def test_every_module_is_in_the_reference():
    modules = {module.name for module in pkgutil.iter_modules(recon3d_lite.__path__) if module.name[0] != "_"}
    listed = re.findall(r"automodule:: recon3d_lite\.(\w+)$", (ROOT / "book" / "api.md").read_text(), re.M)
    assert modules == set(listed)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_small(path: Path):
    assert path.stat().st_size < 1_500_000


def test_notebook_is_valid(notebook: nbformat.NotebookNode):
    nbformat.validate(notebook)


def test_notebook_is_stored_from_one_run_top_to_bottom(notebook: nbformat.NotebookNode):
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = [(cell.source, o.output_type, o.get("name")) for cell in cells for o in cell.outputs]
    assert [kind for kind in kinds if kind[1] == "error" or kind[2] == "stderr"] == []


def test_notebook_checks_what_it_says(notebook: nbformat.NotebookNode):
    assert any(re.search(r"^\s*assert\b|\bassert_\w+\(", cell.source, re.M) for cell in code_cells(notebook))


def test_cells_are_short(notebook: nbformat.NotebookNode):
    assert [cell.source for cell in code_cells(notebook) if len(cell.source.splitlines()) > 25] == []


def test_widget_state_is_small(notebook: nbformat.NotebookNode):
    assert len(json.dumps(notebook.metadata.get("widgets", {}))) < 200_000


def test_no_machine_paths(notebook: nbformat.NotebookNode):
    assert str(ROOT) not in json.dumps(notebook)
    assert str(Path.home()) + "/" not in json.dumps(notebook)


def test_stored_figures_have_words(notebook: nbformat.NotebookNode):
    for _, figure in outputs(notebook, PLOTLY):
        plotly_html(figure)  # raises without alt text
    for mime in ("image/png", "image/svg+xml"):
        for cell, _ in outputs(notebook, mime):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert alt.strip() or PLOTLY in str(cell.outputs), f"no mystnb.image.alt in the cell:\n{cell.source}"


@pytest.mark.parametrize("meta", [None, {}, {"alt": " "}, "words"])
def test_figure_without_words_is_refused(meta: object):
    with pytest.raises(ValueError, match="alt"):
        plotly_html({"data": [], "layout": {"meta": meta}})


def test_figure_cannot_close_its_script():
    html = plotly_html({"data": [{"name": "</script><script>alert(1)"}], "layout": {"meta": {"alt": "a"}}})
    assert html.count("</script>") == 1


def viewer(content: bytes, words: str = 'alt="A cup."') -> str:
    address = f"data:model/gltf-binary;base64,{base64.b64encode(content).decode()}"
    return f'<model-viewer ar\n src="{address}" {words} camera-controls><img slot="poster"></model-viewer>'


def test_models_are_kept_beside_the_page():
    kept = {}

    def write(name: str, content: bytes) -> str:
        kept[name] = content
        return f"../_static/{name}"

    html = f"<p>{viewer(b'one')}</p>{viewer(b'two')}{viewer(b'one')}"
    found = model_html(html, write)
    assert sorted(kept.values()) == [b"one", b"two"]
    names = re.findall(r'<model-viewer class="model-book" data-file="../_static/(\w+\.glb)" ar', found)
    assert [kept[name] for name in names] == [b"one", b"two", b"one"]
    assert re.sub(r' class="model-book" data-file="[^"]*"', "", found) == html
    other = '<model-viewer src="cup.glb"></model-viewer>'
    assert model_html(other, write) == other


@pytest.mark.parametrize("words", ["", 'alt=""', 'alt="  "', 'data-alt="A cup."', "alt"])
def test_model_without_words_is_refused(words: str):
    with pytest.raises(ValueError, match="alt"):
        model_html(viewer(b"one", words), lambda name, _: name)


def test_stored_models_have_words_and_are_small(notebook: nbformat.NotebookNode):
    for _, html in outputs(notebook, "text/html"):
        model_html(html, lambda name, content: name if len(content) < 100_000 else pytest.fail(f"{len(content)} bytes"))


def test_nbval_compares_figures_by_skeleton(skeleton: Callable[[dict], object]):
    def figure(values: str, title: str = "A", eye: float = 1.5) -> dict:
        data = [{"x": {"dtype": "f4", "bdata": values}, "y": [0.1] * 60}]
        return {"data": data, "layout": {"title": title, "scene": {"camera": {"eye": {"x": eye}}}}}

    same = skeleton(figure("AACAPw=="))
    assert skeleton(figure("AAAAQA==")) == same  # other numbers
    assert skeleton(figure("AAAAQA==", eye=1.50001)) == same  # rounding
    assert skeleton(figure("AACAPwAAgD8=")) != same  # another length
    assert skeleton(figure("AACAPw==", title="B")) != same
    assert skeleton(figure("AACAPw==", eye=1.4)) != same


def test_pages_and_jupyterlab_draw_with_the_same_plotly():
    versions = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert versions["plotly.js-gl3d-dist-min"] == plotly.offline.get_plotlyjs_version()


def test_lock_names_no_host():
    assert "resolved" not in (ROOT / "package-lock.json").read_text()
    assert "://" not in (ROOT / "requirements.txt").read_text()


class Loads(HTMLParser):
    """What a page loads by itself, its pictures' words and its figures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.pictures: list[dict] = []
        self.figures: list[dict] = []
        self.models: list[dict] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.addresses.append(found.get("src") or "")
        if tag == "link" and found.get("rel") not in ("canonical", "next", "prev", "index", "search", "author"):
            self.addresses.append(found.get("href") or "")
        if tag == "img":
            self.pictures.append(found)
        if "plotly-book" in (found.get("class") or ""):
            self.figures.append(found)
        if tag == "model-viewer":
            self.models.append(found)


@pytest.fixture(scope="module")
def pages(book: Path) -> dict[str, Loads]:
    """Every page of the book, by its path."""
    paths = [path for path in book.rglob("*.html") if "_static" not in path.parts]
    return {path.relative_to(book).as_posix(): Loads(path.read_text(encoding="utf8")) for path in paths}


@pytest.mark.book
class TestPages:
    def test_all_chapters_are_there(self, pages: dict[str, Loads]):
        assert {f"{name}.html" for name in toc_files()} <= pages.keys()

    def test_load_nothing_from_other_hosts(self, pages: dict[str, Loads]):
        addresses = {address for page in pages.values() for address in page.addresses}
        assert {a for a in addresses if re.match(r"(\w+:)?//", a)} == set()

    def test_load_only_files_that_exist(self, book: Path, pages: dict[str, Loads]):
        for name, page in pages.items():
            for address in filter(None, page.addresses):
                if not address.startswith(("data:", "#")):
                    assert (book / name).parent.joinpath(address.split("?")[0].split("#")[0]).exists(), (name, address)

    def test_every_picture_has_words(self, pages: dict[str, Loads]):
        assert [
            (n, i["src"]) for n, page in pages.items() for i in page.pictures if not (i.get("alt") or "").strip()
        ] == []

    def test_every_figure_has_words_and_those_that_turn_take_the_keyboard(self, pages: dict[str, Loads]):
        figures = [figure for page in pages.values() for figure in page.figures]
        assert all(figure["aria-label"].strip() for figure in figures)
        turning = [figure for figure in figures if figure["role"] == "application"]
        assert len(turning) >= 7
        assert all(figure["tabindex"] == "0" for figure in turning)

    def test_every_stored_figure_is_drawn(self, pages: dict[str, Loads]):
        for path in NOTEBOOKS:
            stored = outputs(nbformat.read(path, as_version=4), PLOTLY)
            page = pages[str(path.relative_to(ROOT).with_suffix(".html"))]
            assert len(page.figures) == len(stored)

    @pytest.mark.parametrize(
        ("script", "needed_by"),
        [("plotly-gl3d", "plotly-book"), ("mermaid.tiny", "mermaid-book"), ("model-viewer-umd", "model-book")],
    )
    def test_scripts_load_only_where_needed(self, book: Path, pages: dict[str, Loads], script: str, needed_by: str):
        for name, page in pages.items():
            needs = f'class="{needed_by}"' in (book / name).read_text().replace("output ", "")
            assert any(script in address for address in page.addresses) == needs, name
        assert any(script in address for page in pages.values() for address in page.addresses)

    def test_every_stored_model_is_a_file_too(self, book: Path, pages: dict[str, Loads]):
        count = 0
        for path in NOTEBOOKS:
            stored = [MODEL.findall(html) for _, html in outputs(nbformat.read(path, as_version=4), "text/html")]
            stored = [base64.b64decode(content) for contents in stored for content in contents]
            name = str(path.relative_to(ROOT).with_suffix(".html"))
            files = [(book / name).parent / model["data-file"] for model in pages[name].models]
            assert [file.read_bytes() for file in files] == stored
            count += len(stored)
        assert count


@pytest.mark.book
def test_text_can_be_translated(catalogues: Path):
    """``sphinx-build -b gettext`` finds the text of every chapter."""
    for path in NOTEBOOKS:
        first = next(cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
        title = first.source.splitlines()[0].lstrip("# ")
        catalogue = catalogues / path.relative_to(ROOT).with_suffix(".pot")
        assert f'msgid "{title}"' in catalogue.read_text(encoding="utf8")
