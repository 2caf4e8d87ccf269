"""A folder in, a page out: signs with known answers, files of every kind, and nothing half-written."""

import base64
import json
import re

import numpy as np
import pytest
from PIL import Image

from recon3d_lite import datasets, report
from recon3d_lite.reconstruction import reconstruct


def picture(*discs, side=128):
    """Dark discs (row, column, radius) on a pale ground: (side, side, 3)."""
    y, x = np.mgrid[:side, :side] + 0.5
    scene = np.full((side, side, 3), [0.9, 0.85, 0.8])
    for row, column, radius in discs:
        scene[np.hypot(y - row, x - column) < radius] = [0.2, 0.1, 0.5]
    return scene


def signs(*discs, **options):
    return report.signs(reconstruct(picture(*discs, **options)))


def signs_of_given(row, column, radius):
    """The same of one disc whose mask is given: GrabCut would take a disc across the side for the background."""
    y, x = np.mgrid[:128, :128] + 0.5
    mask = np.hypot(y - row, x - column) < radius
    return report.signs(reconstruct(picture((row, column, radius)), mask=mask))


def test_a_disc_in_the_middle_shows_no_sign_of_trouble():
    found = signs((64, 64, 30))
    assert found["cut off"] == 0
    assert found["another mask"] < 0.06
    assert found["another object"] < 0.05
    assert abs(found["small"] - (1 - np.sqrt(np.pi) * 30 / 128)) < 0.01
    assert set(found) == set(report.LIMITS) == set(report.REASONS)


@pytest.mark.parametrize("where", [(64, 6, 30), (64, 122, 30), (6, 64, 30), (122, 64, 30)])
def test_a_disc_across_any_side_is_cut_off(where):
    assert signs_of_given(*where)["cut off"] > 0.5


def test_a_disc_that_comes_near_a_side_is_not_cut_off():
    assert signs_of_given(64, 40, 30)["cut off"] == 0


def test_cut_off_is_told_from_the_true_side_of_a_transparent_picture():
    rgba = np.concatenate([picture((64, 64, 30)), np.zeros((128, 128, 1))], -1)
    rgba[30:90, 2:60, 3] = 1
    assert report.signs(reconstruct(rgba))["cut off"] == 0
    rgba[30:90, 0:60, 3] = 1
    assert report.signs(reconstruct(rgba))["cut off"] == 1


def test_a_second_disc_is_another_object_and_its_share_is_told():
    found = signs((40, 40, 24), (90, 90, 24 * np.sqrt(0.5)))
    assert 0.35 < found["another object"] < 0.65


def test_what_was_painted_over_is_not_found_again():
    y, x = np.mgrid[:96, :96] + 0.5
    inner = np.hypot(y - 48, x - 48) < 15  # of a disc of radius 30, which is then found around it
    rgba = np.concatenate([picture((48, 48, 30), side=96), np.ones((96, 96, 1))], -1).astype(np.float32)
    assert abs(report.another_object(rgba, inner) - (30**2 - 17**2) / 15**2) < 0.2


def test_the_size_of_the_picture_hardly_matters():
    small, large = signs((64, 64, 30)), signs((192, 192, 90), side=384)
    for name in set(small) - {"another mesh"}:
        assert abs(small[name] - large[name]) < 0.06


def test_another_mask_is_as_far_off_as_it_is_drawn():
    rgba = np.concatenate([picture((48, 48, 20), side=96), np.ones((96, 96, 1))], -1).astype(np.float32)
    y, x = np.mgrid[:96, :96] + 0.5
    disc, half = np.hypot(y - 48, x - 48) < 20, (np.hypot(y - 48, x - 48) < 20) & (x < 48)
    assert report.another_mask(rgba, disc) < 0.03
    assert abs(report.another_mask(rgba, half) - 0.5) < 0.03
    assert report.another_mask(rgba, np.roll(disc, 45, 1)) == 1
    assert report.another_mask(np.ones((96, 96, 4), np.float32), disc) == 1  # nothing is found at all


def test_the_same_network_gives_no_other_answer_and_another_one_does():
    result = reconstruct(datasets.example("mug", 1).picture)
    assert report.another_answer(result, "points") == 0
    upper = np.arange(96)[:, None] < np.full(96, 48)  # a mask that nothing would find
    assert report.another_answer(reconstruct(picture((48, 48, 20), side=96), mask=upper), "points") == 0
    assert 0.01 < report.another_answer(result, "mesh", resolution=24) < 0.1


def test_signs_leave_the_picture_alone():
    result = reconstruct(picture((48, 48, 20), side=96))
    before = result.picture.copy(), result.mask.copy()
    report.signs(result)
    assert np.array_equal(result.picture, before[0])
    assert np.array_equal(result.mask, before[1])


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shots & <b>"
    (folder / "more").mkdir(parents=True)

    def save(array, name):
        Image.fromarray(np.round(np.asarray(array) * 255).astype(np.uint8)).save(folder / name)

    save(datasets.example("mug", 1).picture, "a mug.png")
    save(picture((64, 64, 5)), 'a "small" & <i>.png')
    save(np.full((32, 32, 3), 0.5), "empty.png")
    (folder / "text.jpg").write_text("hello")
    (folder / "damaged.png").write_bytes((folder / "a mug.png").read_bytes()[:300])
    (folder / ".hidden").write_text("no")
    return folder


def test_every_file_is_a_row_with_its_verdict(folder, tmp_path):
    entries = report.report(folder, tmp_path / "out.html")
    assert [entry.name for entry in entries] == [
        'a "small" & <i>.png', "a mug.png", "damaged.png", "empty.png", "more", "text.jpg"
    ]  # fmt: skip
    assert [entry.verdict for entry in entries if entry.name != "a mug.png"] == ["doubtful"] + ["failed"] * 4
    assert entries[1].verdict != "failed"
    assert entries[1].points.shape == (1024, 3)
    assert any("the object is small" in doubt for doubt in entries[0].doubts)
    for entry, said in zip(entries[2:], ("damaged", "one colour", "is a folder", "not a picture"), strict=True):
        assert said in entry.error
        assert str(folder) not in entry.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "out.json", folder.name]


def test_the_page_is_whole_escaped_and_needs_no_other_file(folder, tmp_path):
    entries = report.report(folder, tmp_path / "out.html")
    page = (tmp_path / "out.html").read_text()
    assert report.summary(entries) in page
    assert "shots &amp; &lt;b&gt;" in page
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    assert not re.search(r"https?://|\bsrc=\"(?!data:)|\bhref=", page)
    assert page.count("<img ") == page.count('alt="') == page.count("<canvas ") == 2
    assert page.count("aria-label=") == 4
    stored = base64.b64decode(re.search(r'data-points="([^"]*)"', page)[1])
    points = np.frombuffer(stored, np.int8).reshape(-1, 3) / 200
    assert np.abs(points - entries[0].points).max() <= 0.0026
    rows = json.loads((tmp_path / "out.json").read_text())
    assert [row["verdict"] for row in rows] == [entry.verdict for entry in entries]
    assert rows[0]["signs"] == entries[0].signs


def test_a_report_within_its_folder_does_not_report_itself(folder):
    first = report.report(folder, folder / "out.html")
    again = report.report(folder, folder / "out.html")
    assert [entry.name for entry in again] == [entry.name for entry in first]


@pytest.mark.parametrize(
    ("where", "out", "error", "said"),
    [
        ("nowhere", "o.html", FileNotFoundError, "no such folder"),
        ("shots & <b>/text.jpg", "o.html", NotADirectoryError, "is a file"),
        ("shots & <b>/more", "o.html", ValueError, "nothing in it"),
        ("shots & <b>", "o.pdf", ValueError, "ends in .html"),
        ("shots & <b>", "no/o.html", FileNotFoundError, "create it first"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(folder, tmp_path, monkeypatch, where, out, error, said):
    monkeypatch.setattr(report, "examine", lambda path: pytest.fail("said only after the pictures"))
    with pytest.raises(error, match=said):
        report.report(tmp_path / where, tmp_path / out)
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_if_writing_fails_the_old_report_stays(folder, tmp_path, monkeypatch):
    for name in ("out.html", "out.json"):
        (tmp_path / name).write_text("old")
    monkeypatch.setattr(report, "_page", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report.report(folder, tmp_path / "out.html")
    assert [(tmp_path / name).read_text() for name in ("out.html", "out.json")] == ["old", "old"]
    assert len(list(tmp_path.iterdir())) == 3
