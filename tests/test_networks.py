"""Networks as fully connected networks: the matrices, their proof, damages that it must find, and the page."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
from lanes import many
from test_documents import assert_clean, compile_log

import symconv as sc
from symconv.matrices import LabelledMatrix, NumberMatrix
from symconv.networks import (
    Activation,
    Add,
    Apply,
    Concat,
    Dense,
    FullyConnected,
    Permute,
    Refused,
    Reshape,
    Scale,
    Take,
)


def example(seed: int = 0) -> sc.Network:
    """Every operation once, with weights that are small integers and fractions."""
    kernel = oracle.integers(seed, (2, 1, 3, 3))
    conv = Apply(sc.Conv((4, 3), 3, padding=1, out_channels=2, bias=True), kernel, [Fraction(1, 3), -2])
    ring = Apply(
        sc.Conv(
            (4, 3), (1, 5), padding=((0, 0), (2, 2)), in_channels=2, out_channels=2, groups=2, padding_mode="circular"
        ),
        oracle.integers(seed + 1, (2, 1, 1, 5)),
    )
    nodes = [
        ("conv", conv),
        ("norm", Scale([2, Fraction(-1, 7)], [0, 5])),
        ("relu", Activation("relu")),
        ("ring", ring),
        ("sum", Add(), "ring", "relu"),
        ("cat", Concat(), "sum", "input", "norm"),
        ("pool", sc.AvgPool((4, 3), 2, channels=5, stride=1)),
        ("flat", Reshape()),
        ("fc", Apply(sc.Linear(30, 2, bias=True), oracle.integers(seed + 2, (2, 30)), [1, 1])),
        ("last", Activation("leaky_relu", (Fraction(1, 8),))),
    ]  # fmt: skip
    return sc.Network((1, 4, 3), nodes)


def by_hand(network: sc.Network, x: np.ndarray) -> np.ndarray:
    """The same network with the oracle's convolutions and NumPy, exactly."""
    weights = {node.name: node.operation for node in network.nodes}
    conv, ring, fc = (weights[name] for name in ("conv", "ring", "fc"))
    config = {"input_size": (4, 3), "kernel_size": 3, "padding": 1, "out_channels": 2}
    y = oracle.convolve(config, x, conv.kernel, conv.offset)
    norm = y * np.array([2, Fraction(-1, 7)], object)[:, None, None] + np.array([0, 5], object)[:, None, None]
    relu = np.maximum(norm, 0)
    config = {"input_size": (4, 3), "kernel_size": (1, 5), "padding": ((0, 0), (2, 2)), "in_channels": 2,
              "out_channels": 2, "groups": 2, "padding_mode": "circular"}  # fmt: skip
    added = oracle.convolve(config, relu, ring.kernel) + relu
    cat = np.concatenate([added, x, norm], 0)
    pooled = (cat[:, :-1, :-1] + cat[:, 1:, :-1] + cat[:, :-1, 1:] + cat[:, 1:, 1:]) * Fraction(1, 4)
    last = fc.kernel @ pooled.reshape(-1) + 1
    return np.where(last > 0, last, last * Fraction(1, 8))


def test_every_operation_exactly() -> None:
    for seed in range(5):
        network = example(seed)
        dense = sc.fully_connected(network)
        x = oracle.integers(seed, (3, 1, 4, 3))
        ours = dense(x)
        assert ours.dtype == object
        assert ours.tolist() == [by_hand(network, each.astype(object)).tolist() for each in x]
        assert dense(x[0]).tolist() == ours[0].tolist()
        floats = dense(x.astype(float))
        assert floats.dtype == np.float64
        np.testing.assert_allclose(floats, ours.astype(float), rtol=1e-12)


def test_the_matrices_are_those_of_the_layers() -> None:
    dense = sc.fully_connected(example())
    for node in dense.nodes:
        if isinstance(node.operation, Apply):
            layer, kernel = node.operation.layer, node.operation.kernel
            numbers = None if kernel is None else kernel.astype(float)
            np.testing.assert_array_equal(node.to_scipy().toarray(), layer.to_numpy(numbers))
    eye = np.eye(24)
    np.testing.assert_array_equal(dense["sum"].to_scipy().toarray(), np.hstack([eye, eye]))
    np.testing.assert_array_equal(dense["cat"].to_scipy().toarray(), np.eye(60))
    assert dense["relu"].matrix is None


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_concatenation_along_any_axis(axis: int) -> None:
    shapes = [[2, 3, 4], [2, 3, 4]]
    shapes[1][axis] = 5
    first, second = (oracle.integers(n, shape) for n, shape in enumerate(shapes))
    flat = np.concatenate([first.reshape(-1), second.reshape(-1)])
    size = first.size
    parts = sc.Network(
        (len(flat),),
        [
            ("a", sc.Linear(len(flat), size), "input"), ("A", Reshape(tuple(shapes[0]))),
            ("b", sc.Linear(len(flat), second.size), "input"), ("B", Reshape(tuple(shapes[1]))),
            ("cat", Concat(axis), "A", "B"),
        ],
    )  # fmt: skip
    nodes = [
        (node.name, Apply(node.operation.layer, np.eye(len(flat), dtype=int)[slice(0, size) if node.name == "a" else slice(size, None)])
         if isinstance(node.operation, Apply) else node.operation, *node.inputs)
        for node in parts.nodes
    ]  # fmt: skip
    dense = sc.fully_connected(sc.Network((len(flat),), nodes))
    assert dense(flat).tolist() == np.concatenate([first, second], axis).tolist()


def test_the_page_says_along_which_axis_is_concatenated() -> None:
    dense = sc.fully_connected(sc.Network((2, 3), [("cat", Concat(1), "input", "input")]))
    said = "one tensor after the other along index 1 (counted from 0) is a permutation of the stacked entries"
    assert said in " ".join(dense.render("text").split())


def test_symbols_give_the_definition() -> None:
    """A residual block with nothing but symbols is the layers' own outputs, put together."""
    from sympy import Function, expand

    conv = sc.Conv((2, 2), 3, padding=1, padding_mode="circular", bias=True)
    network = sc.Network(
        (1, 2, 2), [("f", conv), ("norm", Scale()), ("sigma", Activation("tanh")), ("sum", Add(), "sigma", "input")]
    )
    dense = sc.fully_connected(network)
    x, k, b = conv.symbols()
    f = dense["f"].operation
    put = dict(zip([*k.reshape(9).tolist(), *b.tolist()], [*f.kernel.flat, *f.offset.flat], strict=True))
    assert str(f.kernel.flat[1]) == "k^{f}_{0,0,0,1}"
    ((s,), (t,)) = dense["norm"].operation.scale, dense["norm"].operation.offset
    ours = dense(x)
    for n, defined in enumerate(conv.flat_output()):
        value = ours.reshape(-1)[n]
        entry = x.reshape(4).tolist()[n]
        inside = (value - entry).args[0]
        assert value == Function("tanh")(inside) + entry
        assert expand(inside - s * defined.subs(put, simultaneous=True) - t) == 0


def test_a_layer_is_a_network_of_one_node() -> None:
    layer = sc.Conv((3,), 2)
    dense = sc.fully_connected(layer)
    k = dense["layer"].operation.kernel.reshape(-1)
    assert dense([[1, 10, 100]]).tolist() == [[k[0] + 10 * k[1], 10 * k[0] + 100 * k[1]]]
    with pytest.raises(sc.NotApplicable, match="symbols"):
        dense([[1.0, 2.0, 3.0]] @ np.eye(3))


def test_what_leaves_the_rational_numbers_is_not_computed_with_them() -> None:
    dense = sc.fully_connected(sc.Network((2,), [("tanh", Activation("tanh"))]))
    with pytest.raises(sc.NotApplicable, match="tanh of a rational number is not rational"):
        dense([1, 2])
    np.testing.assert_allclose(dense(np.array([1.0, 2.0])), np.tanh([1, 2]))


def test_refused_nodes_are_listed_and_the_rest_is_converted() -> None:
    pool = Refused("MaxPool2d", "which input it takes depends on the inputs", (1, 2, 2))
    nodes = [("conv", sc.Conv((4, 4), 3, padding=1)), ("pool", pool), ("flat", Reshape()), ("fc", sc.Linear(4, 2))]
    dense = sc.fully_connected(sc.Network((1, 4, 4), nodes))
    assert dense.refused == {"pool": pool}
    assert dense["fc"].matrix is not None
    assert dense["pool"].matrix is None
    assert "pool: MaxPool2d is not converted." in dense.render("text")
    with pytest.raises(sc.NotApplicable, match=r"pool \(MaxPool2d\) is no part of .* refused=\{'pool': function\}"):
        dense(np.ones((1, 4, 4), int))


# Damages ------------------------------------------------------------------------------------------


def damaged(dense: FullyConnected, at: int, **changes: Any) -> FullyConnected:
    nodes = list(dense.nodes)
    nodes[at] = replace(nodes[at], **changes)
    return FullyConnected(dense.source, tuple(nodes))


def rows_damaged(node: Dense, rng: random.Random) -> LabelledMatrix | NumberMatrix:
    """The matrix with one entry moved, changed or lost."""
    matrix = node.matrix
    assert matrix is not None
    rows = [dict(row) for row in matrix.rows]
    row = rng.choice([n for n, each in enumerate(rows) if each])
    column = rng.choice(sorted(rows[row]))
    value = rows[row].pop(column)
    how = rng.choice(("moved", "changed", "lost"))
    if how == "moved":
        free = [c for c in range(matrix.shape[1]) if c not in rows[row] and c != column]
        rows[row][rng.choice(free) if free else column] = value if free else (0,)
    if how == "changed":
        other = (value[0] + 1 if value[0] == 0 else value[0] - 1, *value[1:]) if isinstance(value, tuple) else value + 1
        rows[row][column] = other
    return replace(matrix, rows=tuple(rows))


def test_every_damaged_matrix_is_found() -> None:
    dense = sc.fully_connected(example())
    rng = random.Random(0)
    for at, node in enumerate(dense.nodes):
        if node.matrix is not None:
            for _ in range(many(20, 5)):
                assert not damaged(dense, at, matrix=rows_damaged(node, rng)).check()


def test_every_damaged_number_bias_and_connection_is_found() -> None:
    dense = sc.fully_connected(example())
    for at, node in enumerate(dense.nodes):
        if isinstance(node.operation, Apply):
            for n in (0, len(node.entries[0]) - 1):
                broken = replace(node)
                data = node.entries[0].copy()
                data[n] += 1
                broken.__dict__["entries"] = (data, *node.entries[1:])
                nodes = (*dense.nodes[:at], broken, *dense.nodes[at + 1 :])
                report = FullyConnected(dense.source, nodes).check()
                assert "the numbers are not those of the matrix" in str(report)
        if node.bias is not None:
            bias = node.bias.copy()
            bias[-1] += 1
            assert "the bias is another channel's" in str(damaged(dense, at, bias=bias).check())
        other = replace(node.node, inputs=("input",))
        assert "no node of the network" in str(damaged(dense, at, node=other).check())
    assert "another number of nodes" in str(FullyConnected(dense.source, dense.nodes[:-1]).check())
    with pytest.raises(sc.ProofFailed):
        FullyConnected(dense.source, dense.nodes[:-1]).render("text")


def test_a_theorem_that_fails_for_a_layer_fails_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    from symconv.readmap import Axis

    right, dense = Axis.meets, sc.fully_connected(sc.Conv((4,), 2))
    monkeypatch.setattr(Axis, "meets", lambda axis, p: right(axis, p) if p else {})
    broken = FullyConnected(dense.source, dense.nodes)
    assert "weight_matrix fails for Conv(input_size=(4,), kernel_size=2)" in str(broken.check())
    with pytest.raises(sc.ProofFailed):
        broken.verified()


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([], "nodes=(): must be at least one"),
        ([("conv", sc.Conv((5, 5), 3))], "conv: input=(1, 4, 4): Conv(input_size=(5, 5), kernel_size=3) takes an input of shape (1, 5, 5)"),
        ([("sum", Add(), "input", "other")], "inputs='other': sum comes before it, or it is no node"),
        ([("sum", Add(), "input")], "sum: inputs=((1, 4, 4),): must be two or more of one shape"),
        ([("flat", Reshape((3,)))], "flat: shape=(3,): must have the 16 entries of (1, 4, 4)"),
        ([("a", Reshape()), ("a", Reshape())], "name='a': is the name of two nodes"),
        ([("relu", "relu")], "operation='relu': must be a layer or an operation"),
        ([("pool", Refused("MaxPool2d", "no"))], "pool: shape=None: the output of MaxPool2d has no known shape"),
        ([("norm", Scale([1, 2], [0]))], "norm: scale of shape (2,): must have the shape (1,)"),
        ([Activation("relu")], "must be tuples (name, operation, *inputs)"),
        ([("sum", Add((1, 2, 3)), "input", "input")], "sum: multiples=(1, 2, 3): must be one number for each of the 2 inputs. Valid: Add((1, 1))"),
        ([("flat", Reshape(), "input"), ("cat", Concat(), "flat", "input")], "cat: inputs=((16,), (1, 4, 4)): must agree in all sizes but that of axis 0"),
        ([("cat", Concat(3), "input", "input")], "must agree in all sizes but that of axis 3"),
        ([("relu", Activation("relu"), "input", "input")], "relu: inputs=((1, 4, 4), (1, 4, 4)): must be 1, and there are 2"),
        ([("take", Take(((0,), (1, 2))))], "take: indices=((0,), (1, 2)): must be those of each axis of (1, 4, 4)"),
        ([("take", Take(((0,), (1, 4), (0,))))], "must lie within the shape (1, 4, 4)"),
        ([("take", Take(((0,), (), (0,))))], "must lie within the shape (1, 4, 4)"),
        ([("move", Permute((0, 1, 1)))], "move: axes=(0, 1, 1): must name each axis of (1, 4, 4) once. Valid: Permute((2, 1, 0))"),
    ],
)  # fmt: skip
def test_networks_that_do_not_fit(nodes: list[Any], message: str) -> None:
    with pytest.raises(sc.SpecError) as found:
        sc.Network((1, 4, 4), nodes)
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Activation("leaky_relu", 5), r"parameters=5: must be a tuple of numbers. Valid: \(5,\)"),  # type: ignore[arg-type]
        (lambda: Concat("a"), "axis='a': must be an integer"),  # type: ignore[arg-type]
        (lambda: Reshape((-1, -3)), r"shape=\(-1, -3\): must be a tuple of sizes of at least 1"),
        (lambda: Refused("a", "b", "ab"), "shape='ab': must be a tuple of sizes"),  # type: ignore[arg-type]
        (lambda: sc.Network((1, 3), [("c", Take(((0,), "ab")))]), "must be a tuple of numbers for each axis"),  # type: ignore[arg-type]
        (lambda: sc.Network((1, 3), None), "nodes=None: must be a list of nodes"),  # type: ignore[arg-type]
        (
            lambda: sc.Network((1, 3), [("r", Reshape())], "other"),
            "output='other': must be the name of a node. Valid: output='r'",
        ),
        (lambda: Apply("conv"), "layer='conv': must be a layer"),  # type: ignore[arg-type]
        (lambda: Activation("relu", (1,)), r"parameters=\(1,\): relu takes at most 0"),
        (lambda: Scale([np.ones(2), np.ones((2, 2))], [0]).concrete("a", [(1,)]), "scale=.*: is no array: "),
    ],
)
def test_operations_that_are_none(make: Any, message: str) -> None:
    with pytest.raises(sc.SpecError, match=message):
        make()


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        (
            {"max": lambda h: h},
            r"refused\['max'\] gives an array of shape \(1, 1, 2\) .*: must give numbers of shape \(1, 1, 1\)",
        ),
        ({"max": lambda h: "abc"}, r"shape \(\) and dtype <U3"),
        ({"min": abs}, "must be a dictionary with a function for each name of max. Valid: {'max': function}"),
        ({"max": 5}, "must be a dictionary with a function"),
        ([abs], "must be a dictionary with a function"),
    ],
)
def test_functions_for_what_was_refused_must_fit(functions: Any, message: str) -> None:
    nodes = [("max", Refused("MaxPool1d", "it depends on the input", (1, 1)))]
    network = sc.fully_connected(sc.Network((1, 2), nodes))
    with pytest.raises(sc.SpecError, match=message):
        network([[1, 2]], functions)
    with pytest.raises(sc.SpecError, match="where something was refused, and here nothing was"):
        sc.fully_connected(sc.Conv((3,), 2))([[1, 2, 3]], functions)


def test_a_batch_of_none_has_no_outputs() -> None:
    assert sc.fully_connected(sc.Network((1, 3), [("norm", Scale([1], [0]))]))(np.zeros((0, 1, 3))).shape == (0, 1, 3)


def test_weights_that_do_not_fit() -> None:
    with pytest.raises(sc.SpecError, match=r"kernel of shape \(2,\): must have the shape \(1, 1, 2\)"):
        Apply(sc.Conv((4,), 2), [1, 2])
    with pytest.raises(sc.SpecError, match="finite floats"):
        Apply(sc.Conv((4,), 2), [[[1.0, float("nan")]]])
    with pytest.raises(sc.SpecError, match="has no kernel"):
        Apply(sc.AvgPool((4,), 2), [1, 2])
    with pytest.raises(sc.SpecError, match="name='softmax': must be one of relu"):
        Activation("softmax")
    with pytest.raises(sc.SpecError, match="must be a network or a layer"):
        sc.fully_connected("network")  # type: ignore[arg-type]
    dense = sc.fully_connected(example())
    with pytest.raises(sc.SpecError, match=r"x of shape \(4, 3\): must have the shape \(1, 4, 3\)"):
        dense(np.ones((4, 3)))
    with pytest.raises(sc.SpecError, match="name='none': must be one of conv"):
        dense["none"]


def test_a_node_says_what_it_is_in_one_line() -> None:
    """Not the thousands of numbers that it holds; and why there is no matrix where there is none."""
    nodes = [
        ("conv", Apply(sc.Conv((4,), 3), [[[1, 2, 3]]])),
        ("act", Activation("relu")),
        ("max", Refused("MaxPool1d", "which input it takes depends on the input", (1, 1))),
    ]
    network = sc.fully_connected(sc.Network((1, 4), nodes))
    assert repr(sc.fully_connected(sc.Network((4,), [("flat", Reshape())])).nodes[0]) == "<flat: Reshape, matrix 4 x 4>"
    assert repr(network.source.nodes) == (
        "(<conv: Conv(input_size=(4,), kernel_size=3), from input>, <act: relu, from conv>, "
        "<max: MaxPool1d, not converted, from act>)"
    )
    assert [repr(node) for node in network.nodes] == [
        "<conv: Conv(input_size=(4,), kernel_size=3), matrix 2 x 4>", "<act: relu>", "<max: MaxPool1d, not converted>",
    ]  # fmt: skip
    with pytest.raises(sc.NotApplicable, match="max has no matrix: which input it takes depends on the input"):
        network["max"].to_scipy()
    with pytest.raises(sc.NotApplicable, match="act has no matrix: an activation is not linear"):
        network["act"].to_scipy()


def test_a_network_of_the_nodes_of_another() -> None:
    network = example()
    assert sc.Network(network.input_shape, network.nodes) == network
    part = sc.Network(network.input_shape, network.nodes, "relu")
    x = oracle.integers(0, (1, 4, 3))
    assert part.output_shape == (2, 4, 3)
    assert (
        sc.fully_connected(part)(x).tolist() == sc.fully_connected(sc.Network((1, 4, 3), network.nodes[:3]))(x).tolist()
    )


def test_the_numbers_of_a_matrix_of_zeros() -> None:
    assert (
        sc.fully_connected(sc.Network((2,), [("none", Scale([0, 0], [1, 2]))]))([[5, 7], [1, 1]]).tolist()
        == [[1, 2]] * 2
    )


def test_without_scipy_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(
        sc.MissingPackage, match=r"to_scipy needs SciPy, which is not installed: pip install 'symconv\[scipy\]'"
    ):
        sc.fully_connected(example())["sum"].to_scipy()


def test_operations_with_arrays_are_equal_where_their_numbers_are() -> None:
    one, two, other = (Apply(sc.Conv((3,), 2), [[[1, last]]]) for last in (2, 2, 3))
    assert one == two
    assert one != other
    assert one != Scale([1], [2])


def test_a_page_that_there_is_not() -> None:
    dense = sc.fully_connected(example())
    with pytest.raises(sc.SpecError, match="a network is written as latex"):
        dense.render("json")


# The page -----------------------------------------------------------------------------------------


def test_a_large_network_costs_nothing_until_it_is_computed() -> None:
    """The first layers of VGG-16, on half its size: 10^8 entries, and every one of them is said for sure."""
    nodes = [
        ("conv1", sc.Conv((112, 112), 3, in_channels=3, out_channels=64, padding=1)),
        ("relu1", Activation("relu")),
        ("conv2", sc.Conv((112, 112), 3, in_channels=64, out_channels=64, padding=1)),
    ]
    dense = sc.fully_connected(sc.Network((3, 112, 112), nodes))
    text = " ".join(dense.render("text").split())
    assert "were not compared one by one" in text
    assert "456,933,376 of its" in text
    with pytest.raises(sc.TooLarge, match=r"conv2 has 456,933,376 entries"):
        dense["conv2"].numbers(float)


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (Scale([1, 0], [0, 0]), "; 2 of its 16 entries are not zero."),
        (Scale([0, 0], [1, 2]), ", and all its entries are zero."),
        (Scale(), "; 4 of its 16 entries are not always zero."),
        (Take(((1,), (0,))), "; 1 of its 4 entries is not zero."),
        (Permute((1, 0)), "the axes change places, so the entries do: a permutation"),
        (sc.Conv((2,), 1, 2, 2), "; 8 of its 16 entries are not always zero."),
        (sc.Conv((2,), 2, 2), ", and none of its entries is always zero."),
        (sc.AvgPool((2,), 1, 2), "; 4 of its 16 entries are not zero."),
    ],
)
def test_the_page_says_how_many_entries_are_zero(operation: Any, said: str) -> None:
    """For some weights, of a layer; of numbers, as they are: a batch normalisation's weight can be zero."""
    network = sc.fully_connected(sc.Network((2, 2), [("node", operation)]))
    assert said in " ".join(network.render("text").split())


def test_the_page_in_every_format(pdflatex: str, tmp_path: Path) -> None:
    network = example()
    pool = ("a_very_long_name.with$specials%.pool", Refused("MaxPool1d", "it depends & so on", (1,)))
    long = sc.Network((1, 4, 3), [*((n.name, n.operation, *n.inputs) for n in network.nodes), pool])
    dense = sc.fully_connected(long)
    assert_clean(compile_log(pdflatex, tmp_path, dense.render("latex", standalone=True)))
    for format in ("markdown", "html"):
        assert "weight_matrix" in dense.render(format).replace("\\", "")
    text = dense.render("text")
    assert max(map(len, text.splitlines())) <= 80
    assert str(dense) == text
    assert dense._repr_markdown_() == dense.render("markdown")
