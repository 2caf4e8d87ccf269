"""The command line, as a newcomer meets it: help, the three commands, and bad input."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from recon3d_lite import datasets, models, shapes, training
from recon3d_lite.__main__ import main

TRAIN = ["train", "--steps", "4", "--per-category", "20", "--assemblies", "20"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory, monkeypatch_module):
    folder = tmp_path_factory.mktemp("train")
    monkeypatch_module.setenv("RECON3D_CACHE", str(folder / "cache"))
    assert main([*TRAIN, "-o", str(folder / "tiny.safetensors")]) == 0
    return folder / "tiny.safetensors"


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def photo(tmp_path):
    picture = datasets.example("mug", 1).picture
    Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(tmp_path / "mug.png")
    return tmp_path / "mug.png"


def test_train_writes_weights_and_card_and_nothing_else(weights):
    assert sorted(p.name for p in weights.parent.iterdir()) == ["cache", "tiny.md", "tiny.safetensors"]
    card = weights.with_suffix(".md").read_text()
    assert "--steps 4 --per-category 20 --assemblies 20" in card
    for word in ("Recipe(per_category=20", "overall", "Limits", "seed 0"):
        assert word in card
    assert models.recipe(weights)["assemblies"] == 20


def test_evaluate_scores_the_held_out_shapes_with_the_weights_own_training_set(weights, tmp_path, capsys):
    out = tmp_path / "scores.json"
    assert main(["evaluate", "--weights", str(weights), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    row = result["overall"]
    assert set(row) == {"n", "network", "retrieval", "oracle", "floor"}
    scores = {"chamfer_l1", "f_score_1", "f_score", "f_score_5", "emd"}
    assert set(row["network"]) == scores | {f"{name}_median" for name in scores}
    assert row["n"] == 15
    assert set(result["categories"]) == set(shapes.ALL) - {"two_wheeler"}
    printed = capsys.readouterr().out
    assert f"{row['oracle']['chamfer_l1']:.4f}" in printed


def test_evaluate_scores_a_folder_of_meshes(weights, tmp_path):
    (tmp_path / "mine" / "vase").mkdir(parents=True)
    for seed in (1, 2):
        shapes.make("mug", seed).mesh.export(tmp_path / "mine" / "vase" / f"{seed}.off")
    out = tmp_path / "scores.json"
    assert main(["evaluate", "--weights", str(weights), "--shapes", str(tmp_path / "mine"), "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert result["categories"].keys() == {"vase"}
    assert result["overall"]["n"] == 2


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".html"])
def test_reconstruct_writes_what_the_ending_says(weights, photo, suffix, capsys):
    out = photo.with_suffix(suffix)
    assert main(["reconstruct", str(photo), "-o", str(out), "--weights", str(weights)]) == 0
    assert out.stat().st_size > 1000
    assert capsys.readouterr().out == f"{out}: 1024 points\n"


def test_report_writes_a_page_and_says_what_came_of_the_folder(photo, tmp_path, capsys):
    (tmp_path / "shots").mkdir()
    photo.rename(tmp_path / "shots" / "mug.png")
    (tmp_path / "shots" / "text.png").write_text("hello")
    assert main(["report", str(tmp_path / "shots"), "-o", str(tmp_path / "r.html")]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{tmp_path / 'r.html'}: 2 files: ")
    assert said.endswith(" 1 failed\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json", "shots"]


def test_voxels_are_trained_scored_and_written(tmp_path, monkeypatch, photo, capsys):
    monkeypatch.setenv("RECON3D_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "v.safetensors"
    assert main([*TRAIN, "--as", "voxels", "-o", str(out)]) == 0
    card = out.with_suffix(".md").read_text()
    assert "train --as voxels --steps 4 --per-category 20 --assemblies 20`" in card
    assert models.recipe(out)["voxels"] == 32
    assert main(["evaluate", "--weights", str(out), "--json", str(tmp_path / "scores.json")]) == 0
    result = json.loads((tmp_path / "scores.json").read_text())
    assert set(result["overall"]) == {"n", "network", "average", "retrieval", "oracle"}
    assert f"{result['overall']['oracle']['iou']:.3f}" in capsys.readouterr().out
    assert main(["reconstruct", str(photo), "--as", "voxels", "-o", str(tmp_path / "mug.glb")]) == 0
    assert capsys.readouterr().out.endswith(" triangles\n")
    assert (
        main(["reconstruct", str(photo), "--as", "points", "--weights", str(out), "-o", str(tmp_path / "m.ply")]) == 2
    )
    assert "does not answer with points" in capsys.readouterr().err


def test_ctrl_c_while_training_says_how_to_go_on_and_going_on_works(tmp_path, monkeypatch, capsys, weights):
    original, out = training.keep, tmp_path / "w.safetensors"

    def stop(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "keep", stop)
    assert main([*TRAIN, "-o", str(out)]) == 2
    assert "run the same again to go on from step 4" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["w.checkpoint"]
    monkeypatch.setattr(training, "keep", original)
    assert main([*TRAIN, "-o", str(out)]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["w.md", "w.safetensors"]
    assert out.read_bytes() == weights.read_bytes()


def test_ctrl_c_while_making_data_says_so(tmp_path, monkeypatch, capsys):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("recon3d_lite.__main__.procedural", interrupt)
    assert main([*TRAIN, "-o", str(tmp_path / "w.safetensors")]) == 2
    assert "recon3d_lite: stopped by Ctrl-C; nothing half-written was left" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_data_is_made_in_shards_and_joined_by_the_last(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("RECON3D_CACHE", str(tmp_path))
    command = ["data", "--per-category", "2", "--assemblies", "2"]
    key = datasets.Recipe(per_category=2, assemblies=2).key()
    assert main([*command, "--shard", "2/2"]) == 0
    assert capsys.readouterr().out == f"{key}: shard 2/2 is there, missing are 1\n"
    assert main(command) == 2
    assert "missing shards: 1/2;" in capsys.readouterr().err
    assert main([*command, "--shard", "1/2"]) == 0
    assert capsys.readouterr().out == f"{key}: 30 shapes\n"
    assert [path.name for path in tmp_path.iterdir()] == [key]


def test_a_lost_worker_is_one_line_and_status_3(tmp_path, monkeypatch, capsys):
    def lose(*_, **__):
        raise ConnectionError("step 7: another worker is gone")

    monkeypatch.setattr("recon3d_lite.__main__.procedural", lose)
    assert main([*TRAIN, "-o", str(tmp_path / "w.safetensors")]) == 3
    assert capsys.readouterr().err == "recon3d_lite: step 7: another worker is gone\n"


def flat(path):
    Image.new("RGB", (64, 64), (9, 9, 9)).save(path)
    return str(path)


def write(path, data):
    path.write_bytes(data)
    return str(path)


BAD = {
    "a missing photograph": (lambda t: ["reconstruct", str(t / "none.jpg"), "-o", str(t / "o.ply")], "none.jpg"),
    "an empty file": (lambda t: ["reconstruct", write(t / "e.png", b""), "-o", str(t / "o.ply")], "e.png"),
    "a text": (lambda t: ["reconstruct", write(t / "t.jpg", b"hello"), "-o", str(t / "o.ply")], "t.jpg"),
    "one colour": (lambda t: ["reconstruct", flat(t / "flat.png"), "-o", str(t / "o.ply")], "flat.png: all one"),
    "an unknown ending": (lambda t: ["reconstruct", str(t / "mug.png"), "-o", str(t / "o.stl")], "o.stl"),
    "a folder that is not there": (
        lambda t: ["reconstruct", str(t / "mug.png"), "-o", str(t / "no" / "o.ply")],
        "create it first",
    ),
    "damaged weights": (
        lambda t: ["reconstruct", str(t / "mug.png"), "-o", str(t / "o.ply"), "--weights", write(t / "w", b"abc")],
        "w: damaged",
    ),
    "no folder to report on": (lambda t: ["report", str(t / "none"), "-o", str(t / "r.html")], "none: no such folder"),
    "no meshes": (lambda t: ["evaluate", "--shapes", str(t)], "no meshes found"),
    "no such folder": (lambda t: ["evaluate", "--shapes", str(t / "nowhere")], "nowhere"),
    "no weights": (lambda t: ["evaluate", "--weights", str(t / "w.safetensors")], "w.safetensors: no such file"),
    "weights of another kind": (lambda t: ["train", "-o", str(t / "w.h5")], "w.h5"),
    "an unknown strategy": (lambda t: [*TRAIN, "--strategy", "double", "-o", str(t / "w.safetensors")],
                            "'double'; known"),
    "no TF_CONFIG": (lambda t: [*TRAIN, "--strategy", "multi-worker", "-o", str(t / "w.safetensors")],
                     "TF_CONFIG: not set; it must list every worker"),
    "a shard that is none": (lambda t: ["data", "--shard", "two"], "the second of four is 2/4"),
    "a shard too many": (lambda t: ["data", "--shard", "3/2"], "shard: 3/2"),
    "nowhere to write": (lambda t: ["train", "-o", str(t / "no" / "w.safetensors")], "create it first"),
    "an empty recipe": (lambda t: [*TRAIN[:1], "--per-category", "0", "--assemblies", "0", "-o",
                                   str(t / "w.safetensors")], "at least one shape"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_status_2(case, photo, capsys):
    arguments, message = BAD[case]
    before = sorted(photo.parent.iterdir())
    command = arguments(photo.parent)
    written = sorted(photo.parent.iterdir())
    assert main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith("recon3d_lite: ")
    assert message in error
    assert error.count("\n") == 1
    assert sorted(photo.parent.iterdir()) == written
    assert len(written) - len(before) <= 1


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "recon3d_lite", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("command", [[], ["reconstruct"], ["report"], ["train"], ["data"], ["evaluate"]])
def test_help_explains_itself_quickly(command):
    done = run(*command, "--help")
    assert done.returncode == 0
    assert "usage: python -m recon3d_lite" in done.stdout
    assert len(done.stdout) > 300
    assert done.stderr == ""


def test_a_real_run_prints_its_result_and_no_chatter(photo, weights):
    out = photo.with_suffix(".ply")
    done = run("reconstruct", str(photo), "-o", str(out), "--weights", str(weights))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{out}: 1024 points\n", "")
    done = run("reconstruct", str(photo.with_name("none.png")), "-o", str(out))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_command_is_an_error_with_usage():
    done = run()
    assert done.returncode == 2
    assert "usage" in done.stderr
