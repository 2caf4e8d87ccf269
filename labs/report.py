"""What teacher and students get of the grades: scores.csv, a page for each student, a page of statistics."""

import csv
import html
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from recon3d_lite.files import whole


@dataclass(frozen=True)
class Case:
    """One test: what it runs, what it is worth, and what a student is told if it fails."""

    question: str
    code: str
    points: float
    hidden: bool
    message: str


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>body{{font:16px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse}}a{{color:inherit}}
td,th{{border-bottom:1px solid #ccc;padding:.2em .8em .2em 0;text-align:left;vertical-align:top}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#ddd}}}}</style><h1>{title}</h1>{body}</html>
"""


class Link(str):
    """A submission's name, shown as a link to its page of feedback."""


def cell(tag: str, content: object) -> str:
    shown = html.escape(str(content))
    if isinstance(content, Link):
        shown = f'<a href="feedback/{quote(content)}.html">{shown}</a>'
    return f"<{tag}>{shown}</{tag}>"


def table(head: list[str], rows: list[list[object]]) -> str:
    lines = [f"<tr>{''.join(cell(tag, content) for content in row)}</tr>"
             for tag, row in [("th", head), *(("td", row) for row in rows)]]  # fmt: skip
    return f"<table>{''.join(lines)}</table>"


def questions(tests: list[Case]) -> list[str]:
    return list(dict.fromkeys(case.question for case in tests))


def worth(tests: list[Case], question: str | None = None) -> float:
    return sum(case.points for case in tests if question in (None, case.question))


def points(result: dict, tests: list[Case], question: str | None = None) -> float:
    pairs = zip(tests, result["passed"], strict=True)
    return sum(case.points for case, passed in pairs if passed and question in (None, case.question))


def feedback(name: str, result: dict, tests: list[Case]) -> str:
    """The page for one student. Of hidden tests it shows the hint, not the code."""
    rows = []
    for question in questions(tests):
        hints = []
        for case, passed, error in zip(tests, result["passed"], result["errors"], strict=True):
            if case.question == question and not passed and error:  # a test that never ran has none
                hints.append(case.message or "a test failed")
                if not case.hidden and not error.startswith("AssertionError"):  # else it may show code
                    hints.append(error)
        score = f"{points(result, tests, question):g} of {worth(tests, question):g}"
        rows.append([question, score, "; ".join(dict.fromkeys(hints))])
    notes = "".join(f"<p>{html.escape(note)}.</p>" for note in result["notes"])
    body = f"<p><b>{points(result, tests):g} of {worth(tests):g} points.</b></p>{notes}"
    return PAGE.format(title=html.escape(name), body=body + table(["question", "points", "what went wrong"], rows))


def overview(results: dict[str, dict], tests: list[Case]) -> str:
    """The page for the teacher: what failed most, and everybody's points, those who need a look first.

    Means and counts are of those submissions that could be tested: a stray file is nobody's answer.
    """
    tested = [result for result in results.values() if any(result["passed"]) or any(result["errors"])]
    rows = []
    for question in questions(tests):
        most = worth(tests, question)
        scores = [points(result, tests, question) for result in tested] or [0]
        full, none = sum(s == most for s in scores), sum(s == 0 for s in scores)
        rows.append([question, f"{most:g}", f"{sum(scores) / len(scores):.2f}", full, none])
    failed = Counter()
    for result in tested:
        failed.update(i for i, error in enumerate(result["errors"]) if error)
    worst = [[tests[i].question, tests[i].message or tests[i].code, n] for i, n in failed.most_common()]
    noted_first = sorted(results.items(), key=lambda item: not item[1]["notes"])
    each = [[Link(name), f"{points(r, tests):g}", "; ".join(r["notes"])] for name, r in noted_first]
    totals = [points(result, tests) for result in tested] or [0]
    body = f"<p>{len(results)} submissions, {len(tested)} of which could be tested; of {worth(tests):g} points "
    body += f"their mean is {mean(totals):.1f}, "
    body += f"the median {median(totals):g}.</p>{table(['question', 'points', 'mean', 'full', 'none'], rows)}"
    body += f"<h2>Tests that failed most</h2>{table(['question', 'test', 'failed'], worst)}"
    body += f"<h2>Submissions, those to look at first</h2>{table(['submission', 'points', 'why'], each)}"
    return PAGE.format(title="Grades", body=body)


def write(results: dict[str, dict], tests: list[Case], grades: Path) -> None:
    for name, result in results.items():
        page = grades / "feedback" / f"{name}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with whole(page) as partial:
            partial.write_text(feedback(name, result, tests), encoding="utf8")
    with whole(grades / "scores.csv") as partial, partial.open("w", newline="", encoding="utf8") as file:
        writer = csv.writer(file)
        writer.writerow(["submission", "total", *questions(tests), "notes"])
        for name, result in results.items():
            each = [f"{points(result, tests, question):g}" for question in questions(tests)]
            writer.writerow([name, f"{points(result, tests):g}", *each, "; ".join(result["notes"])])
    with whole(grades / "index.html") as partial:
        partial.write_text(overview(results, tests), encoding="utf8")
