"""More than one machine: the same training on one process, on two devices, and on two processes that may be killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml

from recon3d_lite import cluster, datasets, models, training

RECIPE = datasets.Recipe(per_category=20, assemblies=0, categories=("chair", "mug"), views=1, points=64)
RUN = {"steps": 30, "batch_size": 8, "every": 5}
# The shares' gradients are added up in another order than within one batch: a step differs in float32's last digits,
# and the next ones start from there. A step left out, or a batch drawn otherwise, changes the third digit or more.
SAME = 1e-3


def network():
    layers = keras.layers
    return keras.Sequential(
        [layers.Input((64, 64, 4)), layers.AveragePooling2D(8), layers.Flatten(), layers.Dense(32, "relu"),
         layers.Dense(192), layers.Reshape((64, 3))]
    )  # fmt: skip


def facts(rows):
    return [[row[key] for key in ("step", "loss", "validation")] for row in rows]


def work(name, seed, pause, out):
    """What a worker does; this file is its program. Behind each row it pauses, so that no kill comes too late."""
    if name == "mirrored":
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], two)
    strategy = cluster.strategy(name)
    data = datasets.procedural(RECIPE, jobs=1, progress=False)
    keras.utils.set_random_seed(int(seed))
    with strategy.scope():
        model = network()
    keep = training.keep
    training.keep = lambda *arguments: (keep(*arguments), time.sleep(float(pause)))
    rows = training.fit(model, data.split("train"), validation=data.split("validation"), strategy=strategy,
                        checkpoint=f"{out}.checkpoint", **RUN)  # fmt: skip
    np.savez(f"{out}.npz", *model.get_weights(), last=facts(rows[-1:]))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@contextmanager
def workers(folder, commands, environments):
    """Processes whose output goes to files `0.txt`, `1.txt`; none outlives the block."""
    processes = []
    ports = free_ports(len(commands))
    addresses = [f"127.0.0.1:{port}" for port in ports]
    try:
        for i, (command, extra) in enumerate(zip(commands, environments, strict=True)):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}}
            environment = os.environ | {"TF_CONFIG": json.dumps(config)} | extra
            with (folder / f"{i}.txt").open("w") as out:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, *command], cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT
                    )
                )
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def wait_for(text, file, processes, seconds=200):
    deadline = time.monotonic() + seconds
    while text not in file.read_text():
        assert all(p.poll() is None for p in processes), file.read_text()
        assert time.monotonic() < deadline, f"no {text!r} in {seconds} s: {file.read_text()}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """What one process makes of it: its last checkpoint."""
    folder = tmp_path_factory.mktemp("single")
    data = datasets.procedural(RECIPE, cache=folder, jobs=1, progress=False)
    keras.utils.set_random_seed(0)
    training.fit(network(), data.split("train"), validation=data.split("validation"), progress=False,
                 checkpoint=folder / "c.checkpoint", **RUN)  # fmt: skip
    return models.read_tensors(folder / "c.checkpoint")


def check_same(single, file):
    """Histories, weights and the optimizer's state: Adam's steps would not show a gradient of twice the length."""
    (expected, header), (found, other) = single, models.read_tensors(file)
    np.testing.assert_allclose(facts(other["history"]), facts(header["history"]), rtol=SAME)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert np.linalg.norm(found[name] - tensor) <= SAME * np.linalg.norm(tensor), name


def test_two_devices_of_one_process_train_as_one(single, tmp_path):
    command = [sys.executable, __file__, "mirrored", "0", "0", "c"]
    environment = os.environ | {"RECON3D_CACHE": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    check_same(single, tmp_path / "c.checkpoint")


def test_workers_train_as_one_and_go_on_after_a_kill(single, tmp_path):
    """Worker 1 is killed, all are started again; the chief is killed, all are started again; and the end is the same.

    Each worker has a checkpoint of its own, and only the chief's is ever written: no folder need be shared. Their first
    weights differ, and only the chief's count. In the first round each makes the set for itself, in the others they
    make it at the same time in the same folder.
    """
    caches = [("a", "b"), ("c", "c"), ("c", "c")]
    for victim, names in zip([1, 0, None], caches, strict=True):
        pause = "0" if victim is None else "2"
        commands = [[__file__, "multi-worker", str(7 * i), pause, f"w{i}"] for i in (0, 1)]
        environments = [{"RECON3D_CACHE": str(tmp_path / name)} for name in names]
        with workers(tmp_path, commands, environments) as processes:
            if victim is None:
                codes = [process.wait(timeout=300) for process in processes]
            else:
                wait_for("step", tmp_path / "0.txt", processes)
                processes[victim].kill()
                survivor = 1 - victim
                assert processes[survivor].wait(timeout=120) == 1
                last = (tmp_path / f"{survivor}.txt").read_text().splitlines()[-1]
                assert "another worker is gone; start the same on all of them again" in last
    outputs = [(tmp_path / f"{i}.txt").read_text() for i in (0, 1)]
    assert codes == [0, 0], outputs
    steps = [int(line.split()[1]) for line in outputs[0].splitlines() if line.startswith("step")]
    assert 15 <= steps[0] < steps[-1] == 30  # two rows or more were not computed again
    assert "step" not in outputs[1]  # only the chief speaks
    assert not (tmp_path / "w1.checkpoint").exists()  # and only the chief writes
    check_same(single, tmp_path / "w0.checkpoint")
    for a, b in zip(*(np.load(tmp_path / f"w{i}.npz").values() for i in (0, 1)), strict=True):
        np.testing.assert_array_equal(a, b)  # all workers end with the same bits


BAD = {
    "": "TF_CONFIG: not set",
    "{": "not understood",
    "[]": "not understood",
    '{"cluster": {"worker": ["a:1"]}}': "not understood",
    '{"cluster": {"worker": ["a:1"], "ps": ["b:1"]}, "task": {"type": "worker", "index": 0}}': r"not \['ps'\]",
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": 0}}': r"not \['chief'\]",
    '{"cluster": {"worker": ["a"]}, "task": {"type": "worker", "index": 0}}': "no list of host:port",
    '{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}': "no list of host:port",
    '{"cluster": {"worker": ["a:1", "a:1"]}, "task": {"type": "worker", "index": 0}}': "stands twice",
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}': "index 1 is none of 0 to 0",
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": "0"}}': "index '0' is none",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_tf_config_says_what_it_must_hold(text):
    with pytest.raises(ValueError, match=BAD[text]) as caught:
        cluster.task({"TF_CONFIG": text})
    assert cluster.EXAMPLE in str(caught.value)
    assert cluster.task({"TF_CONFIG": cluster.EXAMPLE})[1] == ["10.0.0.1:2222", "10.0.0.2:2222"]


def test_an_unknown_strategy_names_those_that_are_known(monkeypatch):
    with pytest.raises(ValueError, match="'double'; known are single, mirrored, multi-worker"):
        cluster.strategy("double")
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG: not set"):
        cluster.strategy("multi-worker")


def test_many_workers_have_to_be_asked_for_first(monkeypatch):
    tf.constant(1)
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["127.0.0.1:1"]}, "task": {"type": "worker", "index": 0}}')
    with pytest.raises(ValueError, match="must be the first thing"):
        cluster.strategy("multi-worker")


def test_a_network_made_outside_the_strategy_is_refused(little):
    strategy = tf.distribute.MirroredStrategy(["/cpu:0"])
    with pytest.raises(ValueError, match=r"model: .*strategy\.scope"):
        training.fit(network(), little, steps=1, strategy=strategy)


def test_a_batch_that_cannot_be_shared_equally_is_refused(little, monkeypatch):
    monkeypatch.setattr(cluster, "place", lambda _: (0, 3))
    monkeypatch.setattr(tf.distribute.Strategy, "num_replicas_in_sync", 3)
    with pytest.raises(ValueError, match=r"batch_size: 32 .* shared equally among 3"):
        training.fit(network(), little, steps=1)


# --- deploy/ ----------------------------------------------------------------------------------------------------

DEPLOY = Path(__file__).parent.parent / "deploy"
SCONTROL = """#!/bin/bash
[ "$*" = "show hostnames node[1-2]" ] && printf '127.0.0.1\\n127.0.0.1\\n'
"""
SRUN = """#!/bin/bash
echo "srun $1" >> srun.txt
while [[ $1 == --* ]]; do shift; done
for SLURM_PROCID in 0 1; do SLURM_PROCID=$SLURM_PROCID "$@" & pids+=($!); done
for pid in "${pids[@]}"; do wait $pid || status=$?; done
exit ${status:-0}
"""


def consecutive_ports():
    while True:
        (first,) = free_ports(1)
        with suppress(OSError, OverflowError):
            socket.create_server(("127.0.0.1", first + 1)).close()
            return first


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_slurm_script_makes_the_set_in_shards_and_trains(tmp_path):
    for name, text in {"scontrol": SCONTROL, "srun": SRUN}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": sys.executable, "PORT": str(consecutive_ports()),
        "SLURM_JOB_NODELIST": "node[1-2]", "SLURM_NTASKS": "2", "SHAPES": "--per-category 20 --assemblies 0",
    }  # fmt: skip
    environment.pop("RECON3D_CACHE", None)
    command = ["bash", DEPLOY / "slurm" / "train.sbatch", "--steps", "2", "-o", "w.safetensors"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)  # fmt: skip
    try:
        output, _ = process.communicate(timeout=400)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output
    assert (tmp_path / "srun.txt").read_text().split("\n") == ["srun bash", "srun --kill-on-bad-exit=1", ""]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"scontrol", "srun", "srun.txt", "cache", "w.safetensors", "w.md"}
    recipe = datasets.Recipe(**models.recipe(tmp_path / "w.safetensors"))
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [recipe.key()]  # the shards were joined
    assert "--strategy multi-worker" in (tmp_path / "w.md").read_text()
    assert "2 machines" in (tmp_path / "w.md").read_text()


@pytest.mark.parametrize(("codes", "expected", "runs"), [([0], 0, 1), ([2], 2, 1), ([3, 137, 0], 0, 3), ([3], 3, 5)])
@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_slurm_script_starts_again_what_may_succeed(tmp_path, codes, expected, runs):
    (tmp_path / "codes").write_text("".join(f"{code}\n" for code in codes))
    fake = """#!/bin/bash
    [ $1 = bash ] && exit 0
    echo run >> runs; code=$(sed -n "$(wc -l < runs)p" codes); exit ${code:-$(tail -n 1 codes)}
    """
    for name, text in {"scontrol": SCONTROL, "srun": fake}.items():
        (tmp_path / name).write_text(text.replace("\n    ", "\n"))
        (tmp_path / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_NODELIST": "node[1-2]"}
    done = subprocess.run(["bash", DEPLOY / "slurm" / "train.sbatch"], cwd=tmp_path, env=environment, timeout=60,
                          capture_output=True)  # fmt: skip
    assert done.returncode == expected, done.stderr
    assert len((tmp_path / "runs").read_text().split()) == runs


def test_the_kubernetes_file_names_each_pod_as_the_cluster_will():
    service, claim, job = yaml.safe_load_all((DEPLOY / "kubernetes" / "train.yaml").read_text())
    name, spec = job["metadata"]["name"], job["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    values = {entry["name"]: entry.get("value") for entry in container["env"]}
    port = service["spec"]["ports"][0]["port"]
    assert (service["spec"]["selector"], service["spec"]["clusterIP"]) == ({"job-name": name}, "None")
    assert pod["subdomain"] == service["metadata"]["name"]
    assert container["ports"] == [{"containerPort": port}]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert (spec["completionMode"], spec["completions"], pod["restartPolicy"]) == (
        "Indexed",
        spec["parallelism"],
        "Never",
    )
    assert list(values).index("INDEX") < list(values).index("TF_CONFIG")  # only then is $(INDEX) known
    assert f"--shard $((INDEX + 1))/{spec['completions']}\n" in container["command"][-1]
    for index in range(spec["completions"]):
        own, addresses = cluster.task({"TF_CONFIG": values["TF_CONFIG"].replace("$(INDEX)", str(index))})
        assert own == index
        assert addresses == [f"{name}-{i}.{pod['subdomain']}:{port}" for i in range(spec["completions"])]


if __name__ == "__main__":
    try:
        work(*sys.argv[1:])
    except (ConnectionError, ValueError) as error:
        sys.exit(str(error))
