"""The network: its forward pass against torch, its file, and what it finds in made and in real faces."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from weft.core import UnreadableError
from weft.sync.learned.choice import SHIPPED, network_for, shipped_network
from weft.sync.learned.network import LAYERS, Network, convolved, load_network, save_network


def small_network(seed: int = 0) -> Network:
    """Random weights of the right shapes."""
    rng = np.random.default_rng(seed)
    shapes = {"mouth_1": (5, 7, 3), "mouth_2": (4, 5, 3), "voice_1": (6, 20, 3), "voice_2": (4, 6, 5)}
    layers = {
        name: (rng.standard_normal(shape).astype(np.float32), rng.standard_normal(shape[0]).astype(np.float32))
        for name, shape in shapes.items()
    }
    return Network(layers, 0.5, (2.0, -3.0), "random")


def test_a_convolution_is_the_sum_over_neighbours() -> None:
    values = np.array([[1.0], [2.0], [4.0]], np.float32)
    kernel, bias = np.array([[[10.0, 1.0, 100.0]]], np.float32), np.array([0.5], np.float32)
    assert convolved(values, kernel, bias).ravel().tolist() == [201.5, 412.5, 24.5]


def test_the_forward_pass_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch", reason="needs the extra 'torch'")
    network = small_network()
    mouth = np.random.default_rng(1).standard_normal((30, 8)).astype(np.float32)
    rows = torch.from_numpy(mouth[:, :-1].T[np.newaxis].copy())
    for name in ("mouth_1", "mouth_2"):
        kernel, bias = (torch.from_numpy(one) for one in network.layers[name])
        rows = torch.nn.functional.conv1d(rows, kernel, bias, padding=kernel.shape[2] // 2)
        rows = torch.relu(rows) if name.endswith("1") else rows
    np.testing.assert_allclose(network.queries(mouth)[:, :-1], rows[0].T.numpy(), atol=1e-4)
    np.testing.assert_allclose(network.queries(mouth)[:, -1], 0.5 * mouth[:, -1])


def test_weights_survive_the_file(tmp_path: Path) -> None:
    network, path = small_network(), tmp_path / "model.npz"
    save_network(network, path)
    again = load_network(path)
    assert (again.passing, again.head, again.about) == (0.5, (2.0, -3.0), "random")
    for name in LAYERS:
        for one, other in zip(network.layers[name], again.layers[name], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_last_unit_is_a_probability_that_grows_with_the_height() -> None:
    chance = small_network().synchronisable(np.array([-50.0, 0.0, 1.5, 50.0]))
    np.testing.assert_allclose(chance, [0, 1 / (1 + np.exp(3.0)), 0.5, 1], atol=1e-6)


@pytest.mark.parametrize("what", ["absent", "text", "other arrays", "pickle", "layers that do not fit", "not a number"])
def test_files_that_are_no_weights_are_refused(what: str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    if what == "text":
        path.write_text("no weights")
    if what == "other arrays":
        np.savez(path, a=np.zeros(3))
    if what == "pickle":
        np.savez(path, format=np.array([{"a": 1}], dtype=object))
    if what in ("layers that do not fit", "not a number"):
        network = small_network()
        kernel, bias = network.layers["mouth_2"]
        bad = (kernel[:3], bias[:3]) if what == "layers that do not fit" else (kernel * np.nan, bias)
        save_network(Network({**network.layers, "mouth_2": bad}), path)
    with pytest.raises(UnreadableError, match=r"model\.npz: (there is no such file|not a file of weights)"):
        load_network(path)


def test_a_small_file_that_unpacks_to_very_much_is_refused(tmp_path: Path) -> None:
    path, bomb = tmp_path / "model.npz", io.BytesIO()
    np.save(bomb, np.zeros(4_000_000))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("format.npy", bomb.getvalue())
    with pytest.raises(UnreadableError, match="unpacks to more than"):
        load_network(path)


def test_the_shipped_weights_are_small_attributed_and_used_when_nobody_names_others(tmp_path: Path) -> None:
    from weft.core import Recording

    assert SHIPPED.stat().st_size < 1_000_000
    assert "CC BY 4.0" in (SHIPPED.parent / "NOTICE").read_text(encoding="utf-8")
    assert "GRID" in shipped_network().about
    assert network_for(Recording("r", tmp_path, (), ())) is shipped_network()
    save_network(small_network(), tmp_path / "own.npz")
    own = Recording("r", tmp_path, (), (), details={"sync_model": str(tmp_path / "own.npz")})
    assert network_for(own).about == "random"
