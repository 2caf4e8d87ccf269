"""Where students of the hub hand in, started by JupyterHub: python hand_in.py SUBMISSIONS FEEDBACK

A notebook lands in SUBMISSIONS/LAB/USER.ipynb, where `labs/grade.py` looks for it; the last one counts, earlier ones
go to SUBMISSIONS/earlier. SUBMISSIONS/receipts.csv gets a line for each. A student sees FEEDBACK/LAB/USER.html once it
is there. Who it is says the login to the hub, nothing that is sent.
"""

import asyncio
import csv
import hashlib
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlparse

import nbformat
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated
from tornado.template import Template
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from recon3d_lite.files import whole

LABS = {path.stem.split("_")[0]: path.stem for path in Path(__file__).parents[2].glob("labs/lab*.md")}
LARGEST = 5_000_000  # bytes
PREFIX = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/services/hand-in/")
FIELDS = ("time", "user", "lab", "sha256")

PAGE = Template("""<!doctype html><html lang="en"><meta charset="utf-8"><title>Hand in</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{font:18px/1.5 sans-serif;max-width:34em;margin:2em auto;padding:0 1em}
input,button{font:inherit;max-width:100%}form{margin:1.5em 0}
button{margin-top:.8em;padding:.3em 1em}td,th{text-align:left;padding:.2em 1em .2em 0}
[role=alert]{border-left:4px solid #D55E00;padding-left:.8em}[role=status]{border-left:4px solid #009E73;
padding-left:.8em}@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#9cf}}</style>
<h1>Hand in a lab</h1><p>You are <b>{{ user }}</b>. In JupyterLab, save your notebook, then right-click it in the list
of files and choose <i>Download</i>. Hand in that file here.</p>
{% if error %}<p role="alert">{{ error }}</p>{% end %}
{% if done %}<p role="status">{{ done }}</p>{% end %}
<form method="post" enctype="multipart/form-data">{% raw xsrf %}
<label>Notebook <input type="file" name="notebook" accept=".ipynb" required></label><br><button>Hand in</button></form>
{% if rows %}<h2>Handed in so far</h2><table><tr><th>lab<th>time (UTC)<th>receipt</tr>
{% for row in rows %}<tr><td>{{ row["lab"] }}
{% if row["lab"] in graded %}<br><a href="feedback/{{ row["lab"] }}">feedback</a>{% end %}
<td>{{ row["time"] }}<td><code>{{ row["sha256"][:8] }}</code></tr>
{% end %}</table><p>The last one of each lab counts.</p>{% end %}
<p><a href="/hub/home">Back to your server</a></p></html>
""")


def keep(content: bytes, user: str, folder: Path) -> dict[str, str]:
    """Stores a notebook and notes it; returns the line. Raises ValueError that says what is accepted."""
    if len(content) > LARGEST:
        raise ValueError(f"The file has {len(content) / 1e6:.1f} MB; at most {LARGEST // 10**6} are accepted.")
    try:
        cells = nbformat.reads(content.decode(), as_version=4).cells
        headings = [re.match(r"# Lab (\d+)", cell.source) for cell in cells if cell.cell_type == "markdown"]
    except Exception as error:  # nbformat raises many kinds
        raise ValueError("This file is no notebook (.ipynb) that can be read.") from error
    lab = next((LABS.get(f"lab{heading[1]}") for heading in headings if heading), None)
    if not lab:
        raise ValueError("This notebook is none of the labs: it has no cell that begins with '# Lab' and its number.")
    place, earlier = folder / lab / f"{user}.ipynb", folder / "earlier" / lab
    for needed in (place.parent, earlier):
        needed.mkdir(parents=True, exist_ok=True)
    if place.exists():
        place.rename(earlier / f"{user}_{hashlib.sha256(place.read_bytes()).hexdigest()[:8]}.ipynb")
    with whole(place) as partial:
        partial.write_bytes(content)
    time = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    row = dict(zip(FIELDS, (time, user, lab, hashlib.sha256(content).hexdigest()), strict=True))
    new = not (folder / "receipts.csv").exists()
    with (folder / "receipts.csv").open("a", newline="", encoding="utf8") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        writer.writerow(row)
    return row


class HandIn(HubOAuthenticated, RequestHandler):
    def initialize(self, folder: Path, feedback: Path) -> None:
        self.folder, self.feedback = folder, feedback

    @property
    def user(self) -> str:
        return self.current_user["name"]

    def show(self, error: str = "", done: str = "") -> None:
        receipts, rows = self.folder / "receipts.csv", []
        if receipts.exists():
            with receipts.open(newline="", encoding="utf8") as file:
                rows = [row for row in csv.DictReader(file) if row["user"] == self.user]
        graded = [lab for lab in LABS.values() if (self.feedback / lab / f"{self.user}.html").exists()]
        self.set_status(400 if error else 200)
        xsrf = self.xsrf_form_html()
        self.finish(PAGE.generate(user=self.user, error=error, done=done, rows=rows, graded=graded, xsrf=xsrf))

    @authenticated
    def get(self) -> None:
        self.show()

    @authenticated
    def post(self) -> None:
        try:
            if not (files := self.request.files.get("notebook")):
                raise ValueError("Choose a file first.")
            row = keep(files[0]["body"], self.user, self.folder)
        except ValueError as error:
            return self.show(error=str(error))
        self.show(done=f"Thank you: {row['lab']} is handed in, at {row['time']} UTC. Receipt {row['sha256'][:8]}.")


class Feedback(HandIn):
    @authenticated
    def get(self, lab: str) -> None:
        page = self.feedback / lab / f"{self.user}.html"
        if lab not in LABS.values() or not page.exists():
            raise HTTPError(404)
        self.finish(page.read_bytes())

    post = RequestHandler.post  # refused


async def main() -> None:
    folders = dict(zip(("folder", "feedback"), map(Path, sys.argv[1:]), strict=True))
    folders["folder"].mkdir(parents=True, exist_ok=True)
    pages = [
        (PREFIX, HandIn, folders),
        (PREFIX + r"feedback/(\w+)", Feedback, folders),
        (PREFIX + "oauth_callback", HubOAuthCallbackHandler),
    ]
    address = urlparse(os.environ["JUPYTERHUB_SERVICE_URL"])
    Application(pages, cookie_secret=os.urandom(32)).listen(address.port, address.hostname)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())
