"""Where the cells of a tensor stand: a column of channels, each a row of slices, each a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from .model import NOTE, Frame, Item, Label, extent

GAP, NAME, AROUND = 12, 18, 6  # between two grids, above a grid that has a name, and around a group of channels


class Place:
    """The place of one tensor. `ranges` are its positions along the spatial axes.

    The last axis is drawn to the right and the one before it downwards; the one before that is a row
    of slices.
    """

    def __init__(self, channels: int, ranges: Sequence[range], cell: tuple[int, int], names: bool) -> None:
        self.channels, self.rank, self.names = channels, len(ranges), names
        self.slices, self.rows, self.columns = (range(1),) * (3 - len(ranges)) + tuple(ranges)
        self.cell_width, self.cell_height = cell
        self.x = self.y = 0
        self.grid_width, self.grid_height = len(self.columns) * cell[0], len(self.rows) * cell[1]
        self.above = NAME if names or self.rank == 3 else 0
        self.pitch = self.above + self.grid_height + GAP  # from one channel to the next

    @property
    def width(self) -> int:
        return len(self.slices) * (self.grid_width + GAP) - GAP

    @property
    def height(self) -> int:
        return self.channels * self.pitch - GAP

    def grid(self, channel: int, slice_: int) -> tuple[int, int]:
        """The upper left corner of a grid."""
        across = (slice_ - self.slices.start) * (self.grid_width + GAP)
        return self.x + across, self.y + channel * self.pitch + self.above

    def spot(self, channel: int, at: Sequence[int]) -> tuple[int, int]:
        """The upper left corner of a cell."""
        slice_, row, column = (0,) * (3 - self.rank) + tuple(at)
        x, y = self.grid(channel, slice_)
        return x + (column - self.columns.start) * self.cell_width, y + (row - self.rows.start) * self.cell_height

    def positions(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Every channel and position."""
        ranges = (self.slices, self.rows, self.columns)[3 - self.rank :]
        return ((channel, at) for channel in range(self.channels) for at in product(*ranges))

    def labels(self) -> list[Item]:
        """The name of each grid, as long as there is room for."""
        found: list[Item] = []
        if self.above:
            for channel, slice_ in product(range(self.channels), self.slices):
                x, y = self.grid(channel, slice_)
                long = [f"channel {channel}"] * self.names + [f"slice {slice_}"] * (self.rank == 3)
                short = [str(channel)] * self.names + [str(slice_)] * (self.rank == 3)
                words = ", ".join(long) if extent(", ".join(long), NOTE) < self.grid_width + GAP else ",".join(short)
                found.append(Label(x + self.grid_width // 2, y - NAME // 2, words.replace("-", "−")))
        return found

    def groups(self, groups: int) -> list[Item]:
        """A frame around the channels of each group."""
        members = self.channels // groups
        height = members * self.pitch - GAP + AROUND
        return [
            Frame(self.x - AROUND, self.y + g * members * self.pitch - 1, self.width + 2 * AROUND, height, "group")
            for g in range(groups)
        ]
