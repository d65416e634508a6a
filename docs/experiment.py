"""The experiment: a trained convolutional network as a fully connected one, its predictions and its costs.

    pip install -e '.[torch,experiment]' && python docs/experiment.py

trains a small network on scikit-learn's digits (seeded, one core, well under a minute), converts it, compares every
prediction on the test set, measures four ways to run it in one interleaved run, and writes docs/experiment.md.
Every number of that page comes from here.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

import symconv as sc

SEED = 0
EPOCHS = 60
ROUNDS = 60
Way = Callable[[Any], Any]


def digits() -> tuple[Any, Any, Any, Any]:
    """1,797 images of 8 x 8, a fifth of them for the test."""
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 1, 8, 8).astype(np.float32) / 16
    parts = train_test_split(images, labels, test_size=0.2, random_state=SEED, stratify=labels)
    return tuple(torch.from_numpy(each) for each in parts)


def untrained() -> nn.Sequential:
    """Two convolutions with average pooling, and a linear layer."""
    torch.manual_seed(SEED)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 10),
    )  # fmt: skip


def trained(images: Any, labels: Any) -> nn.Sequential:
    """The same after its training."""
    model = untrained()
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(64):
            optimiser.zero_grad()
            F.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimiser.step()
    return model.eval()


# The ways to run it: each is a function of a batch of images --------------------------------------


def by_im2col(model: nn.Sequential) -> Way:
    """Every convolution as the product of its kernel matrix and what its windows read."""

    def step(module: nn.Module, x: Any) -> Any:
        if not isinstance(module, nn.Conv2d):
            return module(x)
        windows = F.unfold(x, module.kernel_size, padding=module.padding)
        product = module.weight.reshape(module.out_channels, -1) @ windows
        return (product + module.bias[:, None]).reshape(len(x), module.out_channels, *x.shape[2:])

    def run(x: Any) -> Any:
        for module in model:
            x = step(module, x)
        return x

    return run


def chain(network: sc.FullyConnected, multiply: Callable[[Any], Callable[[Any], Any]]) -> tuple[Way, list[Any]]:
    """The nodes one after the other on columns of vectors; `multiply` makes what W h is computed by."""
    steps: list[tuple[Any, Any]] = []
    matrices = []
    for node in network.nodes:
        if node.matrix is None:
            steps.append((torch.relu, None))
        elif type(node.operation).__name__ != "Reshape":
            matrix = node.to_scipy(np.float32)
            matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
            matrices.append(matrix)
            bias = None if node.bias is None else torch.from_numpy(node.bias.astype(np.float32))[:, None]
            steps.append((multiply(matrices[-1]), bias))

    def run(x: Any) -> Any:
        h = x.reshape(len(x), -1).T.contiguous()
        for step, bias in steps:
            h = step(h)
            if bias is not None:
                h = h + bias
        return h.T

    return run, matrices


def dense_product(matrix: Any) -> Callable[[Any], Any]:
    """W as a dense tensor."""
    tensor = torch.from_numpy(matrix.toarray())
    return lambda h: tensor @ h


def sparse_product(matrix: Any) -> Callable[[Any], Any]:
    """W as SciPy's compressed rows."""
    return lambda h: torch.from_numpy(matrix @ h.numpy())


def sparse_tensor_product(matrix: Any) -> Callable[[Any], Any]:
    """W as PyTorch's compressed rows."""
    parts = (torch.from_numpy(each) for each in (matrix.indptr, matrix.indices, matrix.data))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        tensor = torch.sparse_csr_tensor(*parts, matrix.shape, check_invariants=True)
    return lambda h: tensor @ h


def timed(ways: dict[str, Way], x: Any, rounds: int = ROUNDS) -> dict[str, tuple[float, float, float, float]]:
    """Seconds for the batch (median), then the ratio to the first way: lower quartile, median, upper quartile.

    In every round each way runs in turn, in an order that changes, and is compared with the first way in that round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    order = list(ways)
    for n in range(rounds + 3):  # the first three warm up
        for name in order[n % len(order) :] + order[: n % len(order)]:
            repeat = max(1, 64 // len(x))
            start = time.perf_counter()
            for _ in range(repeat):
                ways[name](x)
            if n >= 3:
                seconds[name].append((time.perf_counter() - start) / repeat)
    first = seconds[order[0]]
    result = {}
    for name, values in seconds.items():
        ratios = statistics.quantiles([a / b for a, b in zip(values, first, strict=True)], n=4)
        result[name] = (statistics.median(values), *ratios)
    return result


def csr_bytes(matrices: list[Any]) -> int:
    """Numbers, column numbers and row starts."""
    return sum(each.data.nbytes + each.indices.nbytes + each.indptr.nbytes for each in matrices)


# The page -----------------------------------------------------------------------------------------


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio(value: tuple[float, float, float, float]) -> str:
    """The median ratio, and the quartiles."""
    return f"{value[2]:.2f} ({value[1]:.2f} to {value[3]:.2f})"


def one_layer(size: int) -> tuple[dict[str, Any], list[str]]:
    """A 3 x 3 convolution from 8 to 8 channels alone, at one input size, 16 images at a time: times, and the row."""
    torch.manual_seed(SEED)
    module = nn.Conv2d(8, 8, 3, padding=1)
    network = sc.fully_connected(sc.from_torch(nn.Sequential(module), (8, size, size)))
    dense, matrices = chain(network, dense_product)
    sparse, _ = chain(network, sparse_product)
    ways = {"convolution": module, "im2col": by_im2col(nn.Sequential(module)), "dense": dense, "sparse": sparse}
    x = torch.rand(16, 8, size, size)
    with torch.no_grad():
        found = timed(ways, x, 15)
    height, width = matrices[0].shape
    return found, [
        f"{size} x {size}", f"{height:,} x {width:,}", f"{matrices[0].nnz:,}", f"{height * width * 4 / 2**20:,.1f} MiB",
        f"{csr_bytes(matrices) / 2**20:,.2f} MiB", ratio(found["im2col"]), ratio(found["dense"]), ratio(found["sparse"]),
    ]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Train, convert, compare, measure, write."""
    said, _, further = str(__doc__).partition("\n\n")
    form = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(description=said, epilog=further, formatter_class=form).parse_args(arguments)
    torch.set_num_threads(1)
    print("training, converting and measuring: about a minute")
    load = os.getloadavg()[0]
    train, test, train_labels, test_labels = digits()
    start = time.perf_counter()
    model = trained(train, train_labels)
    training = time.perf_counter() - start

    start = time.perf_counter()
    network = sc.fully_connected(sc.from_torch(model, (1, 8, 8)))
    converting = time.perf_counter() - start
    report = network.check()
    assert report.ok
    assert not network.refused
    (Path(__file__).parent / "experiment-network.txt").write_text(network.render("text"), encoding="utf-8")

    dense, matrices = chain(network, dense_product)
    sparse, _ = chain(network, sparse_product)
    sparse_tensor, _ = chain(network, sparse_tensor_product)
    ways = {"convolution": model, "im2col": by_im2col(model), "FC, dense": dense, "FC, sparse (SciPy)": sparse,
            "FC, sparse (PyTorch)": sparse_tensor}  # fmt: skip
    with torch.no_grad():
        outputs = {name: run(test).numpy() for name, run in ways.items()}
        in_double = model.double()(test.double()).numpy()
        model.float()
    exact = network(fractions(test))
    nearest = exact.astype(float)
    predictions = outputs["convolution"].argmax(1)
    agree = [int((each.argmax(1) == predictions).sum()) for each in outputs.values()]
    agree_exact = int((np.array([max(range(10), key=row.__getitem__) for row in exact.tolist()]) == predictions).sum())
    accuracy = int((predictions == test_labels.numpy()).sum())

    assert {*agree, agree_exact} == {len(test)}, "a prediction differs"

    with torch.no_grad():
        alone, together = timed(ways, test[:1]), timed(ways, test[:64])

    weights = sum(each.numel() for each in model.parameters())
    windows = max(m.in_channels * 9 * s * s for m, s in ((model[0], 8), (model[3], 4)))
    biases = sum(len(node.bias) for node in network.nodes if node.bias is not None)
    numbers = sum(each.shape[0] * each.shape[1] for each in matrices)
    nonzero = sum(each.nnz for each in matrices)
    stored = {
        "convolution": (weights, weights * 4),
        "im2col": (weights, weights * 4),
        "FC, dense": (numbers + biases, (numbers + biases) * 4),
        "FC, sparse (SciPy)": (nonzero + biases, csr_bytes(matrices) + biases * 4),
        "FC, sparse (PyTorch)": (nonzero + biases, csr_bytes(matrices) + biases * 4),
    }
    costs = table(
        ["way", "numbers stored", "bytes", "bytes, as a ratio", "time, one image", "time, 64 images"],
        [
            [name, f"{stored[name][0]:,}", f"{stored[name][1]:,}", f"{stored[name][1] / stored['convolution'][1]:.1f}",
             ratio(alone[name]), ratio(together[name])]
            for name in ways
        ],
    )  # fmt: skip
    compared = table(
        ["way", "same prediction", "largest difference from the convolution", "from the exact output"],
        [
            [name, f"{same} of {len(test)}", f"{np.abs(each - outputs['convolution']).max():.2e}", f"{np.abs(each - nearest).max():.2e}"]
            for (name, each), same in zip(outputs.items(), agree, strict=True)
        ]
        + [
            ["convolution, float64", f"{int((in_double.argmax(1) == predictions).sum())} of {len(test)}",
             f"{np.abs(in_double - outputs['convolution']).max():.2e}", f"{np.abs(in_double - nearest).max():.2e}"],
            ["FC, rational numbers", f"{agree_exact} of {len(test)}", f"{np.abs(nearest - outputs['convolution']).max():.2e}", "0"],
        ],
    )  # fmt: skip
    layers = {size: one_layer(size) for size in (4, 8, 16, 32)}
    sizes = table(
        ["input", "W", "not always zero", "dense", "sparse", "im2col, time", "dense, time", "sparse, time"],
        [row for _, row in layers.values()],
    )
    largest = np.abs(nearest).max()
    (Path(__file__).parent / "experiment.md").write_text(
        f"""# The experiment: a trained network, as a fully connected one

The source paper (arXiv 1712.01252) says that a convolutional network is a fully connected one, and that computing in matrix
form is more efficient but needs much memory. Here is a network for which both were measured. `pip install -e '.[torch,experiment]'` and
`python docs/experiment.py` do all of it again, in about a minute, and write this page; every number below is from its run on {datetime.date.today().isoformat()}, with Python
{platform.python_version()}, PyTorch {torch.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__} and
scikit-learn {sklearn.__version__}, on one core ({platform.machine()}), in float32 unless it says
otherwise. Other programs may have run beside it: the load average was {load:.1f} on {os.cpu_count()} processors.

## The network

scikit-learn's digits: 1,797 images of 8 x 8 pixels, {len(train):,} to train and {len(test)} to test. The network is
convolution (8 channels, 3 x 3, padding 1), ReLU, average pooling 2 x 2, convolution (16 channels, 3 x 3, padding 1), ReLU,
average pooling 2 x 2, and a linear layer. Trained for {EPOCHS} epochs (seed {SEED}, {training:.0f} seconds), it is right on
{accuracy} of the {len(test)} test images ({100 * accuracy / len(test):.1f} %).

`sc.fully_connected(sc.from_torch(model, (1, 8, 8)))` made it a fully connected network and checked every matrix
({sum(each.count for each in report.proved):,} comparisons; together {converting:.1f} seconds). [The proof, node by node](experiment-network.txt).

## The same predictions

{compared}

The outputs go up to {largest:.1f} in size. The last line computes with fractions, the weights and pixels being the fractions
that they are, and only products with the matrices: there is nothing to round, so it is what the network
means; the differences above are what the others round.

## What it costs

Times are ratios to the convolution of the same round: {ROUNDS} rounds in which every way runs in turn, the median, and the
quartiles in brackets. The convolution took {alone["convolution"][0] * 1e6:.0f} microseconds for one image, and
{together["convolution"][0] * 1e6 / 64:.1f} microseconds for each of 64 at once. Numbers stored are weights and biases; for the
matrices also those of the pooling, and the biases once for every output. The sparse forms store
a column number of four bytes with every number, and the SciPy and PyTorch forms hold the same arrays. im2col also needs room for the windows while it runs: {windows * 4:,} bytes an image.

{costs}

How that grows with the image: one 3 x 3 convolution alone, from 8 to 8 channels, padding 1, 16 images at a time. Its kernel and bias
have 584 numbers, 2.3 KiB, at every size.

{sizes}

## The verdict

{verdict(alone, together, stored, {size: found for size, (found, _) in layers.items()})}
""",
        encoding="utf-8",
    )
    print("wrote docs/experiment.md and docs/experiment-network.txt")


def fractions(images: Any) -> np.ndarray:
    """The pixels as exact numbers."""
    array = np.empty(images.shape, object)
    array.reshape(-1)[:] = images.reshape(-1).tolist()
    return array


def word(value: float) -> str:
    """A ratio of times in words."""
    return (
        f"{value:.1f} times the time"
        if value >= 1.05
        else f"{value:.2f} of the time"
        if value <= 0.95
        else "the same time"
    )


def verdict(alone: Any, together: Any, stored: Any, layers: dict[int, Any]) -> str:
    """What the numbers say of the claim; the words follow them."""
    base = stored["convolution"][1]
    said = []
    for name in ("im2col", "FC, dense", "FC, sparse (SciPy)"):
        said.append(
            f"- {name}: {stored[name][1] / base:.1f} times the bytes of the convolution's weights; {word(alone[name][2])} for one "
            f"image, {word(together[name][2])} for 64."
        )
    for name in ("dense", "sparse"):
        ratios = {size: found[name][2] for size, found in layers.items()}
        faster = [f"{size} x {size}" for size, value in ratios.items() if value < 1]
        largest = max(ratios)
        where = (
            f"faster than the convolution on {' and '.join(faster)}"
            if faster
            else "at no size faster than the convolution"
        )
        said.append(f"- One layer, {name}: {where}; on {largest} x {largest} it took {word(ratios[largest])}.")
    faster_ways = {
        batch: [name for name in list(stored)[2:] if found[name][2] < 0.95]
        for batch, found in (("one image", alone), ("64 images", together))
    }
    held = [f"for {batch} {' and '.join(names)}" for batch, names in faster_ways.items() if names]
    efficient = (
        f"for this network, whose images are 8 x 8, some were faster than the convolution: {'; '.join(held)}"
        if held
        else "for this network no form with W was faster than the convolution"
    )
    large = all(
        found[name][2] > 1 for name in ("dense", "sparse") for size, found in layers.items() if size == max(layers)
    )
    beyond = "W was slower in both forms" if large else "W was not slower in both forms"
    return "\n".join(
        [
            f"More efficient: {efficient}. For the single layer on {max(layers)} x {max(layers)} {beyond}.",
            "",
            f"Needs much memory: yes, {stored['FC, dense'][1] / base:.0f} times that of the weights dense and "
            f"{stored['FC, sparse (SciPy)'][1] / base:.0f} times sparse, and it grows: with the image's side doubled, a dense W is 16 times as large and a "
            "sparse one about 4 times, while the kernel stays what it is.",
            "",
            *said,
        ]
    )


if __name__ == "__main__":
    main()
