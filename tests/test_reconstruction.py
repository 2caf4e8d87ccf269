import errno
import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.data import coffee

import recon3d_lite as r3d
from recon3d_lite import reconstruction, solids
from recon3d_lite.reconstruction import Reconstruction, cut_out, find_mask, load_picture, reconstruct

ROOT = Path(__file__).parent.parent
RNG = np.random.default_rng(0)
POINTS = RNG.uniform(-0.5, 0.5, (1024, 3)).astype(np.float32)
COLOURS = RNG.integers(0, 256, (12, 16, 4), dtype=np.uint8)


def disc(size=(200, 300), centre=(90.0, 140.0), radius=40.0) -> np.ndarray:
    y, x = np.indices(size) + 0.5
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


def photo(mask=None, colour=(0.8, 0.2, 0.1)) -> np.ndarray:
    """An object of one colour before a light, slightly noisy background."""
    mask = disc() if mask is None else mask
    background = 0.9 + 0.02 * np.random.default_rng(1).standard_normal((*mask.shape, 3))
    return np.where(mask[..., None], colour, background).clip(0, 1)


@pytest.fixture
def network(monkeypatch):
    """In the network's place: the same 1,024 points for every picture; keeps what it was shown."""
    seen = []

    def fake(weights, kind, resolution):
        def answer(batch):
            seen.append((weights, np.asarray(batch)))
            return POINTS[None]

        return answer

    monkeypatch.setattr(reconstruction, "_network", fake)
    return seen


@pytest.fixture
def result(network) -> Reconstruction:
    return reconstruct(photo())


# --- reading pictures -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "int64", "float32", "float64", "bool"])
def test_arrays_of_every_kind_become_rgba(channels, kind):
    exact = COLOURS[..., :channels] / 255
    array = {
        "uint8": COLOURS,
        "int64": COLOURS.astype(np.int64),
        "uint16": COLOURS.astype(np.uint16) * 257,
        "bool": COLOURS > 127,
    }.get(kind, (COLOURS / 255).astype(kind if "float" in kind else float))[..., :channels]
    if kind == "bool":
        exact = array.astype(float)
    rgba = load_picture(array)
    assert rgba.dtype == np.float32
    assert rgba.shape == (12, 16, 4)
    grey = channels <= 2
    np.testing.assert_allclose(rgba[..., :3], np.repeat(exact[..., :1], 3, -1) if grey else exact[..., :3], atol=1e-6)
    np.testing.assert_allclose(rgba[..., 3], exact[..., -1] if channels in (2, 4) else 1, atol=1e-6)


def test_grey_without_a_channel_axis():
    np.testing.assert_array_equal(load_picture(COLOURS[..., 0]), load_picture(COLOURS[..., :1]))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr"])
def test_pil_images_of_every_mode(mode):
    image = Image.fromarray(COLOURS).convert(mode)
    np.testing.assert_allclose(load_picture(image), np.asarray(image.convert("RGBA")) / 255, atol=1e-6)


def test_palette_with_a_transparent_colour(tmp_path):
    image = Image.fromarray((COLOURS[..., 0] > 127).astype(np.uint8), "P")
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.save(tmp_path / "palette.png", transparency=0)
    rgba = load_picture(tmp_path / "palette.png")
    np.testing.assert_array_equal(rgba[..., 3] == 0, COLOURS[..., 0] <= 127)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".bmp"])
def test_files_path_string_and_open_file_agree_with_the_array(tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    Image.fromarray(COLOURS[..., :3]).save(path, lossless=True)
    expected = load_picture(COLOURS[..., :3])
    np.testing.assert_array_equal(load_picture(path), expected)
    np.testing.assert_array_equal(load_picture(str(path)), expected)
    np.testing.assert_array_equal(load_picture(io.BytesIO(path.read_bytes())), expected)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_16_bit_files_keep_all_their_bits(tmp_path, suffix):
    values = RNG.integers(0, 65536, (12, 16), dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / f"deep{suffix}")
    rgba = load_picture(tmp_path / f"deep{suffix}")
    np.testing.assert_allclose(rgba[..., 0], values / 65535, atol=1e-7)
    np.testing.assert_allclose(load_picture(Image.fromarray(values.astype(np.int32))), rgba, atol=1e-7)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_followed(tmp_path, orientation):
    upright = np.zeros((16, 24, 3), np.uint8)
    upright[:8, :8], upright[:8, 16:], upright[8:, :8] = [255, 0, 0], [0, 255, 0], [0, 0, 255]
    # What a camera stores so that a viewer, doing what the orientation says, shows it upright (EXIF 2.3, table 6).
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "photo.png", exif=exif)
    np.testing.assert_array_equal(load_picture(tmp_path / "photo.png"), load_picture(upright))


@functools.cache
def encoded(fmt: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray((photo(disc((50, 75), (25, 30), 15)) * 255).astype(np.uint8)).save(file, fmt)
    return file.getvalue()


BAD_FILES = {
    "empty.png": (b"", r"empty\.png: the file is empty"),
    "words.jpg": (b"This is no picture, only its name says so.\n" * 20, r"words\.jpg: not a picture"),
    "cut.jpg": (encoded("JPEG")[:1000], r"cut\.jpg: damaged or cut off"),
    "cut.png": (encoded("PNG")[:2000], r"cut\.png: damaged or cut off"),
    "header.png": (encoded("PNG")[:20], r"header\.png: (not a picture|damaged)"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_are_named(tmp_path, name):
    content, message = BAD_FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message + r".*; accepted: "):
        load_picture(tmp_path / name)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"]), st.data())
@settings(deadline=None, max_examples=100)
def test_damaged_files_give_a_picture_or_one_clear_error(fmt, data):
    content = bytearray(encoded(fmt))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, min(len(content) - 1, 400)))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    error = None
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # PIL warns of odd metadata
        patch.setattr(reconstruction, "_MAX_PIXELS", 10**6)  # a damaged size must not fill the memory
        try:
            rgba = load_picture(io.BytesIO(bytes(content)))
        except ValueError as raised:
            error = str(raised)
    assert "accepted: " in error if error else 0 <= rgba.min() <= rgba.max() <= 1


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.png: no such file; accepted: "):
        load_picture(tmp_path / "nothing.png")
    with pytest.raises(IsADirectoryError, match=r"is a folder; accepted: "):
        load_picture(str(tmp_path))


def huge(side: int) -> bytes:
    """A PNG whose header promises side x side pixels; nothing follows, so decoding it would fail otherwise."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    content = bytearray(file.getvalue())
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("side", "said"), [(20_000, "400000000"), (11_000, "11000 x 11000"), (10_001, "10001 x 10001")]
)
def test_huge_pictures_are_refused_undecoded_with_their_size(tmp_path, side, said):
    before = Image.MAX_IMAGE_PIXELS
    (tmp_path / "huge.png").write_bytes(huge(side))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=rf"huge\.png: too large: .*{said}.*; accepted: at most 100 megapixels"):
            load_picture(tmp_path / "huge.png")
    assert before == Image.MAX_IMAGE_PIXELS
    with pytest.raises(ValueError, match=r"picture: too large: 20000 x 20000"):
        load_picture(np.broadcast_to(np.zeros((), np.uint8), (20_000, 20_000)))


FLOATS = COLOURS / 255.0
BAD_ARRAYS = {
    "one pixel": (COLOURS[:1, :1], "1 x 1 pixels; accepted: at least 8 x 8"),
    "no pixels": (COLOURS[:0], "16 x 0 pixels"),
    "NaN": (np.where(FLOATS > 0.9, np.nan, FLOATS), "NaN or infinite"),
    "inf": (np.where(FLOATS > 0.9, np.inf, FLOATS), "NaN or infinite"),
    "one axis": (FLOATS[0, :, 0], r"shape \(16,\)"),
    "a batch": (FLOATS[None], r"shape \(1, 12, 16, 4\)"),
    "five channels": (np.zeros((12, 16, 5)), r"shape \(12, 16, 5\)"),
    "no channels": (np.zeros((12, 16, 0)), r"shape \(12, 16, 0\)"),
    "ints above 255": (COLOURS.astype(int) * 2, "values from 0 to 5.."),
    "ints below 0": (COLOURS.astype(int) - 1, "values from -1 to"),
    "floats above 1": (FLOATS * 255, "values from 0 to 255; accepted: floats in"),
    "floats below 0": (FLOATS - 0.1, "values from -0.1 to 0.9; accepted: floats in"),
    "complex": (FLOATS.astype(complex), "complex128 values"),
    "strings": (FLOATS.astype(str), "values; accepted"),
    "nothing": (None, "object values; accepted: a path, a PIL image, or an array"),
    "bytes": (b"abc", "values; accepted: a path"),
}


@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_bad_arrays_are_named(name):
    array, message = BAD_ARRAYS[name]
    with pytest.raises(ValueError, match=r"^picture: .*" + message):
        load_picture(array)


def test_floats_that_resizing_pushed_a_little_out_are_kept_inside():
    rgba = load_picture(np.full((8, 8, 3), 1.00001))
    assert rgba.max() == 1


# --- finding the object -----------------------------------------------------------------------------------------


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return (a & b).sum() / (a | b).sum()


def test_grab_cut_finds_a_disc_and_repeats_itself():
    rgba = load_picture(photo())
    mask = find_mask(rgba)
    assert mask.dtype == bool
    assert overlap(mask, disc()) > 0.95
    np.testing.assert_array_equal(find_mask(rgba), mask)


def test_large_pictures_are_searched_small_but_answered_at_full_size():
    mask = disc((900, 1200), (450.0, 700.0), 250.0)
    assert overlap(find_mask(load_picture(photo(mask))), mask) > 0.97


def test_holes_are_kept():
    ring = disc() & ~disc(radius=20.0)
    found = find_mask(load_picture(photo(ring)))
    assert not found[90, 140]
    assert overlap(found, ring) > 0.9


def test_the_largest_of_several_pieces_is_kept():
    large = disc(radius=40.0)
    for centre in [(30.0, 40.0), (100.0, 240.0)]:
        found = find_mask(load_picture(photo(large | disc(centre=centre, radius=20.0))))
        assert overlap(found, large) > 0.95


def test_a_box_says_which_object_is_meant():
    large, small = disc(radius=40.0), disc(centre=(100.0, 240.0), radius=20.0)
    rgba = load_picture(photo(large | small))
    found = find_mask(rgba, box=(212, 72, 268, 128))
    assert overlap(found, small) > 0.9
    alpha = load_picture(np.dstack([photo(), large | small]))
    np.testing.assert_array_equal(find_mask(alpha, box=(212, 72, 268, 128)), small)


def test_what_is_found_in_a_large_picture_stays_in_the_box():
    box, mask = np.s_[203:707, 405:999], np.zeros((900, 1200), bool)
    mask[box] = True
    found = find_mask(load_picture(photo(mask)), box=(405, 203, 999, 707))
    assert found[box].mean() > 0.97
    found[box] = False
    assert not found.any()


def test_a_box_that_reaches_the_picture_s_edge_still_works():
    assert overlap(find_mask(load_picture(photo()), box=(0, 0, 300, 200)), disc()) > 0.95


def test_transparency_beats_guessing_and_keeps_every_piece():
    pieces = disc() | disc(centre=(30.0, 260.0), radius=6.0)
    np.testing.assert_array_equal(find_mask(load_picture(np.dstack([photo(), pieces]))), pieces)


def test_the_cup_and_its_saucer_are_found_on_the_table():
    mask = find_mask(load_picture(coffee()))
    assert mask[100, 280]
    assert mask[320, 140]
    assert not mask[50, 60]
    assert not mask[200, 560]
    assert 0.4 < mask.mean() < 0.55


BAD_BOXES = {
    "three numbers": ((1, 2, 3), "four numbers"),
    "words": (("a", "b", "c", "d"), "four numbers"),
    "NaN": ((0, 0, np.nan, 9), "four numbers"),
    "right before left": ((100, 10, 50, 90), "100, 10, 50, 90"),
    "outside": ((10, 10, 400, 100), "inside the picture of 300 x 200"),
    "negative": ((-5, 10, 100, 100), "inside the picture of 300 x 200"),
    "narrow": ((10, 10, 12, 100), "at least 4 pixels"),
}


@pytest.mark.parametrize("name", BAD_BOXES)
def test_bad_boxes_are_named(name):
    box, message = BAD_BOXES[name]
    with pytest.raises(ValueError, match=r"^box: .*" + message):
        find_mask(load_picture(photo()), box=box)


def test_nothing_to_find():
    with pytest.raises(ValueError, match=r"picture: all one colour"):
        find_mask(load_picture(np.full((50, 60, 3), 0.3)))
    with pytest.raises(ValueError, match=r"picture: transparent everywhere"):
        find_mask(load_picture(np.dstack([photo(), np.zeros((200, 300))])))
    speck = np.zeros((200, 300), bool)
    speck[100, 100] = True
    with pytest.raises(ValueError, match=r"picture: no object stands out .*found 0\.0 %"):
        find_mask(load_picture(np.dstack([photo(), speck])))
    with pytest.raises(ValueError, match=r"picture: no object stands out .*found 100\.0 %"):
        find_mask(load_picture(np.dstack([photo(), ~speck])))


@given(st.integers(8, 40), st.integers(8, 40), st.integers(0, 99), st.data())
@settings(deadline=None, max_examples=60)
def test_any_small_picture_gives_a_mask_in_the_box_or_one_clear_error(height, width, seed, data):
    rgba = load_picture(np.random.default_rng(seed).random((height, width, 3)))
    left, top = data.draw(st.integers(0, width - 4)), data.draw(st.integers(0, height - 4))
    right, bottom = data.draw(st.integers(left + 4, width)), data.draw(st.integers(top + 4, height))
    error, mask = None, np.zeros((height, width), bool)
    try:
        mask = find_mask(rgba, box=(left, top, right, bottom))
    except ValueError as raised:
        error = str(raised)
    assert "accepted: " in error if error else mask.any()
    mask[top:bottom, left:right] = False
    assert not mask.any()


# --- cutting it out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [8.0, 30.0, 40.0, 75.0])
@pytest.mark.parametrize("centre", [(90.0, 140.0), (100.5, 150.5), (110.0, 110.0)])
def test_a_disc_fills_its_share_of_the_square_and_is_centred(radius, centre):
    mask = disc(centre=centre, radius=radius)
    alpha = cut_out(load_picture(photo(mask)), mask)[..., 3]
    mass = alpha.sum()
    rows, columns = alpha.sum(1), alpha.sum(0)
    middle = np.arange(64) + 0.5
    assert rows @ middle / mass == pytest.approx(32, abs=0.1)
    assert columns @ middle / mass == pytest.approx(32, abs=0.1)
    # Half-covered pixels are where the edge is.
    for profile in (alpha.max(0), alpha.max(1)):
        inside = np.flatnonzero(profile > 0.5)
        assert inside[-1] + 1 - inside[0] == pytest.approx(64 / 1.1, abs=1.5)
        assert (inside[-1] + 1 + inside[0]) / 2 == pytest.approx(32, abs=0.5)
    scale = 64 / (1.1 * max(np.ptp(np.flatnonzero(mask.any(0))), np.ptp(np.flatnonzero(mask.any(1)))) + 1.1)
    assert mass == pytest.approx(mask.sum() * scale**2, rel=1e-3), "area is not kept"


def test_the_longer_side_sets_the_scale_and_the_object_keeps_its_proportions():
    mask = np.zeros((200, 300), bool)
    mask[80:100, 50:250] = True
    alpha = cut_out(load_picture(photo(mask)), mask)[..., 3]
    assert alpha.sum(1).max() == pytest.approx(64 / 1.1, rel=1e-4)
    assert alpha.sum(0).max() == pytest.approx(6.4 / 1.1, rel=1e-4)


@given(st.integers(-60, 60), st.integers(-40, 40))
@settings(deadline=None, max_examples=20)
def test_place_does_not_matter(right, down):
    rgba = np.dstack([np.random.default_rng(2).random((200, 300, 3)), np.ones((200, 300))]).astype(np.float32)
    mask = disc(centre=(95.0, 145.0), radius=30.0) & ~disc(centre=(95.0, 155.0), radius=10.0)
    moved, where = np.roll(rgba, (down, right), (0, 1)), np.roll(mask, (down, right), (0, 1))
    np.testing.assert_array_equal(cut_out(moved, where), cut_out(rgba, mask))


@given(st.integers(2, 4))
@settings(deadline=None)
def test_scale_does_not_matter(k):
    rgba = np.dstack([np.random.default_rng(2).random((200, 300, 3)), np.ones((200, 300))]).astype(np.float32)
    mask = disc(radius=60.0)
    large = np.repeat(np.repeat(rgba, k, 0), k, 1), np.repeat(np.repeat(mask, k, 0), k, 1)
    np.testing.assert_allclose(cut_out(*large), cut_out(rgba, mask), atol=1e-5)


def test_area_means_against_summing_every_small_square():
    """Independent: enlarge so that pixels and steps share one grid, then average blocks."""
    rgba = np.random.default_rng(3).random((40, 40, 4)).astype(np.float32)
    mask = np.ones((40, 40), bool)
    # 44 wide square, 16 steps of 2.75 pixels: on a grid of quarter pixels every border falls on a line.
    coverage = np.pad(rgba[..., 3].astype(float), 2)
    colour = np.pad(rgba[..., :3].astype(float), ((2, 2), (2, 2), (0, 0))) * coverage[..., None]

    def mean(a):
        a = np.repeat(np.repeat(a, 4, 0), 4, 1)
        return a.reshape(16, 11, 16, 11, -1).mean((1, 3))

    expected = mean(colour) / mean(coverage)
    found = cut_out(rgba, mask, size=16)
    np.testing.assert_allclose(found[..., :3], expected, atol=1e-5)
    np.testing.assert_allclose(found[..., 3:], mean(coverage), atol=1e-5)


def test_objects_at_the_picture_s_corner_are_framed_on_transparent_white():
    mask = np.zeros((50, 60), bool)
    mask[:40, :40] = True
    cutout = cut_out(load_picture(photo(mask)), mask)
    assert cutout[0, 0].tolist() == [1, 1, 1, 0]
    np.testing.assert_allclose(cutout[..., 3], cutout[::-1, ::-1, 3], atol=1e-6)


def test_the_background_does_not_shine_through_the_edge():
    mask = disc()
    green = np.where(mask[..., None], [0.8, 0.2, 0.1], [0.0, 1.0, 0.0])
    cutout = cut_out(load_picture(green), mask)
    edge = (cutout[..., 3] > 0) & (cutout[..., 3] < 1)
    assert edge.sum() > 50
    np.testing.assert_allclose(cutout[edge, :3], np.tile([0.8, 0.2, 0.1], (edge.sum(), 1)), atol=1e-5)
    np.testing.assert_array_equal(cutout[cutout[..., 3] == 0, :3], 1)
    # Half transparent and of another colour: weighs half.
    half = np.zeros((40, 40, 4))
    half[:, :20], half[:, 20:] = [1, 0, 0, 1], [0, 0, 1, 0.5]
    middle = cut_out(load_picture(half), np.ones((40, 40), bool), size=1)[0, 0]
    np.testing.assert_allclose(middle, [2 / 3, 0, 1 / 3, 0.75 / 1.1**2], atol=1e-6)


def test_small_objects_are_enlarged_smoothly():
    rgba = np.ones((20, 20, 4), np.float32)
    rgba[..., :3] = np.linspace(0, 1, 20)[None, :, None]
    mask = np.zeros((20, 20), bool)
    mask[5:15, 5:15] = True
    cutout = cut_out(rgba, mask)
    row = cutout[32, 8:56, 0]
    assert (np.diff(row) >= -1e-6).all()
    assert np.diff(row).max() < 2 * (row[-1] - row[0]) / 48


def test_masks_that_do_not_fit_are_named(network):
    for mask, message in {
        "shape": (np.ones((200, 299)), r"shape \(200, 299\); accepted: .*\(200, 300\)"),
        "values": (np.full((200, 300), 0.5), "values other than True and False"),
        "NaN": (np.full((200, 300), np.nan), "values other than True and False"),
        "empty": (np.zeros((200, 300)), "nowhere True"),
    }.values():
        with pytest.raises(ValueError, match=r"^mask: .*" + message):
            reconstruct(photo(), mask=mask)
    transparent = np.dstack([photo(), ~disc()])
    with pytest.raises(ValueError, match=r"^mask: the picture is transparent all over it"):
        reconstruct(transparent, mask=disc())
    with pytest.raises(ValueError, match=r"^box: .*give one of them"):
        reconstruct(photo(), mask=disc(), box=(0, 0, 50, 50))
    assert not network, "the network was asked although the input was bad"


# --- the whole --------------------------------------------------------------------------------------------------


def test_reconstruct_shows_the_network_the_cut_out_and_keeps_all(network):
    result = reconstruct(photo(), weights="mine.safetensors")
    [(weights, batch)] = network
    assert weights == "mine.safetensors"
    assert batch.shape == (1, 64, 64, 4)
    np.testing.assert_array_equal(batch[0], result.cutout)
    np.testing.assert_array_equal(result.points, POINTS)
    assert result.picture.shape == (200, 300, 4)
    assert overlap(result.mask, disc()) > 0.95
    assert repr(result) == "Reconstruction(1024 points from a picture of 300 x 200 pixels)"
    assert r3d.reconstruct is reconstruct
    assert r3d.Reconstruction is Reconstruction


@pytest.mark.parametrize("top", [True, 1, 255])
def test_a_mask_given_is_the_mask_used(network, top):
    mask = disc(radius=20.0)
    result = reconstruct(photo(), mask=mask * np.asarray(top))
    np.testing.assert_array_equal(result.mask, mask)
    np.testing.assert_array_equal(network[0][1][0], cut_out(load_picture(photo()), mask))


def test_a_box_given_is_the_box_used(network):
    result = reconstruct(photo(disc() | disc(centre=(100.0, 240.0), radius=20.0)), box=[212, 72, 268, 128])
    assert not result.mask[90, 140]
    assert result.mask[100, 240]


def test_with_a_network_of_one_s_own(tmp_path):
    from recon3d_lite import models

    model = models.point_network()
    models.save(model, tmp_path / "mine.safetensors")
    rgba = photo()
    result = reconstruct(rgba, weights=tmp_path / "mine.safetensors")
    assert result.points.shape == (1024, 3)
    assert result.points.dtype == np.float32
    kept = models.load(tmp_path / "mine.safetensors")
    np.testing.assert_allclose(result.points, kept.predict(result.cutout[None], verbose=0)[0], atol=1e-5)
    # loaded once: the file may go
    (tmp_path / "mine.safetensors").unlink()
    np.testing.assert_array_equal(reconstruct(rgba, weights=tmp_path / "mine.safetensors").points, result.points)
    with pytest.raises(FileNotFoundError, match=r"other\.safetensors"):
        reconstruct(rgba, weights=tmp_path / "other.safetensors")


def test_show_pales_the_background_and_has_words(result):
    figure = result.show()
    assert "1024 points" in figure.layout.meta["alt"]
    np.testing.assert_array_equal(figure.data[0].x, POINTS[:, 0].round(3))
    assert figure.layout.images[0].source.startswith("data:image/")
    assert result.picture[0, 0, 3] == 1, "the picture itself was changed"


def test_ply_keeps_every_point(result, tmp_path):
    result.save(tmp_path / "shape.ply")
    assert b"binary_little_endian" in (tmp_path / "shape.ply").read_bytes()[:60]
    np.testing.assert_array_equal(trimesh.load(tmp_path / "shape.ply").vertices, POINTS)


def test_glb_holds_an_octahedron_a_point_with_y_up_and_front_towards_z(result, tmp_path):
    result.save(str(tmp_path / "shape.GLB"))
    mesh = trimesh.load(tmp_path / "shape.GLB", force="mesh")
    corners = mesh.vertices.reshape(1024, 6, 3)
    centres = corners.mean(1)
    right, up, front = centres.T
    np.testing.assert_allclose(up, POINTS[:, 2], atol=1e-6)
    np.testing.assert_allclose(front, POINTS[:, 0], atol=1e-6)
    np.testing.assert_allclose(right, POINTS[:, 1], atol=1e-6)
    assert np.linalg.norm(corners - centres[:, None], axis=-1).max() < 0.01
    assert mesh.faces.shape == (8 * 1024, 3)
    assert mesh.volume > 0, "faces are turned inside out"
    content = (tmp_path / "shape.GLB").read_bytes()
    header = json.loads(content[20 : 20 + int.from_bytes(content[12:16], "little")])
    assert header["materials"][0]["pbrMetallicRoughness"]["metallicFactor"] == 0
    # A turn, not a reflection: the frame's axes keep their handedness.
    assert np.linalg.det(np.linalg.lstsq(POINTS, centres, rcond=None)[0]) == pytest.approx(1, abs=1e-4)


def test_html_opens_offline(result, tmp_path):
    result.save(tmp_path / "shape.html")
    page = (tmp_path / "shape.html").read_text()
    assert not re.search(r"<script[^>]*\ssrc=|<link[^>]*\shref=", page)
    assert "<!doctype html>" in page
    assert "1024 points" in page


@pytest.mark.parametrize("name", ["shape.obj", "shape", "shape.ply.txt"])
def test_other_endings_are_refused(result, tmp_path, name):
    with pytest.raises(ValueError, match=rf"{name}: cannot save as .*; accepted: \.ply, \.glb, \.html"):
        result.save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_height_makes_a_glb_stand_on_the_floor_in_metres(result, tmp_path):
    low = replace(result, points=POINTS * np.float32([1, 0.8, 0.3]))
    box = trimesh.creation.box((0.3, 0.4, 0.2)).apply_translation((0.1, 0.2, 0.3))
    for shape in (low, replace(low, mesh=box)):
        shape.save(tmp_path / "placed.glb", height=0.9)
        shape.save(tmp_path / "plain.glb")
        placed, plain = (trimesh.load(tmp_path / f"{n}.glb", force="mesh", process=False) for n in ("placed", "plain"))
        np.testing.assert_allclose(placed.bounds[:, 1], [0, 0.9], atol=1e-6)
        np.testing.assert_allclose(placed.bounds.mean(0)[[0, 2]], 0, atol=1e-6)
        moved = plain.vertices - plain.vertices[0]
        scale = 0.9 / np.ptp(plain.vertices[:, 1])  # in all directions alike
        np.testing.assert_allclose(placed.vertices - placed.vertices[0], scale * moved, atol=1e-6)
        np.testing.assert_array_equal(placed.faces, plain.faces)


def test_a_budget_of_triangles_keeps_the_surface(ball, tmp_path):
    shape = reconstruct(photo(), as_="mesh")
    for faces in (1000, 10**9):
        shape.save(tmp_path / "ball.glb", faces=faces)
        small = trimesh.load(tmp_path / "ball.glb", force="mesh")
        assert abs(len(small.faces) - min(faces, len(shape.mesh.faces))) <= 2
        assert small.is_watertight
        np.testing.assert_allclose(np.linalg.norm(small.vertices - [0, 0, 0.1], axis=1), 0.3, atol=0.005)
    assert len(shape.mesh.faces) > 2000, "the mesh itself was changed"


BAD_MODELS = {
    "no height": ({"height": 0}, r"height: 0; accepted: metres"),
    "below the floor": ({"height": -1.0}, r"height: -1\.0; accepted: metres"),
    "NaN": ({"height": np.nan}, r"height: nan; accepted: metres"),
    "endless": ({"height": np.inf}, r"height: inf; accepted: metres"),
    "yes": ({"height": True}, r"height: True; accepted: metres"),
    "words": ({"height": "0.9 m"}, r"height: '0\.9 m'; accepted: metres"),
    "too few": ({"faces": 3}, r"faces: 3; accepted: whole numbers from 4"),
    "a share": ({"faces": 0.5}, r"faces: 0\.5; accepted: whole numbers from 4"),
}


@pytest.mark.parametrize("name", BAD_MODELS)
def test_models_that_cannot_be_are_refused(ball, tmp_path, name):
    options, message = BAD_MODELS[name]
    with pytest.raises(ValueError, match=message):
        reconstruct(photo(), as_="mesh").save(tmp_path / "ball.glb", **options)
    assert list(tmp_path.iterdir()) == []


def test_heights_and_budgets_are_for_models(result, tmp_path):
    with pytest.raises(ValueError, match=r"faces: given for bare points; accepted: with a surface"):
        result.save(tmp_path / "shape.glb", faces=100)
    for name, option in (("shape.ply", "height"), ("shape.html", "faces")):
        with pytest.raises(ValueError, match=rf"{name}: height and faces are for models .*; accepted: with \.glb"):
            result.save(tmp_path / name, **{option: 100})
    assert list(tmp_path.iterdir()) == []


VALIDATE = """
const validator = require("gltf-validator"), fs = require("fs");
const report = (name) => validator.validateBytes(new Uint8Array(fs.readFileSync(name)));
Promise.all(process.argv.slice(1).map(report)).then((all) => console.log(JSON.stringify(all)));
"""


def validate(*paths: Path) -> list[dict]:
    """What the Khronos glTF validator says of files."""
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    done = subprocess.run([node, "-e", VALIDATE, *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.book  # needs node_modules
def test_glb_files_pass_the_validator_of_the_standard(result, ball, tmp_path):
    surface = reconstruct(photo(), as_="mesh")
    models = {"points": (result, {}), "mesh": (surface, {}), "model": (surface, {"height": 0.1, "faces": 500})}
    models["voxels"] = (reconstruct(photo(), as_="voxels"), {"height": 2})
    for name, (shape, options) in models.items():
        shape.save(tmp_path / f"{name}.glb", **options)
    for report in validate(*(tmp_path / f"{name}.glb" for name in models)):
        issues = report["issues"]
        assert issues["numErrors"] == issues["numWarnings"] == issues["numInfos"] == 0
        assert {message["code"] for message in issues["messages"]} == {"BUFFER_VIEW_TARGET_MISSING"}  # hints
        assert report["info"]["totalTriangleCount"] >= 500
    content = bytearray((tmp_path / "mesh.glb").read_bytes())
    content[-4:] = np.float32(np.nan).tobytes()  # a coordinate
    (tmp_path / "bad.glb").write_bytes(content)
    assert validate(tmp_path / "bad.glb")[0]["issues"]["numErrors"] > 0


@pytest.mark.parametrize("suffix", [".ply", ".glb", ".html"])
def test_a_file_that_cannot_be_saved_leaves_nothing_behind(result, tmp_path, monkeypatch, suffix):
    with pytest.raises(FileNotFoundError, match=r"shape.*the folder .*missing does not exist"):
        result.save(tmp_path / "missing" / f"shape{suffix}")
    target = tmp_path / f"shape{suffix}"
    target.write_text("what was there")

    def full(self, data, **_):
        with open(self, "wb") as file:
            file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match=rf"shape\{suffix}: .*No space left on device"):
        result.save(target)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.read_text() == "what was there"


def test_tensorflow_waits_until_it_is_needed():
    code = "import sys, recon3d_lite.reconstruction; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- voxels -----------------------------------------------------------------------------------------------------

BALL = (0.3 - np.linalg.norm(solids.grid(32) - [0.1, 0, 0], axis=-1)).astype(np.float32)


@pytest.fixture
def ball(monkeypatch):
    monkeypatch.setattr(reconstruction, "_network", lambda *_: lambda batch: BALL[None])


def test_voxels_come_with_their_surface_and_points_on_it(ball, tmp_path):
    result = reconstruct(photo(), as_="voxels")
    np.testing.assert_array_equal(result.field, BALL)
    assert result.mesh.is_watertight
    np.testing.assert_allclose(np.linalg.norm(result.points - [0.1, 0, 0], axis=1), 0.3, atol=0.005)
    assert result.points.shape == (1024, 3)
    assert repr(result) == f"Reconstruction({len(result.mesh.faces)} triangles from a picture of 300 x 200 pixels)"
    figure = result.show()
    assert figure.data[0].type == "mesh3d"
    assert figure.layout.images[0].source.startswith("data:image/")
    for suffix in (".ply", ".glb"):
        result.save(tmp_path / f"ball{suffix}")
        opened = trimesh.load(tmp_path / f"ball{suffix}", force="mesh")
        assert opened.is_watertight
        assert opened.volume == pytest.approx(result.mesh.volume, rel=1e-4)
    # glTF's z is our x, towards the viewer
    np.testing.assert_allclose(opened.bounds.mean(0), [0, 0, 0.1], atol=1e-3)
    result.save(tmp_path / "ball.html")
    assert reconstruct(photo()).mesh is None


def test_nothing_solid_is_said(monkeypatch):
    monkeypatch.setattr(reconstruction, "_network", lambda *_: lambda batch: -np.ones((1, 8, 8, 8)))
    with pytest.raises(ValueError, match=r"picture: .*nothing solid"):
        reconstruct(photo(), as_="voxels")


def test_weights_of_another_kind_and_unknown_kinds_are_refused(tmp_path):
    from recon3d_lite import models

    models.save(models.point_network(), tmp_path / "p.safetensors")
    with pytest.raises(ValueError, match=r"p\.safetensors are of a point_network, which does not answer with voxels"):
        reconstruct(photo(), as_="voxels", weights=tmp_path / "p.safetensors")
    with pytest.raises(ValueError, match=r"as_: 'cloud'; accepted: 'points', 'voxels', 'mesh'"):
        reconstruct(photo(), as_="cloud")
    with pytest.raises(ValueError, match=r"resolution: 4; accepted: whole numbers from 8 to 512"):
        reconstruct(photo(), as_="mesh", resolution=4)
