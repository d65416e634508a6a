"""W and the outputs in LaTeX, byte for byte what `sympy.latex` writes, without SymPy's walk over every entry.

What the inner lines of a read map write is written once for each kernel entry of the outer ones, and whole rows
are put together from it by `str.join`. SymPy orders the terms of a sum by the names of its symbols, as
strings: k_{10} comes before k_{2}.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cache
from itertools import product as indices
from itertools import repeat
from math import prod
from typing import Any

from .definition import Definition, strides
from .errors import TooLarge
from .matrices import LabelledMatrix, NumberMatrix, ProductRows, unravel
from .readmap import Line, forward_rows, with_quotients
from .symbols import name

LIMIT = 1 << 28
"""Entries of a matrix that is written out; a gigabyte of zeros."""

COLUMN = " & "


def must_fit(rows: int, columns: int) -> None:
    """Refuse more entries than are written out, before W is made."""
    if rows * columns > LIMIT:
        raise TooLarge(f"W is {rows:,} x {columns:,}, {rows * columns:,} entries: too many to write out in LaTeX")


def matrix(of: LabelledMatrix | NumberMatrix) -> str:
    """A matrix whose rows are a product of lines."""
    columns = of.shape[1]

    def entry(kernel: tuple[int, ...]) -> str:
        return names[kernel[0]] if len(kernel) == 1 else " + ".join(sorted(names[u] for u in kernel))

    shape = () if isinstance(of, NumberMatrix) else of.kernel_shape
    names = [f"k_{{{','.join(at)}}}" for at in indices(*[[str(n) for n in range(size)] for size in shape])]
    rows_of_product: Any = of.rows
    body = Written(rows_of_product, number if isinstance(of, NumberMatrix) else entry).whole()
    kind, layout = ("matrix", "") if columns <= 10 else ("array", f"{{{'c' * columns}}}")
    return rf"\left[\begin{{{kind}}}{layout}{body}\end{{{kind}}}\right]"


def number(value: int | Fraction) -> str:
    """A rational number."""
    if value.denominator == 1:
        return str(value)
    return rf"{'- ' if value < 0 else ''}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"


Pattern = tuple[tuple[int, Any], ...]
"""The entries of a row of one line, each by how far it lies behind the first."""


class Written:
    """The rows of a product of lines as text: zeros, then what the entries of one pattern make, then zeros."""

    def __init__(self, product: ProductRows, entry: Callable[[Any], str]) -> None:
        self._combined, self._entry, self._unit = product.combined, cache(entry), product.unit
        lines = product.factors
        widths = strides([inputs for _, inputs in lines])
        every = widths[0] * lines[0][1]
        self._before, self._after = "0 & " * every, " & 0" * every
        self._inner = [prod(len(rows) for rows, _ in lines[depth + 1 :]) for depth in range(len(lines))]
        self._widths = widths
        self._patterns: list[dict[Pattern, int]] = [{} for _ in lines]
        self._lines = [
            self._placed(rows, inputs, width, patterns)
            for (rows, inputs), width, patterns in zip(lines, widths, self._patterns, strict=True)
        ]
        self._known: dict[tuple[int, Any], list[str]] = {}

    def _placed(self, rows: Any, inputs: int, width: int, patterns: dict[Pattern, int]) -> list[tuple[str, int, str]]:
        """The rows of one line: zeros before the first entry, the number of the pattern, zeros after the last."""
        before, after, size = self._before, self._after, 4 * width
        placed = []
        for row in rows:
            if row:
                first = row[0][0]
                pattern = tuple([(p - first, entry) for p, entry in row])
                zeros = before[: size * first], after[: size * (inputs - 1 - row[-1][0])]
            else:
                pattern, zeros = (), (before[: size * inputs - 3], "")
            placed.append((zeros[0], patterns.setdefault(pattern, len(patterns)), zeros[1]))
        return placed

    def whole(self) -> str:
        """All rows."""
        cores = [self._core(0, self._unit, pattern) for pattern in self._patterns[0]]
        return r"\\".join(
            [before + rf"{after}\\{before}".join(cores[number]) + after for before, number, after in self._lines[0]]
        )

    def _rows(self, depth: int, entry: Any) -> list[str]:
        """The rows of the lines from a depth on, times an entry of those before."""
        key = depth, entry
        if key not in self._known:
            cores = [self._core(depth, entry, pattern) for pattern in self._patterns[depth]]
            self._known[key] = [
                f"{before}{row}{after}" for before, number, after in self._lines[depth] for row in cores[number]
            ]
        return self._known[key]

    def _core(self, depth: int, entry: Any, pattern: Pattern) -> list[str]:
        """What stands between the zeros, for each row of the lines inside."""
        last, width, combined = depth == len(self._lines) - 1, self._widths[depth], self._combined
        parts: list[Any] = []  # along the last line a text, else one for each row of the lines inside
        at = 0
        for p, value in pattern:
            if p > at:
                gap = self._before[: 4 * (p - at) * width - 3]
                parts.append(gap if last else repeat(gap))
            inside = combined(entry, value)
            parts.append(self._entry(inside) if last else self._rows(depth + 1, inside))
            at = p + 1
        if last:
            return [COLUMN.join(parts)]
        return list(map(COLUMN.join, zip(*parts, strict=False))) if parts else [""] * self._inner[depth]


# Outputs ------------------------------------------------------------------------------------------

KERNEL, INPUT, END = "\1", "\2", "\n"
"""Within the sums of inner lines: where the indices of the outer ones go, of k and of x; and the end of a sum."""


def outputs(defined: Definition, inputs: Sequence[int]) -> list[str]:
    """Every output in row-major order, read from the definition, forward; inputs are named by their place in that shape."""
    if not defined.read_map.kernel:
        return list(known_sums(defined, inputs))
    lines = defined.read_map.lines
    sums = [f"{KERNEL} {INPUT}"]
    for depth in reversed(range(len(lines))):
        last = depth == len(lines) - 1
        before = ("k_{", "x_{") if depth == 0 else (KERNEL, INPUT)
        sums = along(lines[depth], sums, before, "}" if last else ",")
    if defined.bias:
        channels = lines[0].outputs if defined.bias_indices else 1
        biases = [name("b", (c,) if defined.bias_indices else ()) for c in range(channels)]
        each = len(sums) // channels
        return [" + ".join(filter(None, (biases[n // each], total))) for n, total in enumerate(sums)]
    return sums if all(sums) else [total or "0" for total in sums]


def along(line: Line, inner: list[str], before: tuple[str, str], after: str) -> list[str]:
    """The sums of a line and those inside it, with its indices put into the names."""
    template = END.join(inner)
    empty = not all(inner)
    found: list[str] = []
    by_tap: dict[str, list[str]] = {}  # the text of one tap, in pieces between which the input's index goes
    tap_names = kernel_names(line, after)
    for output, reads in enumerate(forward_rows(line)):
        names = tap_names(output)
        parts = []
        for tap, p in sorted([(names[u], p) for u, p in reads]):
            if tap not in by_tap:
                by_tap[tap] = template.replace(KERNEL, before[0] + tap).split(INPUT)
            parts.append(f"{before[1]}{p}{after}".join(by_tap[tap]).split(END))
        if not parts:
            found += repeat("", len(inner))
        elif empty:
            found += (" + ".join(filter(None, terms)) for terms in zip(*parts, strict=True))
        else:
            found += map(" + ".join, zip(*parts, strict=True))
    return found


def kernel_names(line: Line, after: str) -> Callable[[int], list[str]]:
    """For an output, the kernel's indices along a line, tap by tap; most lines have the same for every output."""

    def names(output: int) -> list[str]:
        env = with_quotients({line.letters.output: output}, *line.kernel_index)
        tap = line.letters.kernel
        return [
            ",".join(str(index.at({**env, tap: u})) for index in line.kernel_index) + after for u in range(line.taps)
        ]

    if any(name != line.letters.kernel for index in line.kernel_index for name, _ in index.terms):
        return names
    every = names(0)
    return lambda output: every


def known_sums(defined: Definition, inputs: Sequence[int]) -> Iterator[str]:
    """Outputs without a kernel: inputs with known coefficients."""
    for _, row in defined.rows():
        terms = sorted((name("x", unravel(p, inputs)), c) for (_, p), c in row.items() if isinstance(p, int))
        text = ""
        for x, coefficient in terms:
            sign = "- " if coefficient < 0 else "+ " if text else ""
            top, bottom = abs(coefficient.numerator), coefficient.denominator
            term = x if top == 1 else f"{top} {x}"
            text += f"{' ' if text else ''}{sign}" + (term if bottom == 1 else rf"\frac{{{term}}}{{{bottom}}}")
        yield text or "0"
