"""The documents: what a finished derivation says, section by section.

Setting, definition, output size, flattening, the matrix, theorem and proof, what the matrix looks
like, what was checked. Everything said is read off the configuration or its checked proof.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

from .document import (
    Block,
    Cell,
    Display,
    Document,
    Emph,
    Heading,
    Inline,
    Long,
    Math,
    Matrix,
    Paragraph,
    Picture,
    ProofStep,
    Statement,
    Steps,
    Table,
    words,
)
from .formula import Call, Chain, Entry, Floor, Formula, Group, Juxtapose, Power, SetOf, Sym, Typeset, Words, equals, plus, position, times
from .definition import strides
from .matrices import LabelledMatrix
from .proof import Proof
from .readmap import Axis, ReadMap, Table as ReadTable
from .rules import flattened
from .sums import COLUMNS, INPUT, KERNEL, WEIGHT, number, variable
from .wording import (
    COLUMN_RULE,
    DEFINITION,
    ENTRY_RULE,
    batch_formula,
    bias_terms,
    cited,
    claim_parts,
    column_row,
    definition_formula,
    entry_rule,
    held_sets,
    matrix_entry,
    output_symbol,
    padded_input,
    reads_twice,
    reason_parts,
    theorem_formula,
)

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
FULL_COLUMNS = 36
FULL_ROWS = 36
ALL_ROWS_TERMS = 160
LONG_ROW = 36


def weight_matrix_document(proof: Proof) -> Document:
    """The whole derivation of vec(Y) = W vec(X) + b."""
    layer = proof.layer
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *flattening(layer),
        *the_matrix(proof),
        Statement(
            words("{}: the layer is a fully connected layer with weight matrix {}", theorem_formula(layer.definition), WEIGHT)
            + words(". For a batch, one input in each row of {}, this is {}.", "X", batch_formula(layer.definition))
        ),
        steps(proof),
        *rows(proof),
        *shape_of_matrix(proof),
        *checked(proof),
    ]
    return Document(title(layer, "is a matrix product"), tuple(blocks), key(proof))


def im2col_document(proof: Proof) -> Document:
    """The whole derivation of Y = K C + b."""
    layer = proof.layer
    bias = words(", plus the bias of its channel in each row") if layer.bias else ()
    blocks: list[Block] = [
        *setting(layer),
        *definition(layer),
        *output_size(layer),
        *columns_matrix(proof),
        Statement(words("{}", im2col_formula(layer)) + (": the layer is the product of its kernel matrix and the matrix of the inputs it reads",) + bias + (".",)),
        steps(proof),
        *checked(proof),
    ]
    return Document(title(layer, "is a product with the matrix of what it reads"), tuple(blocks), key(proof))


def card(layer: Any) -> Document:
    """A layer at a glance, for a notebook."""
    return Document(title(layer, None), (*setting(layer), *definition(layer, picture=False)), "card")


# Who it is about ----------------------------------------------------------------------------------


def key(proof: Proof) -> str:
    """A short name, unique to theorem and configuration, for labels."""
    return hashlib.sha256(f"{proof.theorem.name} {proof.layer!r}".encode()).hexdigest()[:8]


def is_linear(layer: Any) -> bool:
    """A layer without spatial axes: fully connected from the start."""
    return not layer.read_map.axes


def noun(layer: Any) -> str:
    return "convolution" if layer.flip_kernel else "cross-correlation"


def title(layer: Any, claim: str | None) -> tuple[Inline, ...]:
    if is_linear(layer):
        parts = words("A fully connected layer from {} to {} features", layer.in_features, layer.out_features)
    else:
        start = "An" if str(layer.kernel_size[0])[0] == "8" or layer.kernel_size[0] in (11, 18) else "A"
        parts = words(start + " {} convolution of a {} input", times(layer.kernel_size), times(layer.input_size))
        if len(layer.kernel_size) == 1:
            parts = words("A convolution of {} inputs with a kernel of {}", layer.input_size[0], layer.kernel_size[0])
    return (*parts, f" {claim}") if claim else parts


def per_axis(values: Sequence[int]) -> Formula:
    """One number where all axes agree, else one for each axis."""
    return values[0] if len(set(values)) == 1 else Chain("x", tuple(values))


def count_of(amount: int, singular: str) -> str:
    """2 outputs, one input."""
    return f"one {singular}" if amount == 1 else f"{amount:,} {singular}s"


def setting(layer: Any) -> list[Block]:
    """The configuration in words and as a table, and the conventions."""
    rank = len(layer.read_map.axes)
    if is_linear(layer):
        opening = words(
            "Every one of the {} outputs is a sum over all {} inputs, each with its own weight.",
            layer.out_features, layer.in_features,
        )  # fmt: skip
        conventions = words("*Conventions.* Indices start at {}.", 0)
        return [Heading(("Setting",)), Paragraph((*opening, " ", *conventions))]
    x_letters = tuple(variable(line.letters.input) for line in layer.read_map.lines)
    k_letters = tuple(index for line in layer.read_map.lines for index in line.kernel_index)
    channels = (
        "One input channel and one output channel."
        if layer.in_channels == layer.out_channels == 1
        else f"{_capital(count_of(layer.in_channels, 'input channel'))} and {count_of(layer.out_channels, 'output channel')}"
        + (f" in {layer.groups} groups." if layer.groups > 1 else ".")
    )
    opening = words(
        channels + " The kernel {} is {} and moves over the input {}, which is {}, in steps of {}",
        equals("K", Group(Sym(KERNEL, k_letters))), times(layer.kernel_size),
        equals("X", Group(Sym(INPUT, x_letters))), times(layer.input_size), per_axis(layer.stride),
    )  # fmt: skip
    gaps = [", without padding" if not any(map(any, layer.padding)) else ""]
    gaps.append(" and without gaps" if gaps[0] and set(layer.dilation) == set(layer.input_dilation) == {1} else "")
    if layer.flip_kernel:
        meaning = 'Here “convolution” has its mathematical meaning: the kernel is reversed along every axis.'
    else:
        meaning = 'As in deep-learning software, “convolution” means cross-correlation: the kernel is not reversed.'
    order = "row by row" if rank == 2 else "with the last index running fastest"
    conventions = words("*Conventions.* " + meaning + " Indices start at {}. {} lists the entries of {} " + order + ".", 0, Call("vec", "A"), "A")
    table: list[tuple[str, tuple[Inline, ...]]] = [
        ("input", words("{}, {} channel" + "s" * (layer.in_channels > 1), times(layer.input_size), layer.in_channels)),
        ("kernel", words("{}", times(layer.kernel_size))),
        ("output", words("{}, {} channel" + "s" * (layer.out_channels > 1), times(layer.output_shape[1:]), layer.out_channels)),
        ("stride", words("{}", per_axis(layer.stride))),
        ("padding", _padding_words(layer)),
        ("dilation", words("{}", per_axis(layer.dilation))),
    ]
    if set(layer.input_dilation) != {1}:
        table.append(("input dilation", words("{}", per_axis(layer.input_dilation))))
    if layer.groups > 1:
        table.append(("groups", words("{}", layer.groups)))
    table.append(("bias", ("one for each output channel",) if layer.bias else ("none",)))
    return [Heading(("Setting",)), Paragraph((*opening, "".join(gaps) + ".")), Table(tuple(table)), Paragraph(conventions)]


def _capital(words_: str) -> str:
    return words_[:1].upper() + words_[1:]


def _padding_words(layer: Any) -> tuple[Inline, ...]:
    if not any(map(any, layer.padding)):
        return ("none",)
    mode = layer.padding_mode + (f" ({layer.read_map.axes[0].rule.sketch})" if layer.padding_mode != "zeros" else "")
    if len(set(layer.padding)) == 1 and layer.padding[0][0] == layer.padding[0][1]:
        return words("{} on every side, " + mode, layer.padding[0][0])
    sides = ", ".join(f"{low} before and {high} after" for low, high in layer.padding)
    crops = " (a negative number crops)" if min(map(min, layer.padding)) < 0 else ""
    return (sides + (" along each axis in turn" if len(layer.padding) > 1 else "") + f"{crops}, {mode}",)


# What it does -------------------------------------------------------------------------------------


def definition(layer: Any, picture: bool = True) -> list[Block]:
    """The defining sum, typeset from the code that runs, and what the padded input is."""
    defined = layer.definition
    y = output_symbol(layer.read_map)
    formula = equals(y, Typeset(definition_formula(defined), defined.latex))
    if is_linear(layer):
        text = words("Output {} is the sum of all inputs, each times its weight" + (", plus a bias" if layer.bias else "") + ":", y)
    else:
        each = "each kernel entry" if layer.in_channels == 1 else "each input channel" + (" of its group" if layer.groups > 1 else "") + " and each kernel entry"
        text = words(
            "The output {} adds up, for " + each + ", the product of the kernel entry and the input below it" + (", and the bias of its channel" if layer.bias else "") + ":",
            equals("Y", Group(y)),
        )
    blocks: list[Block] = [Heading(("Definition",)), Paragraph(text), Display(formula, DEFINITION)]
    if layer.read_map.padded:
        blocks += _padded_blocks(layer)
    if picture and (drawn := window_picture(layer)) is not None:
        blocks.append(drawn)
    return blocks


def _padded_blocks(layer: Any) -> list[Block]:
    formulas = padded_input(layer.read_map)
    axes: Sequence[Axis] = [axis for axis in layer.read_map.axes if axis.mode is not None]
    if not layer.read_map.folded:
        kind = "the input with zeros around it" if max(map(max, layer.padding)) > 0 else "the input"
        kind += " and zeros between its entries" if any(axis.scale > 1 for axis in axes) else ""
        return [Paragraph(words("Here {} is " + kind + ":", "z")), Display(formulas[0])]
    gaps = ""
    if any(axis.scale > 1 for axis in axes):
        gaps = "; a position whose quotient is not an integer lies between two inputs and holds zero"
    text = words(f"Here {{}} is the padded input, {layer.padding_mode} padding sending {axes[0].rule.sketch.split('|')[1]} to {axes[0].rule.sketch}{gaps}:", "z")
    return [Paragraph(text), *(Display(formula) for formula in formulas)]


def output_size(layer: Any) -> list[Block]:
    """The formula for the output size in words, then with this configuration's numbers."""
    axes = layer.read_map.axes
    if not axes:
        return []
    general = Floor(Words("input + padding − dilation · (kernel − 1) − 1"), Words("stride"))
    blocks: list[Block] = [
        Heading(("Output size",)),
        Paragraph(words("The window starts at every multiple of the stride from which the whole kernel still lies on the padded input:")),
        Display(equals(Words("output"), plus(general, 1))),
    ]
    if any(axis.scale > 1 for axis in axes):
        blocks.append(Paragraph(words("where the input counts with the zeros between its entries, {}.", Words("input dilation · (size − 1) + 1"))))
    along: dict[tuple[object, ...], list[int]] = {}
    for n, axis in enumerate(axes):
        along.setdefault((axis.length, axis.low, axis.high, axis.dilation, axis.taps, axis.stride), []).append(n)
    parts: list[Inline] = []
    for which in along.values():
        axis = axes[which[0]]
        numbers = Words(f"({axis.length} + {_sign(axis.low)} + {_sign(axis.high)} − {axis.dilation} · ({axis.taps} − 1) − 1)/{axis.stride}")
        if len(which) == len(axes):
            parts.append("Here this is " if len(axes) == 1 else "Along each axis this is ")
        else:
            parts.append(f"{'; along' if parts else 'Along'} the {_listed(ORDINALS[n] for n in which)} ax{'is' if len(which) == 1 else 'es'} this is ")
        parts.append(Math(equals(plus(Floor(numbers, None), 1), axis.outputs)))
    parts += [", so ", Math("Y"), " is ", Math(times(layer.output_shape[1:])), " in each channel." if layer.out_channels > 1 else "."]
    return [*blocks, Paragraph(tuple(parts))]


def _sign(value: int) -> str:
    return str(value) if value >= 0 else f"(−{-value})"


def _listed(items: Iterable[str]) -> str:
    texts = list(items)
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def flattening(layer: Any) -> list[Block]:
    """Which position becomes which row and column."""
    lines = layer.read_map.lines
    if len(lines) == 1:
        sizes = lines[0].inputs, lines[0].outputs
        return [Heading(("Flattening",)), Paragraph(words("{} and {} are vectors already: {} and {}, where {} is the ring that the entries come from.",
            "X", "Y", _in_ring(Call("vec", "X"), sizes[0]), _in_ring(Call("vec", "Y"), sizes[1]), "R"))]  # fmt: skip
    inputs = position(tuple(variable(line.letters.input) for line in lines))
    outputs = position(tuple(variable(line.letters.output) for line in lines))
    column = flattened([(line.letters.input, line.inputs) for line in lines])
    row = flattened([(line.letters.output, line.outputs) for line in lines])
    text = words(
        "Input position {} becomes entry {} of {}, and output position {} becomes entry {} of {}, where {} is the ring that the entries come from.",
        inputs, column, _in_ring(Call("vec", "X"), prod(line.inputs for line in lines)),
        outputs, row, _in_ring(Call("vec", "Y"), prod(line.outputs for line in lines)), "R",
    )  # fmt: skip
    if layer.bias:
        text += words(" {} holds the bias {} at every output.", Call("vec", "B"), bias_terms(layer.definition)[0])
    return [Heading(("Flattening",)), Paragraph(text)]


def _in_ring(vector: Formula, size: int) -> Formula:
    return Chain("in", (vector, Power("R", size)))


# The matrix ---------------------------------------------------------------------------------------


def the_matrix(proof: Proof) -> list[Block]:
    """The rule for an entry of W, then W itself, or what can be shown of it."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    rule, summed = entry_rule(proof)
    where = " Its entry is the sum of the kernel entries that lie on the input" if summed else " Its entry says which kernel entry lies on the input"
    inputs = position(tuple(variable(line.letters.input) for line in read_map.lines))
    outputs = position(tuple(variable(line.letters.output) for line in read_map.lines))
    blocks: list[Block] = [
        Heading(("The weight matrix",)),
        Paragraph(words("Let {} have one row for each output and one column for each input." + where + " {} when output {} is computed:", WEIGHT, inputs, outputs)),
        Display(rule, ENTRY_RULE),
    ]
    if summed:
        blocks += _held_blocks(read_map)
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    rows_, columns = matrix.shape
    if rows_ <= FULL_ROWS and columns <= FULL_COLUMNS:
        if reads_twice(read_map):
            blocks.append(Paragraph(("Where one output reads the same input several times, the entry is a sum of kernel entries.",)))
        blocks.append(weight_grid(layer, matrix))
    else:
        blocks.append(
            Paragraph(words("{} is {}, too large to print in full; the rule above gives every entry of it, and typical rows are written out below.", WEIGHT, times(matrix.shape)))
        )
    return blocks


def _held_blocks(read_map: ReadMap) -> list[Block]:
    axes = [axis for axis in read_map.axes if axis.mode is not None]
    parts: list[Inline] = [
        "where ", Math(Sym("Z", (variable(axes[0].letters.input),))), " is the set of positions of the padded input that hold input ",
        Math(variable(axes[0].letters.input)), ", and a kernel entry whose index is not an integer in its range counts as zero. ",
    ]  # fmt: skip
    seen: dict[Axis, list[Axis]] = {}
    for axis in axes:
        seen.setdefault(axis, []).append(axis)
    for axis, same in seen.items():
        formulas, more = held_sets(axis)
        p = variable(axis.letters.input)
        own = words("{}", equals(Sym("Z", (p,)), SetOf((p * axis.scale,))))
        along = "Along " + ("the axis" if len(read_map.axes) == 1 else _names(same)) + ", "
        if formulas:
            listed = words(", ".join("{}" for _ in formulas), *formulas)
            parts += [along, *listed, ", and so on" if more else "", " and otherwise ", *own, ". "]
        else:
            parts += [along, "always ", *own, ". "]
    return [Paragraph(tuple(part for part in parts if part != ""))]


def _names(axes: Sequence[Axis]) -> str:
    letters = [axis.letters.input for axis in axes]
    return "the axis of " + (letters[0] if len(letters) == 1 else ", ".join(letters[:-1]) + " and that of " + letters[-1])


def kernel_symbol(layer: Any, entry: int, matrix: LabelledMatrix) -> Formula:
    """The symbol of a kernel entry by its number."""
    return Sym(KERNEL, tuple(number(n) for n in matrix.kernel_position(entry)))


def kernel_name(layer: Any, at: Sequence[int]) -> str:
    """The name of a kernel entry as its SymPy symbol has it: k_{0,2}."""
    return f"k_{{{','.join(map(str, at if layer.definition.bias_indices else at[2:]))}}}"


def short_position(at: Sequence[int]) -> str:
    """(0, 1, 2)."""
    return f"({', '.join(map(str, at))}{',' if len(at) == 1 else ''})"


def colour_of(entry: int, matrix: LabelledMatrix) -> tuple[int, int]:
    """Hue by the leading indices of a kernel entry, shade by the last."""
    last = matrix.kernel_shape[-1]
    return (entry // last, entry % last) if len(matrix.kernel_shape) > 1 else (entry, 1)


def short_name(entry: int) -> str:
    """a, b, ..., z, A, ..., Z, a1, b1, ...: a kernel entry in a terminal."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    turn, letter = divmod(entry, len(alphabet))
    return alphabet[letter] + (str(turn) if turn else "")


def weight_cell(layer: Any, entry: tuple[int, ...], matrix: LabelledMatrix) -> Cell:
    """One non-zero entry of W."""
    symbols = [kernel_symbol(layer, u, matrix) for u in entry]
    colour = colour_of(entry[0], matrix) if len(entry) == 1 else (-1, 0)
    return Cell(plus(*symbols), colour, "+".join(short_name(u) for u in entry))


def weight_grid(layer: Any, matrix: LabelledMatrix) -> Matrix:
    """W with its labels, colours and, for a terminal, its letters."""
    cells = {
        (row, column): weight_cell(layer, entry, matrix)
        for row, line in enumerate(matrix.rows)
        for column, entry in line.items()
    }
    used = sorted({u for line in matrix.rows for entry in line.values() for u in entry})
    return Matrix(
        tuple(position_symbol("y", matrix.row_position(row)) for row in range(matrix.shape[0])),
        tuple(position_symbol(INPUT, matrix.column_position(column)) for column in range(matrix.shape[1])),
        cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        tuple((short_name(u), kernel_symbol(layer, u, matrix)) for u in used),
    )


def position_symbol(letter: str, at: Sequence[int]) -> Formula:
    """x_{0,1}."""
    return Sym(letter, tuple(number(n) for n in at))


# The proof ----------------------------------------------------------------------------------------


def steps(proof: Proof) -> Steps:
    """The numbered steps, each with its reason."""
    lines = proof.layer.read_map.lines
    ranges = {line.letters.output: line.outputs for line in lines}
    bounds = [Chain("<=", (0, variable(name), size - 1)) if size > 1 else equals(variable(name), 0) for name, size in ranges.items()]
    opening = words("Fix an output {} with " + ", ".join("{}" for _ in bounds) + ".", position(tuple(map(variable, ranges))), *bounds)
    if len(lines) > 1:
        opening += words(" Each sum is a product of one sum for each index, so a step that holds along every index holds for their product.")
    numbered = tuple(
        ProofStep(cited(n), claim_parts(step.claim, proof), reason_parts(n, step, proof)) for n, step in enumerate(proof.steps, 1)
    )
    return Steps(opening, numbered)


def row_formula(layer: Any, matrix: LabelledMatrix, row: int, cells: Any, limit: int | None = LONG_ROW) -> Formula:
    """One row of W times vec(X), written out; a very long one with dots in its middle."""
    terms: list[Formula] = [position_symbol("b", matrix.row_position(row)[:1] if layer.definition.bias_indices else ())] if layer.bias else []
    for column, entry in sorted(cells.items()):
        kernel = plus(*(kernel_symbol(layer, u, matrix) for u in entry))
        x = position_symbol(INPUT, matrix.column_position(column))
        terms.append(Juxtapose((Group(kernel) if len(entry) > 1 else kernel, x)))
    if limit is not None and len(terms) > limit:
        terms = [*terms[: limit // 3], Words("…"), *terms[-(limit // 6) :]]
    return plus(*terms) if terms else 0


def rows(proof: Proof) -> list[Block]:
    """Rows of W vec(X): all while they fit, else one of each kind and how many were checked unprinted."""
    layer = proof.layer
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    total = matrix.shape[0]
    blocks: list[Block] = []
    read_map: ReadMap = layer.read_map
    terms = read_map.nonzeros * max(len(taps) for table in read_map.tables for row in table for taps in row.values()) if read_map.nonzeros else 0
    if terms <= ALL_ROWS_TERMS and total <= 24:
        chosen, intro = list(range(total)), f"All {total} rows:" if total > 1 else "The one row:"
    else:
        chosen = representative_rows(read_map)
        intro = "Typical rows, one for each way in which the window can meet the border:" if len(chosen) > 1 else "A typical row:"
    example = chosen[len(chosen) // 2] if len(chosen) < total else pictured_row(read_map)
    y = position_symbol("y", matrix.row_position(example))
    left = Entry(Group(Juxtapose((WEIGHT, Call("vec", "X")))), number(example))
    blocks.append(Paragraph(words("For instance, row {} of {}" + (" and the bias" if layer.bias else "") + ":", example, WEIGHT)))
    bias: tuple[Formula, ...] = (position_symbol("b", matrix.row_position(example)[:1] if layer.definition.bias_indices else ()),) if layer.bias else ()
    blocks.append(Long(equals(plus(left, *bias) if bias else left, row_formula(layer, matrix, example, matrix.rows[example]), y)))
    others = [row for row in chosen if row != example]
    if others:
        blocks.append(Paragraph((intro,)))
        blocks += [Long(equals(position_symbol("y", matrix.row_position(row)), row_formula(layer, matrix, row, matrix.rows[row]))) for row in (chosen if len(chosen) == total else others)]
    if len(chosen) < total:
        means = "every entry" if "entries" in proof.check().levels else "axis by axis"
        blocks.append(Paragraph((f"The other {count_of(total - len(chosen), 'row')} {'is' if total - len(chosen) == 1 else 'are'} not printed; all {total:,} were checked, {means}.",)))
    return blocks


def pictured_output(read_map: ReadMap) -> tuple[int, ...]:
    """The output whose window the picture shows: the second along the last index."""
    last = len(read_map.lines) - 1
    return tuple(min(1, line.outputs - 1) if n == last else 0 for n, line in enumerate(read_map.lines))


def pictured_row(read_map: ReadMap) -> int:
    """Its row of W."""
    steps_ = strides([line.outputs for line in read_map.lines])
    return sum(o * step for o, step in zip(pictured_output(read_map), steps_, strict=True))


def row_kinds(table: ReadTable) -> list[int]:
    """The first output of each kind along one axis: same taps in the same pattern are the same kind."""
    kinds: dict[tuple[Any, ...], int] = {}
    for output, row in enumerate(table):
        first = min(row, default=0)
        kinds.setdefault(tuple((p - first, taps) for p, taps in sorted(row.items())), output)
    return sorted(kinds.values())


def representative_rows(read_map: ReadMap, limit: int = 9) -> list[int]:
    """Row numbers that show each kind of row: interior and borders, and one channel of each of two groups."""
    choices = []
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels:
            groups = read_map.channels.groups
            choices.append([0] if groups == 1 else [0, read_map.channels.outputs // groups])
        else:
            choices.append(row_kinds(table))
    while prod(map(len, choices)) > limit:
        longest = max(choices, key=len)
        longest.pop(len(longest) // 2) if len(longest) > 2 else longest.pop()
    shape = [line.outputs for line in read_map.lines]
    result = [0]
    for options, size in zip(choices, shape, strict=True):
        result = [row * size + option for row in result for option in options]
    return result


# What it looks like -------------------------------------------------------------------------------


def shape_of_matrix(proof: Proof) -> list[Block]:
    """Non-zeros, zeros, how often each kernel entry occurs, and the structure along each axis, with its reason."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    matrix: LabelledMatrix = proof.matrices[WEIGHT]
    size, nonzeros, parameters = prod(matrix.shape), read_map.nonzeros, prod(matrix.kernel_shape)
    zeros = size - nonzeros
    parts: list[Inline] = [Math(WEIGHT), f" has {nonzeros:,} non-zero entr{'y' if nonzeros == 1 else 'ies'} and {zeros:,} zero{'' if zeros == 1 else 's'}"]
    if len(read_map.lines) > 1 or not is_linear(layer):
        factors = tuple(sum(map(len, table)) for table in read_map.tables)
        if len(factors) > 1:
            parts += [", the product of what each index has: ", Math(equals(Chain("dot", factors), nonzeros))]
    parts.append(". ")
    low, high = occurrences(read_map)
    often = f"{low:,} time{'' if low == 1 else 's'}" if low == high else f"between {low:,} and {high:,} times"
    parts.append(f"Every kernel entry occurs {often}: {parameters:,} parameter{'' if parameters == 1 else 's'} instead of {size:,}. " if parameters != size else "Every entry is a parameter of its own. ")
    blocks: list[Block] = [Heading(words("What {} looks like", WEIGHT)), Paragraph(tuple(parts))]
    sentences = structure(read_map)
    if sentences:
        blocks.append(Paragraph((" ".join(sentences),)))
    return blocks


def occurrences(read_map: ReadMap) -> tuple[int, int]:
    """How often the rarest and the most frequent kernel entry occurs in W."""
    low = high = 1
    for line, table in zip(read_map.lines, read_map.tables, strict=True):
        if line is read_map.channels:
            continue  # an entry (c, a) of the kernel occurs exactly once among the channels
        counts = [0] * line.taps
        for row in table:
            for taps in row.values():
                for tap in taps:
                    counts[tap] += 1
        low, high = low * min(counts), high * max(counts)
    return low, high


def structure(read_map: ReadMap) -> list[str]:
    """What moving to the next output does to a row of W, along each axis; decided on the axis' own table."""
    if not read_map.axes:
        return []
    tables = read_map.tables[-len(read_map.axes) :]
    kinds = [axis_structure(axis, table) for axis, table in zip(read_map.axes, tables, strict=True)]
    along: dict[tuple[str, int], list[str]] = {}
    for n, kind in enumerate(kinds):
        along.setdefault(kind, []).append(ORDINALS[n])
    sentences = []
    for (kind, step), axes in along.items():
        if kind == "single":
            continue
        where = "Along each axis, moving" if len(axes) == len(kinds) > 1 else f"Along the {_listed(axes)} ax{'is' if len(axes) == 1 else 'es'}, moving" if len(kinds) > 1 else "Moving"
        moves = f"{where} to the next output moves the row"
        if kind == "circulant":
            sentences.append(f"{moves} one column on, around the border: a circulant matrix, since circular padding closes the axis to a ring.")
        elif kind == "toeplitz":
            sentences.append(f"{moves} one column on: a Toeplitz matrix, since an entry depends only on the difference of input and output.")
        elif kind == "shift":
            sentences.append(f"{moves} {step} columns on, as far as the stride moves the window.")
        else:
            sentences.append(f"{moves} on only in part: " + ("at the border the padding repeats inputs." if read_map.folded else "the windows meet the gaps between the inputs in different places."))
    if len(kinds) > 1 and all(kind == "toeplitz" for kind, _ in kinds) and read_map.channels.outputs == read_map.channels.inputs == 1:
        sentences.append("So the matrix is block Toeplitz with Toeplitz blocks." if len(kinds) == 2 else "So W is block Toeplitz, level by level.")
    return sentences


def axis_structure(axis: Axis, table: ReadTable) -> tuple[str, int]:
    """circulant, toeplitz, shift (by the step given), single (one output), or irregular."""
    outputs, inputs = len(table), axis.inputs
    if outputs == 1:
        return "single", 0
    pairs = list(zip(table, table[1:], strict=False))
    if outputs == inputs and all({(p + 1) % inputs: taps for p, taps in row.items()} == after for row, after in [*pairs, (table[-1], table[0])]):
        return "circulant", 1
    for step in dict.fromkeys((1, axis.stride // axis.scale)):
        if step and all(_shifted(row, after, step, inputs) for row, after in pairs):
            return ("toeplitz", 1) if step == 1 else ("shift", step)
    return "irregular", 0


def _shifted(row: dict[int, Any], after: dict[int, Any], step: int, inputs: int) -> bool:
    moved = {p + step: taps for p, taps in row.items() if p + step < inputs}
    return moved == {p: taps for p, taps in after.items() if p >= step}


# im2col -------------------------------------------------------------------------------------------


def im2col_formula(layer: Any) -> Formula:
    """Y = K C + B, for each group its own block."""
    groups = layer.read_map.channels.groups
    bias: tuple[Formula, ...] = ("B",) if layer.bias else ()
    if groups == 1:
        return equals("Y", plus(Juxtapose(("K", COLUMNS)), *bias))
    g = variable("g")
    indexed: tuple[Formula, ...] = (Sym("B", (g,)),) if layer.bias else ()
    return equals(Sym("Y", (g,)), plus(Juxtapose((Sym("K", (g,)), Sym(COLUMNS, (g,)))), *indexed))


def columns_matrix(proof: Proof) -> list[Block]:
    """K, C and Y as matrices; the rule for an entry of C, and C itself while it fits."""
    layer = proof.layer
    read_map: ReadMap = layer.read_map
    definition_ = layer.definition
    matrix: LabelledMatrix = proof.matrices[COLUMNS]
    channels = read_map.channels
    rows_, columns = matrix.shape
    block = rows_ // channels.groups
    members = channels.outputs // channels.groups
    signal = definition_.sums[0].factors[1].letter
    row_letters = tuple(column_index(line) for line in read_map.lines)
    column_letters = [variable(axis.letters.output) for axis in read_map.axes]
    reads = Sym(signal, tuple(_plain_position(line) for line in read_map.lines))
    text = words(
        "Write {} as a matrix with one row for each output channel and one column for each output position, and {} as one with a row for each output channel and a column for each kernel entry of it, {}. ",
        "Y", "K", times((channels.outputs, block)),
    ) + words("Let {} have a row for each of these kernel entries and a column for each output position; its entry is what is read there:", COLUMNS)  # fmt: skip
    blocks: list[Block] = [
        Heading(("The matrix of what is read",)),
        Paragraph(text),
        Display(equals(matrix_entry(COLUMNS, row_letters, column_letters), reads), COLUMN_RULE),
    ]
    if channels.groups > 1:
        blocks.append(Paragraph(words(
            "Group {} uses its own {} rows of {}, one block {} for each group, and its own {} rows of {} and of {}.",
            "g", block, COLUMNS, Sym(COLUMNS, ("g",)), members, "K", "Y")))  # fmt: skip
    if rows_ <= FULL_ROWS and columns <= FULL_COLUMNS:
        zero = "; an entry is zero where the window lies on the padding" if len(matrix.rows) and any(len(row) < columns for row in matrix.rows) else ""
        blocks.append(Paragraph(words("{} is {}" + zero + ".", COLUMNS, times(matrix.shape))))
        blocks.append(columns_grid(layer, matrix))
    else:
        blocks.append(Paragraph(words("{} is {}, too large to print in full; the rule above gives every entry of it.", COLUMNS, times(matrix.shape))))
        output = matrix.shape[1] // 2
        held = [matrix.rows[row].get(output) for row in range(min(rows_, 12))]
        shown: list[Formula] = [position_symbol(INPUT, matrix.kernel_position(entry[0])) if entry else 0 for entry in held]
        dots = [Words("…")] if rows_ > 12 else []
        blocks.append(Paragraph(words("For instance, column {} holds, from the top:", output)))
        blocks.append(Long(Chain(",", (*shown, *dots))))
    return blocks


def column_index(line: Any) -> Formula:
    """The row letter of C along one line: the kernel's, and for channels the one that is read."""
    return column_row(line) if isinstance(line, Axis) else variable(line.letters.input)


def _plain_position(line: Any) -> Formula:
    return line.position if isinstance(line, Axis) else variable(line.letters.input)


def columns_grid(layer: Any, matrix: LabelledMatrix) -> Matrix:
    """C with its labels."""
    cells = {}
    for row, line in enumerate(matrix.rows):
        for column, (entry,) in line.items():
            at = matrix.kernel_position(entry)
            cells[row, column] = Cell(position_symbol(INPUT, at), None, ".".join(map(str, at)) if max(at, default=0) > 9 else "".join(map(str, at)))
    kernel = proof_kernel_labels(layer, matrix)
    outputs = tuple(Sym("", tuple(number(n) for n in matrix.column_position(column))) for column in range(matrix.shape[1]))
    return Matrix(
        kernel, outputs, cells,
        matrix.row_shape[-1] if len(matrix.row_shape) > 1 else 0,
        matrix.column_shape[-1] if len(matrix.column_shape) > 1 else 0,
        ((("01" if len(matrix.kernel_shape) > 1 else "0"), position_symbol(INPUT, (0, 1)[: max(1, min(2, len(matrix.kernel_shape)))])),),
    )  # fmt: skip


def proof_kernel_labels(layer: Any, matrix: LabelledMatrix) -> tuple[Formula, ...]:
    """The rows of C: positions (e, u, v)."""
    return tuple(Sym("", tuple(number(n) for n in matrix.row_position(row))) for row in range(matrix.shape[0]))


# The picture --------------------------------------------------------------------------------------


def window_picture(layer: Any) -> Picture | None:
    """Kernel * input = output with one window in colour, for small one- and two-dimensional layers of one channel."""
    axes = layer.read_map.axes
    small = len(axes) in (1, 2) and layer.in_channels == layer.out_channels == 1
    widths = sum(axis.taps if n else axis.inputs + axis.low + axis.high for n, axis in enumerate(axes[-1:] * 2))
    if not small or widths > 11 or max(len(axis.padded_range) for axis in axes) > 8 or layer.input_dilation != (1,) * len(axes):
        return None
    from .matrices import weight_matrix

    matrix = weight_matrix(layer.read_map)
    output = pictured_output(layer.read_map)

    def grid(sizes: Sequence[range], cell: Any) -> tuple[tuple[Cell, ...], ...]:
        if len(sizes) == 1:
            return (tuple(cell((n,)) for n in sizes[0]),)
        return tuple(tuple(cell((m, n)) for n in sizes[1]) for m in sizes[0])

    def kernel_cell(at: tuple[int, ...]) -> Cell:
        flat = at[0] if len(at) == 1 else at[0] * axes[1].taps + at[1]
        return Cell(position_symbol(KERNEL, at), colour_of(flat, matrix))

    window: dict[tuple[int, ...], int] = {}
    for flat in range(prod(matrix.kernel_shape)):
        at = matrix.kernel_position(flat)
        spot = tuple(axis.position.at({axis.letters.output: o, axis.letters.kernel: u}) for axis, o, u in zip(axes, output, at, strict=True))
        window[spot] = flat  # type: ignore[index]

    def input_cell(at: tuple[int, ...]) -> Cell:
        source = [axis.fold(t) for axis, t in zip(axes, at, strict=True)]
        formula: Formula = 0 if None in source else position_symbol(INPUT, source)  # type: ignore[arg-type]
        return Cell(formula, colour_of(window[at], matrix) if at in window else None)

    def output_cell(at: tuple[int, ...]) -> Cell:
        return Cell(position_symbol("y", at), (-1, 0) if at == output else None)

    kernel = grid([range(axis.taps) for axis in axes], kernel_cell)
    signal = grid([axis.padded_range for axis in axes], input_cell)
    result = grid([range(axis.outputs) for axis in axes], output_cell)
    name = f"output {position_words(output)}"
    reversed_ = ", reversed," if layer.flip_kernel else ""
    return Picture((kernel, signal, result), ("star", "="), f"The kernel{reversed_} lies on the window of the input that {name} reads; equal colours are multiplied.")


def position_words(at: Sequence[int]) -> str:
    return str(at[0]) if len(at) == 1 else f"({', '.join(map(str, at))})"


# What was checked ---------------------------------------------------------------------------------


def checked(proof: Proof) -> list[Block]:
    """How many claims were checked, by which means; nothing more than is true."""
    report = proof.check()
    proved = [each for each in report.proved if each.step is not None]
    compared = sum(each.count for each in proved)
    numbered = len(proof.steps) - len(report.omitted)
    parts = [f"the {numbered} proof steps, in form and in value, index by index ({compared:,} comparisons)"]
    for each in report.proved:
        if each.what.startswith(("every entry", "K C multiplied")):
            parts.append(f"{each.what} ({each.count:,} non-zero terms, and no others)")
        elif "SymPy" in each.what:
            parts.append(f"{each.what}, for all {each.count:,} outputs")
    text: list[Inline] = [Emph("Checked before printing:"), " " + "; ".join(parts) + "."]
    if report.omitted:
        text.append(" Not proved here: " + "; ".join(report.omitted) + ".")
    if "entries" not in report.levels:
        text.append(" The entries were not also compared one by one.")
    text.append(" The statement is proved for this configuration, over every commutative ring.")
    return [Paragraph(tuple(text), small=True)]


