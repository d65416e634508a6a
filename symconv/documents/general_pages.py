"""The pages of the theorems with symbolic sizes: one function for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..formula import Call, Chain, Formula, Group, Juxtapose, Power, Sym, equals
from ..general.axis import C, E, SymbolicAxis, source
from ..general.composition import length, second, second_stride
from ..general.composition import room as composed_room
from ..general.convolution import axes_of, input_entry, kernel, setting
from ..general.sparsity import ends, first_read, last_read
from ..general.terms import Tensor
from ..general.transpose import before, behind
from ..padding import MODES
from ..sizes import Certificate, Size, Var, floor, replaced
from .blocks import (
    Block,
    Display,
    Document,
    Heading,
    Paragraph,
    Statement,
    Table,
    words,
)
from .general_terms import bound, cases, formula
from .size_formulas import shown

if TYPE_CHECKING:
    from ..general.proof import GeneralProof

from .general import (
    Names,
    Said,
    bounds,
    chain_steps,
    defined,
    entry_of,
    holds_words,
    hypotheses,
    induction,
    output,
    page,
    places,
    size_chain,
    zero_by_equation,
)


def read_map_document(proof: GeneralProof) -> Document:
    """The master theorem."""
    part = proof.part("theorem")
    out = Sym("y", ("o",))
    text = words(
        "Let {}, {} and {} be finite sets: output, kernel and input positions. A linear layer is a partial map {} from pairs of an output"
        " and a kernel position to input positions, with a known coefficient {} for each pair. The kernel entries {}, the inputs {} and the"
        " coefficients are elements of a commutative ring. A bracket {} is 1 where the condition holds, and 0 elsewhere.",
        "O", "U", "I", "read", Sym("γ", ("o", "u")), Sym("k", ("u",)), Sym("x", ("i",)), Sym("", ("[condition]",)),
    )  # fmt: skip
    names: Names = {
        "X": words(
            "{} is the input that is read, or 0: at most one term of this sum is not zero", Sym("X", ("o", "u"))
        ),
        "W": words("definition of {}", "W"),
    }
    weight = equals(Sym("W", ("o", "i")), formula(part.facts.definitions["W"].body))
    return page(
        proof,
        ("Every linear layer with a read map is a matrix product",),
        Heading(("Setting",)),
        Paragraph(text),
        Paragraph(
            words(
                "An output is the sum, over the kernel positions, of coefficient, kernel entry and what is read, {}:",
                Sym("X", ("o", "u")),
            )
        ),
        Display(equals(out, formula(part.start)), "definition"),
        Paragraph(words("Let {} be the matrix with", "W")),
        Display(weight, "entry"),
        Statement(
            words(
                "For every output {}, {}: the layer is multiplication by {}.", "o", equals(out, formula(part.end)), "W"
            )
        ),
        chain_steps(
            part,
            out,
            words("Fix an output {}. The sums are finite, so they may be multiplied out and exchanged.", "o"),
            names,
        ),
    )


def weight_matrix_document(proof: GeneralProof) -> Document:
    """A convolution of any size."""
    axes = axes_of(proof.rank)
    axis = SymbolicAxis()
    theorem, entry, zeros = proof.part("theorem"), proof.part("entry"), proof.part("zeros")
    where = setting(axes)
    zero = zero_by_equation(where.known)
    out, weight = output(axes), formula(Tensor("W", entry.start.indices))
    names: Names = {
        "z": words("definition of {}", "z"),
        "W": words("definition of {}", "W"),
        **{
            "holds" + each.number: words("with zeros outside, {} holds {} exactly there", each.t.name, each.p.name)
            for each in axes
        },
    }
    z = Sym("z", ("f", *(each.t.name for each in axes)))
    lemma = proof.part("reads")
    blocks: list[Block] = [
        *hypotheses(proof),
        *induction(proof),
        Heading(("No read leaves the padded input",)),
        Paragraph(words(
            "Tap {} of output {} reads position {}. For {} and {} it lies within the padded input, from {} to {}:",
            axis.u.name, axis.i.name, equals(axis.t.name, shown(axis.position)), Chain("<=", (0, axis.i.name, shown(axis.outputs - 1))),
            Chain("<=", (0, axis.u.name, shown(axis.k - 1))), Chain("-", ("", axis.low.name)), shown(axis.length + axis.high - 1),
        )),
        *bounds(lemma, zero, (axis.t + axis.low, axis.length + axis.high - 1 - axis.t)),
        Paragraph(words(
            "Each of these products is of factors that are not negative. The last bracket is the remainder of the division by {} in {}, which is where the"
            " floor does its work. So a padding mode is asked for no position further out than the padding.", axis.s.name, axis.outputs.name,
        )),
        Heading(("Definition",)),
        Paragraph(words(
            "The output adds up, for each kernel entry {}, the product of it and what it reads. A bias, if there is one, is added on both sides, and left out here:",
            formula(kernel(axes)),
        )),
        Display(equals(out, formula(theorem.start)), "definition"),
        Paragraph(words("where {} is the padded input, made of the inputs {},", "z", formula(input_entry(axes)))),
        Display(equals(z, formula(where.definitions["z"].body)), "padded"),
        Paragraph(holds_words()),
        Heading(("Theorem and proof",)),
        Paragraph(words("Let {} be the matrix with one row for each output and one column for each input, and", "W")),
        Display(equals(weight, formula(where.definitions["W"].body)), "weights"),
        Statement(words("For every output, {}: the layer is multiplication by {}.", equals(out, formula(theorem.end)), "W")),
        chain_steps(theorem, out, words("All sums are finite."), names),
        Heading(("What an entry is",)),
        Paragraph(words("The sums over the kernel are now carried out: for each position {} at most one kernel entry reads it.", axes[0].t.name)),
        chain_steps(entry, weight, (), names),
        Heading(("Zeros outside",)),
        Paragraph(words("With zeros outside, one position holds input {}, which is {}, and the entry is", axes[0].p.name, shown(axes[0].holds))),
        Display(equals(weight, cases(zeros.end)), "zeros"),
        chain_steps(zeros, weight, (), names),
        *modes(proof),
    ]  # fmt: skip
    return page(proof, ("A convolution of any size is a matrix product",), *blocks)


def modes(proof: GeneralProof) -> list[Block]:
    """For each padding mode: its map, that it leads back into the input, and what the sum over positions is."""
    axis = SymbolicAxis()
    kappa, t = Sym("κ", ("t",)), axis.t
    start = proof.part("mode zeros").start
    opening = words(
        "A mode repeats, at a position {} outside the input, the input at another position. That this is a position of the input, for as"
        " much padding as the mode allows, is among the bounds that were checked.", "t",
    )  # fmt: skip
    result = words(
        "Along an axis, write {} for what stands beside {} in the entry: it is the kernel entry that output {} has at position {}, and 0"
        " where it has none. What {} says is put in, and each sum is sifted. So in each mode, for every {}:",
        kappa, Chain("->", ("t", "p")), "i", "t", Chain("->", ("t", "p")), kappa,
    )  # fmt: skip
    maps: list[tuple[str, Said]] = []
    sums: list[tuple[str, Said]] = []
    for name, mode in MODES.items():
        limit = mode.limit(axis.length)  # type: ignore[arg-type]
        allowed = words("; padding at most {}", shown(limit)) if isinstance(limit, Size) else ("; any padding",)
        before, after = mode.before(axis.length), mode.after(axis.length)  # type: ignore[arg-type]
        if before is None or after is None:
            maps.append((name, ("nothing is repeated", *allowed)))
        else:
            said = "{} before the input, {} behind it"
            maps.append((name, (*words(said, shown(source(before, t)), shown(source(after, t))), *allowed)))
        part = proof.part(f"mode {name}")
        sums.append((name, words("{}", equals(formula(start), formula(part.end)))))
    return [
        Heading(("The padding modes",)),
        Paragraph(opening),
        Table(tuple(maps), ("mode", "position that is repeated")),
        Paragraph(result),
        Table(tuple(sums), ("mode", "the sum over the positions that hold input p")),
    ]


def padding_factor_document(proof: GeneralProof) -> Document:
    """Padding as a factor."""
    axes = axes_of(proof.rank)
    part = proof.part("factor")
    v, h = part.facts.definitions["V"], part.facts.definitions["H"]
    weight = formula(part.end)
    names: Names = {
        "V": words("definition of {}", "V"),
        "H": words("definition of {}", "H"),
        "W": words("definition of {}, by the theorem weight_matrix", "W"),
    }
    return page(
        proof,
        ("Padding is a factor of the weight matrix, for every size and padding mode",),
        *hypotheses(proof),
        *induction(proof),
        Heading(("The two factors",)),
        Paragraph(holds_words()),
        Paragraph(words(
            "Let {} be the weight matrix of the layer on the padded input, whose positions {} are counted from 0, without padding; and let {}"
            " pad: it has a one where a position of the padded input holds an input.", "V", places(axes, "h"), "H",
        )),
        Display(equals(defined("V", v), formula(v.body)), "v"),
        Display(equals(defined("H", h), formula(h.body)), "h"),
        Paragraph(words("The weight matrix of the layer itself is, by the theorem weight_matrix,")),
        Display(equals(weight, formula(part.facts.definitions["W"].body)), "w"),
        Statement(words("{}: padding first, then convolving without it, is the layer.", equals("W", Juxtapose(("V", "H"))))),
        chain_steps(part, entry_of("V H", part.end), words("Entry by entry, the product is {}.", formula(part.start)), names),
    )  # fmt: skip


def stride_selection_document(proof: GeneralProof) -> Document:
    """A stride as a selection of rows."""
    axes = axes_of(proof.rank)
    part = proof.part("selection")
    v = part.facts.definitions["V"]
    weight = formula(part.end)
    names: Names = {
        "V": words("definition of {}", "V"),
        "W": words("definition of {}, by the theorem weight_matrix", "W"),
    }
    kept = equals(places(axes, "h"), Sym("", tuple(shown(axis.s * axis.i) for axis in axes)))
    return page(
        proof,
        ("A stride keeps rows of the weight matrix, for every size and padding mode",),
        *hypotheses(proof),
        *induction(proof),
        Heading(("The rows that are kept",)),
        Paragraph(holds_words()),
        Paragraph(words(
            "Let {} be the weight matrix of the same layer, with the same padding, but stride 1; its outputs are {}. And let {} have a one in"
            " row {} where {}, for the same channel.", "V", places(axes, "h"), "R", places(axes, "i"), kept,
        )),
        Display(equals(defined("V", v), formula(v.body)), "v"),
        Paragraph(words("The weight matrix of the layer itself is, by the theorem weight_matrix,")),
        Display(equals(weight, formula(part.facts.definitions["W"].body)), "w"),
        Statement(words("{}: row {} of {} is row {} of {}.", equals("W", Juxtapose(("R", "V"))), places(axes, "i"), "W", kept.parts[1], "V")),
        chain_steps(part, entry_of("R V", part.end), words("Entry by entry, the product is {}.", formula(part.start)), names),
    )  # fmt: skip


def transpose_document(proof: GeneralProof) -> Document:
    """The adjoint."""
    axes = axes_of(proof.rank)
    axis = SymbolicAxis()
    part = proof.part("adjoint")
    sizes, padding = proof.part("sizes"), proof.part("output padding")
    y = part.facts.definitions["Y"]
    names: Names = {
        "W": words("definition of {}, by the theorem weight_matrix", "W"),
        "Y": words("definition of {}", "Y"),
        **{"holds" + each.number: ("with zeros outside, a position holds the input that lies there",) for each in axes},
    }
    left = Sym("v", ("e", *(each.p.name for each in axes)))
    stride, dilation = axis.scale.name, axis.s.name
    low, high = before(axis), behind(axis)
    return page(
        proof,
        ("The transpose of a convolution is a convolution, for every size",),
        *hypotheses(proof),
        *induction(proof),
        Heading(("The adjoint",)),
        Paragraph(words("Outside the input there are zeros. Let {} be a value for each output, and {}:", "y", equals("v", Juxtapose((Power("W", "T"), "y"))))),
        Display(equals(left, formula(part.start)), "adjoint"),
        Paragraph(words("Let {} be {} with {} zeros between its entries and zeros outside, along each axis:", "Y", "y", shown(axis.s - 1))),
        Display(equals(defined("Y", y), formula(y.body)), "dilated"),
        Statement(words(
            "{}: with zeros outside, {} is a convolution with stride {} and input dilation {}, the dilation {} as before, the kernel reversed"
            " and taken from output to input channel, and padding {} before and {} behind.",
            equals(left, formula(part.end)), Power("W", "T"), stride, dilation, axis.d.name, shown(low), shown(high),
        )),
        chain_steps(part, left, words("All sums are finite."), names),
        Heading(("Its sizes",)),
        Paragraph(words(
            "The convolution of the theorem runs over {} positions, and has as many outputs as the layer has inputs:", shown(axis.s * (axis.outputs - 1) + 1),
        )),
        *size_chain(sizes),
        Paragraph(words(
            "Without input dilation, {}, it has stride 1: it is a transposed convolution of stride {}, padding {} and {}, and of output padding {}, the"
            " remainder that the stride leaves, for", equals(axis.scale.name, 1), axis.s.name, axis.low.name, axis.high.name,
            shown(axis.room - axis.s * (axis.outputs - 1)),
        )),
        Display(equals(shown(padding.start), shown(padding.links[-1][1]))),
        Paragraph(words("which is {} here.", axis.n.name)),
    )  # fmt: skip


def composition_document(proof: GeneralProof) -> Document:
    """Two convolutions as one."""
    axes = axes_of(proof.rank)
    axis = SymbolicAxis()
    part, sizes = proof.part("product"), proof.part("sizes")
    w, w2, k = (part.facts.definitions[letter] for letter in ("W", "W'", "K"))
    names: Names = {
        "W": words("definition of {}", "W"),
        "W'": words("definition of {}", "W'"),
        "K": words("definition of {}", "K"),
    }
    later = {letter: second(axis, letter).name for letter in "ksdmiu"}
    return page(
        proof,
        ("A convolution after a convolution is one convolution, for every size",),
        *hypotheses(proof, channels=False),
        Paragraph(words(
            "A second convolution follows, with kernel size {}, stride {}, dilation {}, all at least 1, and {} outputs; it has no padding and no"
            " input dilation. It fits: {}. Each layer has one group, and there are {} channels between them.",
            later["k"], later["s"], later["d"], equals(later["m"], shown(floor(composed_room(axis), second(axis, "s")) + 1)),
            Chain("<=", (shown(second(axis, "d") * (second(axis, "k") - 1) + 1), axis.outputs.name)), "B",
        )),
        *induction(proof),
        Heading(("The two matrices",)),
        Paragraph(holds_words()),
        Paragraph(words("The first layer has matrix {} and kernel {}, the second {} and {}:", "W", "k", "W'", "k'")),
        Display(equals(defined("W", w), formula(w.body)), "first"),
        Display(equals(defined("W'", w2), formula(w2.body)), "second"),
        Paragraph(words("The kernel of the composition has size {} and dilation 1:", shown(length(axis)))),
        Display(equals(defined("K", k), formula(k.body)), "kernel"),
        Statement(words(
            "The entry of {} is {}. So the two layers are one convolution, with kernel {}, stride {}, and the padding and input dilation of the"
            " first. With biases {} and {}, a number for each output, the output is {}.",
            Juxtapose(("W'", "W")), formula(part.end), "K", shown(second_stride(axis)), "β", "β'",
            equals(
                Chain("+", (Juxtapose(("W'", Group(Chain("+", (Juxtapose(("W", "x")), "β"))))), "β'")),
                Chain("+", (Juxtapose(("W'", "W", "x")), Group(Chain("+", (Juxtapose(("W'", "β")), "β'"))))),
            ),
        )),
        chain_steps(part, entry_of("W' W", Tensor("", (C, *(second(each, "i") for each in axes), E, *(each.p for each in axes)))), words("Entry by entry, the product is {}.", formula(part.start)), names),
        Heading(("Its size",)),
        Paragraph(words("Its own formula gives {} outputs too:", later["m"])),
        *size_chain(sizes),
    )  # fmt: skip


def sparsity_document(proof: GeneralProof) -> Document:
    """How many entries are not zero."""
    axis = SymbolicAxis()
    outputs, apart = proof.part("outputs"), proof.part("apart")
    low, first, high, last = ends(axis)
    letters = {first: Var("F"), last: Var("L")}

    def short(size: Size) -> Size:
        return replaced(size, letters.get)

    counted = Chain("-", (Call("min", Chain(",", (shown(high), "L"))), Call("max", Chain(",", (shown(low), "F")))))
    count = equals(Sym("c", (axis.u.name,)), Chain("+", (counted, 1)))
    cases_: tuple[tuple[Formula, Formula], ...] = (
        ("F", "i"),
        ("i", Chain("-", ("F", 1))),
        ("i", "L"),
        (Chain("+", ("L", 1)), "i"),
    )
    rows = []
    for where, each in zip(cases_, outputs.certificates, strict=True):
        shorter = Certificate(short(each.size), tuple(tuple(map(short, product)) for product in each.products))
        rows.append(Paragraph(words("If {}, then {}.", Chain("<=", where), bound(shorter))))
    return page(
        proof,
        ("How many entries of the weight matrix are not zero, for every size",),
        *hypotheses(proof),
        Paragraph(words(
            "Here zeros lie outside the input, and there is no input dilation: {}, so {} is {}. An entry counts as non-zero if a kernel entry stands there.",
            equals(axis.scale.name, 1), axis.length.name, axis.n.name,
        )),
        Heading(("One axis",)),
        Paragraph(words(
            "Tap {} of output {} reads position {}, which is an input where {}, that is, where {} is at least {} and at most {}. Let",
            axis.u.name, axis.i.name, shown(axis.position), Chain("<=", (0, shown(axis.position), shown(axis.n - 1))),
            shown(axis.s * axis.i), shown(first_read(axis)), shown(last_read(axis)),
        )),
        Display(Chain(",", (equals("F", shown(first)), equals("L", shown(last))))),
        *rows,
        Paragraph(words(
            "In each of these the last summand is the remainder of the division by {} in {} or {}, or what it lacks to {}. So tap {} reads an input for the outputs"
            " from {} to {}, as far as they exist. Two taps {} of one output read different positions: {}.",
            axis.s.name, "F", "L", shown(axis.s - 1), axis.u.name, "F", "L", Chain("<", ("v", axis.u.name)), bound(apart.certificates[0]),
        )),
        Statement(words(
            "Along an axis, tap {} reads an input for {} outputs, or for none where this is negative. Each of these pairs is a non-zero entry of its own; there are as"
            " many as the {} add up to, each counted as at least 0. The axes and the channels choose independently: {} has the product of these numbers over its"
            " axes, times {}, times the number {} of output channels.",
            axis.u.name, count, Sym("c", (axis.u.name,)), "W", "A", Juxtapose(("g", "B")),
        )),
    )  # fmt: skip
