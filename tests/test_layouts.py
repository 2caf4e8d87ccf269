"""Other people's layouts, written small into a temporary folder: frames, splits, cameras; what is broken is named."""

import json

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from recon3d_lite import camera, datasets, layouts, render

SHORT = {"points": 64, "size": 16}


def arrow():
    """A body that tells all directions apart, x forward, y left, z up: long and tapered forward, a fin up and left."""
    body = trimesh.creation.box(extents=(1.0, 0.3, 0.2))
    body.vertices[body.vertices[:, 0] > 0, 1] *= 0.2
    fin = trimesh.creation.box(extents=(0.1, 0.15, 0.4))
    fin.apply_translation((-0.4, 0.2, 0.2))
    return trimesh.util.concatenate([body, fin])


def in_book(mesh):
    low, high = mesh.bounds
    return (mesh.vertices - (low + high) / 2) / np.linalg.norm(high - low)


def write_v1(folder, mesh, synset="02958343", model="a"):
    """As ShapeNetCore v1 stores it: x forward, y up, right z; not centred, in a unit of its own."""
    path = folder / synset / model / "model.obj"
    path.parent.mkdir(parents=True)
    x, y, z = mesh.vertices.T
    trimesh.Trimesh(0.7 * np.column_stack([x, z, -y]) + (0.02, -0.05, 0.03), mesh.faces, process=False).export(path)
    return path


def write_v2(folder, mesh, synset="02958343", model="a"):
    """As v2: forward -z, y up, left -x."""
    path = folder / synset / model / "models" / "model_normalized.obj"
    path.parent.mkdir(parents=True)
    x, y, z = mesh.vertices.T
    trimesh.Trimesh(np.column_stack([-y, z, -x]), mesh.faces, process=False).export(path)
    return path


def write_off(path, mesh, glued=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"OFF{'' if glued else chr(10)}{len(mesh.vertices)} {len(mesh.faces)} 0\n"
    text += "".join(f"{x} {y} {z}\n" for x, y, z in mesh.vertices)
    path.write_text(text + "".join(f"3 {a} {b} {c}\n" for a, b, c in mesh.faces))


def on_surface(points, mesh):
    """How far the points lie from the arrow as the book would have it."""
    ideal = trimesh.Trimesh(in_book(mesh), mesh.faces)
    return cKDTree(trimesh.sample.sample_surface(ideal, 100_000, seed=0)[0]).query(points)[0].max()


@pytest.fixture
def modelnet(tmp_path):
    for name in ("bed", "chair"):
        for i, split in enumerate(("train", "train", "test")):
            write_off(tmp_path / name / split / f"{name}_{i + 1:04d}.off", arrow(), glued=i == 0)
    return tmp_path


def test_modelnet_keeps_its_split_and_reads_glued_headers(modelnet):
    train, test = layouts.modelnet(modelnet, **SHORT), layouts.modelnet(modelnet, "test", **SHORT)
    assert train.names == test.names == ("bed", "chair")
    assert (train.category.tolist(), test.category.tolist()) == ([0, 0, 1, 1], [0, 1])
    assert all(on_surface(cloud, arrow()) < 0.01 for cloud in [*train.points, *test.points])
    assert (train.pictures.dtype, train.pictures.shape) == (np.uint8, (4, 1, 16, 16, 4))
    assert (train.pictures[..., 3] > 0).mean() > 0.05


def test_modelnet_draws_what_mesh_folder_draws(modelnet, tmp_path_factory):
    plain = tmp_path_factory.mktemp("plain")
    for name in ("bed", "chair"):
        write_off(plain / name / f"{name}_0003.off", arrow())
    ours, theirs = layouts.modelnet(modelnet, "test", views=2), datasets.mesh_folder(plain, views=2)
    for array in ("pictures", "points", "azimuth", "category"):
        np.testing.assert_array_equal(getattr(ours, array), getattr(theirs, array))


def test_modelnet_names_what_is_wrong(modelnet):
    assert layouts.modelnet(modelnet, categories=["chair"], **SHORT).names == ("chair",)
    with pytest.raises(ValueError, match=r"cup.*bed, chair"):
        layouts.modelnet(modelnet, categories=["cup"])
    with pytest.raises(ValueError, match=r"validation.*train and test"):
        layouts.modelnet(modelnet, "validation")
    (modelnet / "chair" / "train" / "chair_0002.off").write_text("OFF\n9 1 0\n0 0 0\n")
    with pytest.raises(ValueError, match=r"chair_0002\.off"):
        layouts.modelnet(modelnet, **SHORT)
    (modelnet / "bed" / "test" / "bed_0003.off").unlink()
    (modelnet / "bed" / "test").rmdir()
    with pytest.raises(FileNotFoundError, match=r"bed.test.*test split"):
        layouts.modelnet(modelnet, "test")
    with pytest.raises(FileNotFoundError, match="category/train"):
        layouts.modelnet(modelnet / "nowhere")
    with pytest.raises(ValueError, match="no categories"):
        layouts.modelnet(modelnet / "bed" / "train")


@pytest.mark.parametrize("write", [write_v1, write_v2])
def test_shapenet_is_turned_to_the_books_frame(write, tmp_path):
    write(tmp_path, arrow())
    data = layouts.shapenet(tmp_path, views=2, **SHORT)
    assert data.names == ("car",)
    assert on_surface(data.points[0], arrow()) < 0.01
    mirrored = arrow()
    mirrored.vertices[:, 1] *= -1
    assert on_surface(data.points[0], mirrored) > 0.05  # so that the check above can fail


def test_shapenet_names_categories_by_synset_taxonomy_or_number(tmp_path):
    for synset in ("02958343", "02747177", "99999999"):
        write_v2(tmp_path, arrow(), synset)
    (tmp_path / "taxonomy.json").write_text(json.dumps([{"synsetId": "02747177", "name": "ashcan,trash can"}]))
    assert set(layouts.shapenet(tmp_path, **SHORT).names) == {"car", "ashcan", "99999999"}
    for same in (["car"], ["02958343"]):
        assert layouts.shapenet(tmp_path, same, **SHORT).names == ("car",)
    with pytest.raises(ValueError, match=r"mug.*ashcan"):
        layouts.shapenet(tmp_path, ["mug"])
    (tmp_path / "taxonomy.json").write_text("{}x")
    with pytest.raises(ValueError, match=r"taxonomy\.json"):
        layouts.shapenet(tmp_path)


def test_shapenet_takes_so_many_of_each_and_leaves_out_models_without_a_mesh(tmp_path):
    for model in "cab":
        write_v2(tmp_path, arrow(), model=model)
    (tmp_path / "02958343" / "aa").mkdir()
    assert len(layouts.shapenet(tmp_path, **SHORT)) == 3
    assert len(layouts.shapenet(tmp_path, count=2, **SHORT)) == 2
    (tmp_path / "04379243" / "empty").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"04379243.*model_normalized\.obj"):
        layouts.shapenet(tmp_path)


def blender(azimuth, elevation, roll, distance):
    """R, t of 3D-R2N2's own renderer, from its Euler angles: a camera on the x axis of a frame that is turned."""
    turn = Rotation.from_euler("xyz", [-roll, -elevation, -azimuth], degrees=True).as_matrix()
    body = np.array([[0, 1, 0], [0, 0, -1], [-1, 0, 0]]) @ turn.T  # right, down, forward of the untilted camera
    return body, -body @ turn @ [1.75 * distance, 0, 0]


@pytest.fixture
def r2n2(tmp_path):
    """Two views drawn by our renderer in cameras made by `blender`, written as 3D-R2N2 wrote its pictures."""
    write_v1(tmp_path / "ShapeNet", arrow())
    mesh = trimesh.load(tmp_path / "ShapeNet" / "02958343" / "a" / "model.obj", force="mesh")
    mesh = trimesh.Trimesh(mesh.vertices[:, [0, 2, 1]] * (1, -1, 1), mesh.faces)  # as Blender imports an OBJ
    folder = tmp_path / "ShapeNetRendering" / "02958343" / "a" / "rendering"
    folder.mkdir(parents=True)
    views = [(35.0, 27.0, 0.0, 0.75), (250.0, 40.0, 20.0, 0.95)]
    for i, view in enumerate(views):
        f = 137 * 35 / 32
        cam = camera.Camera(np.array([[f, 0, 68.5], [0, f, 68.5], [0, 0, 1]]), *blender(*view), 137, 137)
        picture = render.picture(mesh, cam)
        Image.fromarray(np.round(picture * 255).astype(np.uint8)).save(folder / f"{i:02d}.png")
    (folder / "renderings.txt").write_text("00.png\n01.png\n")
    lines = [" ".join(map(str, (*view, 25))) for view in views]
    (folder / "rendering_metadata.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_r2n2_cameras_see_the_mesh_where_the_picture_shows_it(r2n2):
    read = (r2n2 / "ShapeNetRendering", r2n2 / "ShapeNet")
    data, cameras = layouts.r2n2_renderings(*read, views=2, points=500)
    ideal = trimesh.Trimesh(in_book(arrow()), arrow().faces)
    for v, cam in enumerate(cameras[0]):
        alpha = data.pictures[0, v, ..., 3]
        u, w = np.floor(cam.project(data.points[0])[0]).astype(int).T
        assert (alpha[w, u] > 0).all()
        u, w = np.floor(cam.project(ideal.vertices)[0]).astype(int).T  # a corner touches the mask, give or take a pixel
        assert all(alpha[i - 1 : i + 2, j - 1 : j + 2].any() for i, j in zip(w, u, strict=True))
        drawn = render.picture(ideal, cam)[..., 3]
        assert np.abs(drawn - alpha / 255).mean() < 0.015
        assert np.abs(drawn[:, ::-1] - alpha / 255).mean() > 0.05  # so that the check above can fail
        assert data.azimuth[0, v] == pytest.approx(np.arctan2(cam.centre[1], cam.centre[0]), abs=1e-6)


def test_r2n2_names_what_is_wrong(r2n2):
    read = (r2n2 / "ShapeNetRendering", r2n2 / "ShapeNet")
    rendering = read[0] / "02958343" / "a" / "rendering"
    with pytest.raises(ValueError, match=r"rendering_metadata\.txt: 2 views, 24 wanted"):
        layouts.r2n2_renderings(*read)
    Image.new("RGB", (137, 137)).save(rendering / "01.png")
    with pytest.raises(ValueError, match=r"01\.png: no alpha"):
        layouts.r2n2_renderings(*read, views=2)
    (rendering / "01.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"01\.png"):
        layouts.r2n2_renderings(*read, views=2)
    (rendering / "rendering_metadata.txt").write_text("10 20 0.7\n")
    with pytest.raises(ValueError, match=r"rendering_metadata\.txt.*azimuth"):
        layouts.r2n2_renderings(*read, views=1)
    (rendering / "rendering_metadata.txt").write_text("10 20 0 0.7 25\n")
    listed = (rendering / "renderings.txt").read_text()
    (rendering / "renderings.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"renderings\.txt"):
        layouts.r2n2_renderings(*read, views=1)
    (rendering / "renderings.txt").write_text(listed)
    with pytest.raises(ValueError, match="no categories"):
        layouts.r2n2_renderings(read[0] / "02958343", read[1])
    (read[1] / "02958343" / "a" / "model.obj").unlink()
    with pytest.raises(FileNotFoundError, match=r"ShapeNet.02958343.a.model\.obj"):
        layouts.r2n2_renderings(*read, views=1)
