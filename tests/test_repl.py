"""At a REPL and in a notebook: short reprs, tab completion, rich displays, explanations."""

from __future__ import annotations

import pickle
from random import Random

import pytest
from gallery import GALLERY

import symconv as sc


def test_a_repr_hides_defaults_and_evaluates_back() -> None:
    assert repr(sc.Conv((4, 4), (3, 3))) == "Conv(input_size=(4, 4), kernel_size=3)"
    assert repr(sc.Conv((4,), 3, padding=((2, 0),))) == "Conv(input_size=(4,), kernel_size=3, padding=((2, 0),))"
    assert repr(sc.Linear(3, 2, bias=True)) == "Linear(in_features=3, out_features=2, bias=True)"
    for layer, _ in GALLERY.values():
        assert eval(repr(layer), vars(sc)) == layer


def test_tab_completion_shows_what_a_user_wants() -> None:
    shown = dir(sc.Conv((4,), 2))
    assert "weight_matrix" in shown
    assert {"padding", "to_latex", "output_latex"} <= {*shown}
    assert not [name for name in shown if name.startswith("_")]
    assert dir(sc.prove(sc.Conv((4,), 2))) == ["check", "layer", "level", "matrices", "render", "steps", "theorem"]
    assert sorted(sc.__all__) == dir(sc)
    assert all(hasattr(sc, name) for name in sc.__all__)
    for layer, _ in GALLERY.values():
        assert all(hasattr(layer, name) for name in dir(layer))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'convolve'"):
        sc.convolve  # noqa: B018


def test_names_mean_the_same_whatever_was_used_first() -> None:
    """A lazy name must not turn into the module it lives in."""
    sc.prove(sc.Conv((3,), 2))
    assert callable(sc.theorems)
    assert callable(sc.prove)


def test_notebooks_show_layers_and_proofs_as_markdown() -> None:
    layer = sc.Conv((4, 4), 3, padding=1)
    assert "$$" in layer._repr_markdown_()
    assert layer._repr_markdown_().startswith("# A $3\\times 3$ convolution")
    assert sc.prove(layer)._repr_markdown_() == sc.prove(layer).render("markdown")
    assert "\\displaystyle" in layer.weight_matrix()._repr_latex_()
    assert str(sc.prove(layer)).startswith("A 3×3 convolution")


def test_a_layer_and_a_proof_can_be_pickled() -> None:
    for layer, theorem in list(GALLERY.values())[:6]:
        proof = sc.prove(layer, theorem)
        again = pickle.loads(pickle.dumps(proof))
        assert again.layer == layer
        assert again.render("text") == proof.render("text")


SENTENCES = [
    (sc.Conv((4, 4), 3), (0, 0, 1), (0, 0, 3), "W[1, 3] is k_{0,2}: it lies on input (0, 0, 3) when output (0, 0, 1) is computed."),
    (sc.Conv((4, 4), 3), (0, 0, 0), (0, 0, 3), "W[0, 3] is 0: along axis 1, output 0 reads positions 0 to 2, and input 3 lies outside the window."),
    (sc.Conv((5,), 2, dilation=2), (0, 0), (0, 1), "W[0, 1] is 0: output 0 reads positions 0 to 2 in steps of 2, and input 1 falls between two entries of the dilated kernel."),
    (sc.Conv((2,), 1, 4, 4, groups=2), (0, 0), (2, 0), "W[0, 4] is 0: input channel 2 belongs to group 1 and output channel 0 to group 0."),
    (sc.Conv((2,), 3, padding=1, padding_mode="circular"), (0, 0), (0, 1), "W[0, 1] is k_{0} + k_{2}: output (0, 0) reads input (0, 1) 2 times, since circular padding repeats it."),
    (sc.Conv((3,), 2, padding=((0, 3),)), (0, 4), (0, 0), "W[4, 0] is 0: output 4 reads positions 4 to 5 of the padded input (its whole window lies on the padding), and input 0 lies at 0, outside the window."),
    (sc.Conv((6,), 3, padding=((-2, 0),)), (0, 0), (0, 1), "W[0, 1] is 0: input 1 is cut off by the negative padding."),
    (sc.Linear(3, 2), (1,), (2,), "W[1, 2] is k_{1,2}: it lies on input (2,) when output (1,) is computed."),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "output", "input", "sentence"), SENTENCES)
def test_an_entry_is_explained_in_one_sentence(
    layer: sc.Layer, output: tuple[int, ...], input: tuple[int, ...], sentence: str
) -> None:
    assert layer.explain(output=output, input=input) == sentence
    assert layer.explain(*eval(sentence[1 : sentence.index("]") + 1])) == sentence  # by row and column of W


def test_explanations_agree_with_w() -> None:
    """For every gallery layer and random entries: the names in the sentence are those in W, and 0 is where it is."""
    rng = Random(5)
    for layer, _ in GALLERY.values():
        if layer.read_map.nonzeros > 20_000:
            continue
        weights = layer.weight_matrix()
        for _ in range(20):
            output = tuple(rng.randrange(size) for size in layer.output_shape)
            source = tuple(rng.randrange(size) for size in layer.input_shape)
            said = layer.explain(output, source)
            row, column = eval(said[1 : said.index("]") + 1])
            entry = weights[row, column]
            names = said[said.index("] is ") + 5 : said.index(":")]
            assert sorted(names.split(" + ")) == sorted(map(str, entry.as_ordered_terms()))


@pytest.mark.parametrize(
    ("output", "input"), [((0, 0), (0, 0, 0)), ((0, 0, 2), (0, 0, 0)), ((0, 0, 0), (0, -1, 0)), ((0, 0, 0.0), (0, 0, 0)), (4, 0), (0, 16), (0, -1), (True, 0), (0, 1.0), ("3", 0)]
)  # fmt: skip
def test_a_position_outside_is_refused(output: object, input: object) -> None:
    with pytest.raises(sc.SpecError, match="must"):
        sc.Conv((4, 4), 3).explain(output, input)  # type: ignore[arg-type]
