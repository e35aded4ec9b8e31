"""A small part of the example with a trained network."""

import io
import pickle
import zipfile

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is missing: pip install 'ffp8[examples]'")

import real_tensors
from rich.console import Console

from ffp8.golden.choose import sqnr
from ffp8.golden.multiplier import MultiplierConfig


@pytest.fixture(scope="module")
def layers() -> list[real_tensors.Layer]:
    try:
        return real_tensors.load_network()
    except OSError as error:
        pytest.skip(f"the trained network is missing: {error}")


def test_a_layer_in_hardware_is_as_golden_has_it(layers: list[real_tensors.Layer]) -> None:
    results = real_tensors.measure(calibration=40, tried=60, in_hardware=1)
    products = results.products
    assert products.count == 14 * 14 * 64 * 32 * 9
    assert products.mismatches == 0
    assert products.difference == 0
    assert len(results.formats) == 8
    for name, fmt in results.formats.items():
        ratios = results.ratios[name]
        assert fmt.width == 8
        # One bit more than E4M3's fraction at the least, and at most that: 5 dB and more.
        assert ratios["FFP8"] > ratios["E4M3 fitted"] + 5
        assert ratios["E4M3 fitted"] > ratios["E5M2 fitted"] + 5
    signs = {name: fmt.sign for name, fmt in results.formats.items()}
    assert not signs["conv2 input"]  # After a ReLU.
    assert signs["conv2 weights"]
    right = {title: found.mean() for title, found in results.right.items()}
    assert right["float32"] > 0.8
    assert abs(right["FFP8"] - right["float32"]) < 0.05
    text = io.StringIO()
    real_tensors.show(results, Console(file=text, width=120))
    assert "3,612,672 products of conv2" in text.getvalue()


def test_a_wrong_product_is_found(
    layers: list[real_tensors.Layer], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = real_tensors.multiply

    def wrong(config: MultiplierConfig, **operands: np.ndarray) -> dict[str, np.ndarray]:
        out = honest(config, **operands)["out"].copy()
        out[(operands["a"] == a_code) & (operands["b"] == b_code)] ^= 1
        return {"out": out}

    layer = layers[1]
    small = real_tensors.Layer(layer.name, layer.weights[:1], layer.bias[:1])
    x = np.random.default_rng(0).uniform(0, 2, (1, 32, 4, 4))
    formats = {
        "conv2 input": real_tensors.choose_format(x),
        "conv2 weights": real_tensors.choose_format(small.weights),
    }
    assert real_tensors.check_products(small, x, formats).mismatches == 0
    # A pair of codes that occurs: the middle of the first patch.
    a_code = formats["conv2 input"].encode(x[0, 0, 0, 0])
    b_code = formats["conv2 weights"].encode(small.weights[0, 0, 1, 1])
    monkeypatch.setattr(real_tensors, "multiply", wrong)
    assert real_tensors.check_products(small, x, formats).mismatches > 0


def test_network_is_what_its_package_says(layers: list[real_tensors.Layer]) -> None:
    shapes = {layer.name: layer.weights.shape for layer in layers}
    assert shapes == {
        "conv1": (32, 1, 3, 3),
        "conv2": (64, 32, 3, 3),
        "linear1": (128, 3136),
        "linear2": (10, 128),
    }
    for layer in layers:
        assert layer.bias.shape == layer.weights.shape[:1]
        assert np.isfinite(layer.weights).all()
        assert sqnr(layer.weights, real_tensors.E4M3) > 25


def test_images_are_centred_as_those_of_mnist() -> None:
    images, labels = real_tensors.load_images()
    assert images.shape == (1797, 1, 28, 28)
    assert labels.shape == (1797,)
    assert images.min() == pytest.approx(-0.1307 / 0.3081, abs=1e-6)
    assert images.max() == pytest.approx((1 - 0.1307) / 0.3081, abs=1e-6)
    ink = images[:, 0] - images.min()
    centre = (ink * np.arange(28)).sum((1, 2)) / ink.sum((1, 2))
    assert np.abs(centre - 13.5).max() <= 0.6


def test_convolution_is_its_definition() -> None:
    chance = np.random.default_rng(0)
    x, weights = chance.integers(-9, 9, (2, 3, 4, 5)), chance.integers(-9, 9, (6, 3, 3, 3))
    got = real_tensors.convolve(x, weights)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for row in range(4):
        for column in range(5):
            seen = padded[:, :, row : row + 3, column : column + 3]
            want = (seen[:, None] * weights).sum((2, 3, 4))
            np.testing.assert_array_equal(got[:, :, row, column], want)


def test_pickle_of_anything_else_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps(print))
    with (
        zipfile.ZipFile(file) as archive,
        pytest.raises(pickle.UnpicklingError, match=r"^State must hold float tensors, not "),
    ):
        real_tensors.StateReader(archive).load()
