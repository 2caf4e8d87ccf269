"""Makes slides of the built book's chapters: python labs/slides.py [PAGE ...] [-o _build/slides]

What is drawn, computed or written as a formula stands on the slides; what is said goes to the speaker's notes
(key S). A deck opens from the disk and asks no other host for anything.
"""

import argparse
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import yaml
from bs4 import BeautifulSoup, Tag

from recon3d_lite._sphinx import SCRIPTS
from recon3d_lite.files import whole

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 16  # rows of code that a class can read at once
ROWS, WIDTH = 20, 99  # what a slide holds of code and what it prints, in the smallest letters
LONG = 130  # letters of a sentence; a longer one is no title
LEFT_OUT = ("Further reading",)
# what decks load, by the folder it comes from
ASSETS = {
    "_build/html/_static": ["favicon.svg", "pygments.css", "mathjax", "plotly", "mermaid", "model-viewer"],
    "recon3d_lite/_sphinx": ["plotly-book.js", "mermaid-book.js", "model-viewer-book.js"],
    "node_modules/reveal.js/dist": ["reveal.css", "reveal.js", "plugin/notes.js"],
    "labs/slides": ["slides.css", "slides.js"],
}


@dataclass
class Slide:
    """HTML of a title and of what is shown under it, and the paragraphs that are said meanwhile."""

    kind: str
    title: str
    shown: str = ""
    notes: list[str] = field(default_factory=list)


def sentences(paragraph: Tag | None) -> list[str]:
    """A paragraph's sentences as HTML; of anything else, one that is empty."""
    if paragraph is None or paragraph.name != "p":
        return [""]
    parts = re.split(r"(?<=[.?!:])(</\w+>)?\s+(?=[^\sa-z0-9])", paragraph.decode_contents().strip())
    ends = [text + (closed or "") for text, closed in zip(parts[::2], [*parts[1::2], ""], strict=True)]
    return [str(BeautifulSoup(end, "html.parser")) for end in ends]  # closes what the cut left open


def lead(heading: Tag) -> str:
    """The first sentence after a heading, with the next if it is short."""
    said = sentences(heading.find_next_sibling())
    return " ".join(said[: 2 if len(said[0]) < 70 else 1])


def title(sentence: str) -> str:
    """The sentence, if it can stand over a slide: not if it is long, or the rest of one around a formula."""
    return "" if sentence[:1].islower() or len(BeautifulSoup(sentence, "html.parser").text) > LONG else sentence


def before(shown: Tag) -> str:
    """The sentence that leads to it."""
    leading = shown.find_previous_sibling()
    while leading and "cell" in leading.get("class", []) and not leading.select_one(".cell_output"):
        leading = leading.find_previous_sibling()
    return title(sentences(leading)[-1])


def after(shown: Tag) -> str:
    """The sentence that follows: mostly what there is to see."""
    return title(sentences(shown.find_next_sibling())[0])


def figure(output: Tag, name: str) -> Slide:
    """A figure, as large as the slide. What a Plotly figure is called becomes the slide's title."""
    if script := output.find("script"):
        drawing = json.loads(script.string)
        layout = drawing["layout"]
        layout.pop("height", None)
        if text := layout.pop("title", {}).get("text"):
            name = text.replace("<br>", " ")
            margin = layout.setdefault("margin", {})
            margin["t"] = max(10, margin.get("t", 50) - 6 - 20 * (1 + text.count("<br>")))
        script.string = json.dumps(drawing, separators=(",", ":")).replace("</", "<\\/")
        del output["style"]
    return Slide("figure", name, str(output))


def rows(text: str) -> int:
    """The rows that a text takes on a slide, at the smallest size."""
    return sum(1 + len(line) // WIDTH for line in text.strip().splitlines())


def printed(code: Tag | None, outputs: list[Tag], name: str) -> list[Slide]:
    """Code with what it printed. Long code stays in the book; so does code that only imports or checks something."""
    text = code.get_text().replace("\n\n\n", "\n\n").strip() if code else ""
    long = rows(text) > LONGEST or rows(text) + sum(rows(output.get_text()) for output in outputs) > ROWS
    if not outputs and (not text or long or text.startswith(("import ", "from ", "assert "))):
        return []
    words = f"<p><em>{len(text.splitlines())} lines of code: see the chapter.</em></p>" if text else ""
    shown = words if long else str(code or "").replace("\n\n\n", "\n\n")
    return [Slide("code", name, shown + "".join(map(str, outputs)))]


def slides(part: Tag) -> list[Slide]:
    """The slides for one part of a section: none for what is only said."""
    classes = part.get("class", [])
    if "cell" in classes:
        outputs = part.select(":scope > .cell_output > *")
        texts = [output for output in outputs if "stream" in output.get("class", [])]
        drawn = [figure(output, after(part) or before(part)) for output in outputs if output not in texts]
        # code that draws stays in the book
        code = None if drawn else part.select_one(":scope > .cell_input")
        return drawn + (printed(code, texts, before(part)) if texts or not drawn else [])
    if "math" in classes:
        rest = sentences(part.find_next_sibling())[0]
        rest = rest if rest[:1].islower() else ""  # "where f is .."
        return [Slide("formula", before(part), f"{part}<p>{rest}</p>")]
    if "mermaid-book" in classes:
        return [figure(part, before(part))]
    if "admonition" in classes and "solution" not in classes:
        name = part.select_one(".admonition-title").extract()
        return [Slide("words", name.decode_contents(), str(part))]
    if part.name == "table" or part.find("table", recursive=False):
        return [Slide("table", before(part), str(part))]
    if any(name.startswith("highlight-") for name in classes):
        return printed(part, [], before(part))
    return []


def stacks(section: Tag, made: list[list[Slide]]) -> list[list[Slide]]:
    """Adds a section's slides: a stack for the title and for each h2, in it one slide under the other."""
    for part in section.find_all(recursive=False):
        if part.name == "section":
            stacks(part, made)
        elif part.name in ("h1", "h2"):
            if part.get_text().split(". ")[-1].strip() in LEFT_OUT:
                break
            made.append([Slide("heading", part.decode_contents(), f"<p>{lead(part)}</p>")])
        elif part.name in ("h3", "h4"):
            made[-1].append(Slide("heading", part.decode_contents(), f"<p>{lead(part)}</p>"))
        elif new := slides(part):
            made[-1] += new
        elif "cell" not in part.get("class", []) and "toctree-wrapper" not in part.get("class", []):
            made[-1][-1].notes.append(str(part))
    return made


def read(page: Path, book: Path, out: Path) -> Tag:
    """The text of a built page, ready to stand elsewhere: pictures and models are copied beside the decks."""
    article = BeautifulSoup(page.read_text(encoding="utf8"), "html.parser").select_one("article.bd-article")
    for tag in article.find_all("a", class_="headerlink"):
        tag.decompose()
    for tag in article.find_all(True):
        tag.attrs.pop("id", None)
        if tag.name == "section" and tag.find_parent(class_="admonition"):
            tag.name = "div"  # to reveal.js a section is a slide
        if tag.name == "a" and tag.get("href", "").startswith("http"):
            tag["target"] = "_blank"
        elif tag.name == "a":
            tag.unwrap()  # other pages are not beside the deck
        for name in ("src", "data-file"):
            if tag.get(name, "data:").startswith("data:"):
                continue
            path = Path(os.path.normpath(page.parent / tag[name]))
            tag[name] = path.relative_to(book).as_posix()
            (out / tag[name]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, out / tag[name])
    return article


def html(made: list[list[Slide]]) -> str:
    """The whole deck."""
    chapter = BeautifulSoup(made[0][0].title, "html.parser").text

    def one(slide: Slide, section: str) -> str:
        under = "" if slide.kind == "heading" else f'<p class="under">{section}</p>'
        name = f"<h2>{slide.title}</h2>" if slide.title else ""
        shown = f'<div class="shown">{slide.shown}</div><aside class="notes">{"".join(slide.notes)}</aside>'
        return f'<section class="{slide.kind}">{under}{name}{shown}</section>\n'

    body = "".join(f"<section>\n{''.join(one(slide, stack[0].title) for slide in stack)}</section>\n" for stack in made)
    scripts = ["reveal.js", "plugin/notes.js", "slides.js", "mathjax/tex-mml-chtml.js"]
    scripts += [script for kind, names in SCRIPTS.items() if kind.replace("_", "-") in body for script in names]
    return page_html(chapter, f'<div class="reveal"><div class="slides">\n{body}</div></div>', scripts)


def page_html(title: str, body: str, scripts: list[str]) -> str:
    """A page with the decks' styles and these scripts."""
    styles = "".join(
        f'<link rel="stylesheet" href="_static/{n}">' for n in ("reveal.css", "pygments.css", "slides.css")
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="_static/favicon.svg">{styles}
{"".join(f'<script defer src="_static/{script}"></script>' for script in scripts)}
</head><body>{body}</body></html>
"""


def chapters() -> dict[str, list[str]]:
    """By part, the book's pages that are notebooks."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf8"))
    files = {"The book": [toc["root"]]}
    files |= {part["caption"]: [chapter["file"] for chapter in part["chapters"]] for part in toc["parts"]}
    return {part: [f for f in names if (ROOT / f"{f}.ipynb").exists()] for part, names in files.items()}


def index(out: Path) -> None:
    """A page that names the decks that are there."""
    items = []
    for part, names in chapters().items():
        decks = [path for name in names if (path := out / f"{Path(name).name}.html").exists()]
        titles = [re.search("<title>(.*?)</title>", path.read_text(encoding="utf8"))[1] for path in decks]
        links = [f'<li><a href="{path.name}">{title}</a></li>' for path, title in zip(decks, titles, strict=True)]
        items += [f"<h2>{escape(part)}</h2><ul>{''.join(links)}</ul>"] if links else []
    keys = "Arrows and space: move. S: speaker's notes. T: light or dark. F: full screen. ?: all keys."
    keys += " Click into a figure to turn it; Escape or space leaves it."
    with whole(out / "index.html") as path:
        body = f'<main class="index"><h1>Slides</h1><p>{keys}</p>{"".join(items)}</main>'
        path.write_text(page_html("Slides", body, ["slides.js"]), encoding="utf8")


def main(arguments: list[str] | None = None) -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument(
        "page", nargs="*", help="a page such as camera or book/mathematics/camera; default: all chapters"
    )
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "_build" / "slides")
    parser.add_argument("--book", type=Path, default=ROOT / "_build" / "html", help="the built book")
    asked = parser.parse_args(arguments)
    book, out = asked.book.resolve(), asked.output.resolve()
    known = {p.relative_to(book).with_suffix("").as_posix(): p for p in sorted(book.glob("book/**/*.html"))}
    if not known:
        sys.exit(f"{book}: no built book there; run 'make book' first")
    pages = []
    for name in asked.page or [name for names in chapters().values() for name in names]:
        plain = re.sub(r"\.(ipynb|md|html)$", "", name)
        found = [path for key, path in known.items() if plain in (key, path.stem)]
        if not found:
            sys.exit(f"{name}: no such page in {book}; there are\n{' '.join(known)}")
        pages += found
    for folder, names in ASSETS.items():
        source = book / "_static" if folder.startswith("_build") else ROOT / folder
        for asset in names:
            if not (source / asset).exists():
                sys.exit(f"{source / asset} is missing; run 'make book' or 'npm ci' first")
            (out / "_static" / asset).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copy if (source / asset).is_file() else shutil.copytree
            copy(source / asset, out / "_static" / asset, **({} if copy is shutil.copy else {"dirs_exist_ok": True}))
    for page in pages:
        deck = html(stacks(read(page, book, out), []))
        with whole(out / f"{page.stem}.html") as path:
            path.write_text(deck, encoding="utf8")
    index(out)
    print(f"{len(pages)} decks: {out / 'index.html'}")


if __name__ == "__main__":
    main()
