"""The rank of a matrix of polynomials: minors, covers, determinants and null vectors, all of them exact.

The generic rank of W is its rank over the field of rational functions in the kernel entries: the rank
that it has for almost every kernel. From below it is bounded by a minor that is not the zero
polynomial, which one integer point and one prime show; from above by a cover (rows and columns that
hold all the non-zero entries, König's theorem) or by null vectors.

References
----------
J. T. Schwartz, "Fast probabilistic algorithms for verification of polynomial identities", 1980: why a
random point hardly ever misses. D. König, "Gráfok és mátrixok", 1931: the cover.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

from .linear import Entry, Exact, product

PRIME = (1 << 31) - 1
Lines = tuple[int, ...]
"""Numbers of rows, or of columns."""


# From below ---------------------------------------------------------------------------------------


def at_point(matrix: Exact, point: Sequence[int], rows: Iterable[int], columns: Sequence[int]) -> Any:
    """Some rows and columns of a matrix for one integer kernel, modulo the prime, as a NumPy array."""
    import numpy as np

    place = {column: n for n, column in enumerate(columns)}
    chosen = list(rows)
    result = np.zeros((len(chosen), len(place)), np.int64)
    for r, row in enumerate(chosen):
        for column, entry in matrix.rows[row].items():
            if column in place:
                result[r, place[column]] = value(entry, point) % PRIME
    return result


def value(entry: Entry, point: Sequence[int]) -> int:
    """A polynomial at an integer point."""
    total = 0
    for monomial, coefficient in entry.items():
        for u in monomial:
            coefficient *= point[u]
        total += coefficient
    return total


def pivots(array: Any) -> tuple[Lines, Lines]:
    """Rows and columns of a submatrix whose determinant is not zero modulo the prime, as large as there is one."""
    import numpy as np

    array = array.copy()
    order = np.arange(len(array))
    columns: list[int] = []
    for column in range(array.shape[1]):
        done = len(columns)
        if done == len(array):
            break
        below = np.flatnonzero(array[done:, column]) + done
        if not len(below):
            continue
        swap = [done, below[0]]
        array[swap], order[swap] = array[swap[::-1]], order[swap[::-1]]
        end = column + int(np.flatnonzero(array[done, column:])[-1]) + 1
        row = array[done, column:end] * pow(int(array[done, column]), -1, PRIME) % PRIME
        rest = np.flatnonzero(array[done + 1 :, column]) + done + 1
        # Products stay below 2^62: no overflow.
        array[rest, column:end] = (array[rest, column:end] - array[rest, column, None] * row) % PRIME
        columns.append(column)
    return tuple(sorted(int(row) for row in order[: len(columns)])), tuple(columns)


# From above ---------------------------------------------------------------------------------------


def distinct_rows(matrix: Exact) -> Lines:
    """The rows that are not zero and not equal to an earlier one; the others add nothing to the rank."""
    seen: dict[Any, int] = {}
    for r, row in enumerate(matrix.rows):
        if row:
            seen.setdefault(tuple((c, tuple(sorted(entry.items()))) for c, entry in sorted(row.items())), r)
    return tuple(sorted(seen.values()))


def cover(matrix: Exact, rows: Lines, columns: Lines) -> tuple[Lines, Lines]:
    """As few of these rows and columns as hold every non-zero entry where they cross (a minimum vertex cover)."""
    wanted = set(columns)
    joins = {r: [c for c in matrix.rows[r] if c in wanted] for r in rows}
    of_row: dict[int, int] = {}
    of_column: dict[int, int] = {}
    for start in rows:  # a matching, made larger along alternating paths
        reached: dict[int, int] = {}
        queue, end = [start], None
        for r in queue:
            for c in joins[r]:
                if c not in reached:
                    reached[c] = r
                    if c not in of_column:
                        end = c
                        break
                    queue.append(of_column[c])
            if end is not None:
                break
        while end is not None:
            r = reached[end]
            of_column[end], of_row[r], end = r, end, of_row.get(r)
    queue = [r for r in rows if r not in of_row]  # what alternating paths reach from there
    free, met = set(queue), set()
    for r in queue:
        for c in joins[r]:
            if c not in met:
                met.add(c)
                if of_column[c] not in free:
                    free.add(of_column[c])
                    queue.append(of_column[c])
    return tuple(r for r in rows if r not in free), tuple(sorted(met))


# Determinants and null vectors --------------------------------------------------------------------


def determinant(matrix: Exact, rows: Lines, columns: Lines) -> Entry:
    """The determinant of some rows and columns: expanded along the rows, one after the other.

    >>> from symconv.algebra.linear import numbers
    >>> determinant(numbers({(0, 0): 2, (0, 1): 3, (1, 0): 1, (1, 1): 5}, 2, 2), (0, 1), (0, 1))
    {(): 7}
    """
    found: dict[frozenset[int], Entry] = {frozenset(): {(): 1}}  # columns used by the rows so far -> minor
    for row in rows:
        after: dict[frozenset[int], Entry] = {}
        for used, minor in found.items():
            for n, column in enumerate(columns):
                if n in used or column not in matrix.rows[row]:
                    continue
                sign = -1 if sum(other > n for other in used) % 2 else 1
                add(after.setdefault(used | {n}, {}), product(minor, matrix.rows[row][column]), sign)
        found = {used: minor for used, minor in after.items() if minor}
    return found.get(frozenset(range(len(columns))), {})


def add(total: Entry, other: Entry, factor: int = 1) -> None:
    """Add a multiple of a polynomial to another, in place."""
    for monomial, coefficient in other.items():
        new = total.get(monomial, 0) + factor * coefficient
        if new:
            total[monomial] = new
        else:
            total.pop(monomial, None)


def null_vectors(matrix: Exact, rows: Lines, columns: Lines, largest: int, terms: int) -> Exact | None:
    """Null vectors of W as columns, one for each column that is not a pivot; None where they would be too long.

    A zero column gives a unit vector, equal columns a difference of two; the others come from Cramer's
    rule on the pivots, whose determinant has at most `largest` rows; a vector of more than `terms` terms is not made shorter.
    """
    across = matrix.transpose()
    kept, seen = set(distinct_rows(across)), {}
    for column in sorted(kept):
        seen[tuple(sorted((r, tuple(sorted(e.items()))) for r, e in across.rows[column].items()))] = column
    vectors: list[dict[int, Entry]] = []
    for column, cells in enumerate(across.rows):
        if column in columns:
            continue
        if column not in kept:
            vector: dict[int, Entry] = {column: {(): 1}}
            if cells:
                vector[seen[tuple(sorted((r, tuple(sorted(e.items()))) for r, e in cells.items()))]] = {(): -1}
        elif len(rows) > largest:
            return None
        else:
            vector = {column: determinant(matrix, rows, columns)}
            for n, pivot in enumerate(columns):
                instead = determinant(matrix, rows, (*columns[:n], column, *columns[n + 1 :]))
                if instead:
                    vector[pivot] = {monomial: -c for monomial, c in instead.items()}
            if sum(map(len, vector.values())) > terms:
                return None
            vector = reduced(vector)
        vectors.append(vector)
    found = Exact(tuple(vectors), matrix.width).transpose()
    return found if not (matrix @ found).nonzeros else None


# Factors, by SymPy --------------------------------------------------------------------------------


def reduced(vector: Mapping[int, Entry]) -> dict[int, Entry]:
    """A vector of polynomials divided by what they have in common."""
    from sympy import gcd_list

    symbols = _symbols(u for entry in vector.values() for monomial in entry for u in monomial)
    common = gcd_list([_to_sympy(entry, symbols) for entry in vector.values()])
    return {at: _divided(entry, common, symbols) for at, entry in vector.items()}


def common_factors(minors: Sequence[Entry]) -> tuple[tuple[Entry, int], ...]:
    """The greatest common divisor of polynomials, factored; without the constant."""
    from sympy import Poly, factor_list, gcd_list

    symbols = _symbols(u for entry in minors for monomial in entry for u in monomial)
    generators = list(symbols.values())
    common = gcd_list([_to_sympy(entry, symbols) for entry in minors])
    factors = [(_from_poly(Poly(f, *generators), symbols), int(power)) for f, power in factor_list(common)[1]]
    return tuple(sorted(factors, key=lambda each: (len(each[0]), sorted(each[0].items()))))


def quotient(factors: Sequence[tuple[Entry, int]], entry: Entry) -> Entry | None:
    """A polynomial divided by the product of the factors, which multiplied out again gives it; None where none does."""
    total: Entry = {(): 1}
    for factor, power in factors:
        for _ in range(power):
            total = product(total, factor)
    symbols = _symbols(u for each in (entry, total) for monomial in each for u in monomial)
    found = _divided(entry, _to_sympy(total, symbols), symbols, exact=False)
    return found if product(found, total) == entry else None


def _symbols(kernel: Iterable[int]) -> dict[int, Any]:
    from sympy import Symbol

    return {u: Symbol(f"k{u}") for u in sorted(set(kernel))} or {0: Symbol("k0")}


def _to_sympy(entry: Entry, symbols: Mapping[int, Any]) -> Any:
    from sympy import Add, Mul

    return Add(*(Mul(c, *(symbols[u] for u in monomial)) for monomial, c in entry.items()))


def _from_poly(poly: Any, symbols: Mapping[int, Any]) -> Entry:
    names = list(symbols)
    return {
        tuple(u for u, power in zip(names, powers, strict=True) for _ in range(power)): int(c)
        for powers, c in poly.terms()
        if c
    }


def _divided(entry: Entry, by: Any, symbols: Mapping[int, Any], exact: bool = True) -> Entry:
    from sympy import Poly, div

    generators = list(symbols.values())
    quotient, rest = div(Poly(_to_sympy(entry, symbols), *generators), Poly(by, *generators))
    if exact and not rest.is_zero:
        raise ValueError("not divisible")
    return _from_poly(quotient, symbols)


# Where the rank drops -----------------------------------------------------------------------------


def all_minors(matrix: Exact, rank: int, most: int, terms: int) -> list[Entry] | None:
    """The minors of that size that are not the zero polynomial; None where there are too many, or one is too long."""
    height, width = matrix.shape
    if comb(height, rank) * comb(width, rank) > most:
        return None
    chosen = ((r, c) for r in combinations(range(height), rank) for c in combinations(range(width), rank))
    minors = []
    for r, c in chosen:
        minor = determinant(matrix, r, c)
        if len(minor) > terms:
            return None
        if minor:
            minors.append(minor)
    return minors


def forced_to_zero(minors: Sequence[Entry], kernel: Iterable[int]) -> tuple[tuple[int, Entry], ...] | None:
    """If all the minors vanish only for k = 0: an order of the kernel entries, and for each the minor that shows it.

    Each minor, with zero for the kernel entries before it in the order, is a power of its own.
    """
    left, order = set(kernel), []
    while left:
        for minor in minors:
            kept = [monomial for monomial in minor if set(monomial) <= left]
            if len(kept) == 1 and kept[0] and len(set(kept[0])) == 1:
                order.append((kept[0][0], minor))
                left.remove(kept[0][0])
                break
        else:
            return None
    return tuple(order)
