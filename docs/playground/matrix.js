// W on a canvas: its cells in the colours of their kernel entries, the row, the column and the entry that are looked at.

const LEGIBLE = 19; // pixels of a cell that has its name in it
const BESIDE = 36; // pixels for the names of the rows

/** A matrix drawn into a canvas as wide as its box allows; cells no smaller than three pixels, then the box scrolls. */
export class Matrix {
  constructor(canvas) {
    this.canvas = canvas;
    this.state = null;
  }

  show(state) {
    this.state = state;
    const [rows, columns] = state.shape;
    const room = this.canvas.parentElement.clientWidth - 2;
    const labels = (room - BESIDE) / columns >= LEGIBLE;
    this.left = labels ? BESIDE : 1;
    this.top = labels ? 20 : 1;
    this.size = Math.max(3, Math.min(34, Math.floor((room - this.left - 1) / columns)));
    this.legible = this.size >= LEGIBLE;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [this.left + columns * this.size + 1, this.top + rows * this.size + 1];
    Object.assign(this.canvas, { width: width * scale, height: height * scale });
    Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    this.pen = this.canvas.getContext("2d");
    this.pen.scale(scale, scale);
    this.draw();
    this.base = document.createElement("canvas");
    Object.assign(this.base, { width: this.canvas.width, height: this.canvas.height });
    this.base.getContext("2d").drawImage(this.canvas, 0, 0);
  }

  draw() {
    const { pen, state, size } = this;
    const style = getComputedStyle(this.canvas);
    const [ink, paper, line] = ["--ink", "--paper", "--line"].map((name) => style.getPropertyValue(name));
    const [rows, columns] = state.shape;
    pen.fillStyle = paper;
    pen.fillRect(0, 0, this.canvas.width, this.canvas.height);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    state.rows.forEach((row, i) => row.forEach(([column, entries]) => this.cell(i, column, entries)));
    if (this.legible) {
      pen.fillStyle = line;
      const filled = state.rows.map((row) => new Set(row.map(([column]) => column)));
      for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) if (!filled[i].has(j)) this.dot(i, j);
      pen.fillStyle = ink;
      const height = Math.min(12, 0.45 * size);
      state.outputs.forEach((name, i) => this.name(name, this.left / 2, this.top + (i + 0.5) * size, height));
      state.inputs.forEach((name, j) => this.name(name, this.left + (j + 0.5) * size, this.top / 2, height));
    }
    pen.strokeStyle = line;
    pen.lineWidth = 1;
    const [down, right] = [rows * size, columns * size];
    pen.beginPath();
    for (let i = 0; i <= rows; i += state.blocks[0]) this.rule(this.left, this.top + i * size, right, 0);
    for (let j = 0; j <= columns; j += state.blocks[1]) this.rule(this.left + j * size, this.top, 0, down);
    pen.stroke();
  }

  rule(x, y, right, down) {
    this.pen.moveTo(x + 0.5, y + 0.5);
    this.pen.lineTo(x + right + 0.5, y + down + 0.5);
  }

  cell(i, j, entries) {
    const { pen, size, state } = this;
    const [x, y] = [this.left + j * size, this.top + i * size];
    entries.forEach((entry, n) => {
      const [name, fill, ink] = state.kernel[entry];
      const [begin, end] = [n, n + 1].map((part) => Math.round((part * size) / entries.length));
      pen.fillStyle = fill;
      pen.fillRect(x, y + begin, size, end - begin);
      pen.fillStyle = ink;
      if (this.legible) this.name(`k_{${name}}`, x + size / 2, y + (begin + end) / 2, Math.min(entries.length > 2 ? 8 : 11, 0.45 * size));
    });
  }

  dot(i, j) {
    this.pen.fillRect(this.left + (j + 0.5) * this.size - 1, this.top + (i + 0.5) * this.size - 1, 2, 2);
  }

  /** A letter with its indices below the line. */
  name(text, x, y, height) {
    const [letter, below = ""] = text.split("_");
    const indices = below.replace(/[{}]/g, "");
    const { pen } = this;
    const [large, small] = [`italic ${height}px Georgia, serif`, `${Math.round(height * 0.75)}px Georgia, serif`];
    pen.font = small;
    const after = pen.measureText(indices).width;
    pen.font = large;
    const before = pen.measureText(letter).width;
    pen.fillText(letter, x - after / 2, y);
    pen.font = small;
    pen.fillText(indices, x + before / 2, y + height * 0.25);
  }

  /** Frame what is looked at: an entry's row and column, the entry itself, and all entries of W that hold a kernel entry. */
  light({ row = null, column = null, entry = null }) {
    const { pen, size, state } = this;
    if (!state) return;
    pen.save();
    pen.resetTransform();
    pen.drawImage(this.base, 0, 0);
    pen.restore();
    pen.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--lit");
    const box = (x, y, width, height, thick) => {
      pen.lineWidth = thick;
      pen.strokeRect(this.left + x * size + 0.5, this.top + y * size + 0.5, width * size, height * size);
    };
    if (entry !== null) state.rows.forEach((each, i) => each.forEach(([j, held]) => held.includes(entry) && box(j, i, 1, 1, 2)));
    if (row !== null) box(0, row, state.shape[1], 1, 2);
    if (column !== null) box(column, 0, 1, state.shape[0], 2);
    if (row !== null && column !== null) box(column, row, 1, 1, 4);
  }

  /** The entry under a pointer, or null. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - this.top) / this.size);
    const column = Math.floor((event.clientX - box.left - this.left) / this.size);
    const [rows, columns] = this.state?.shape ?? [0, 0];
    return row >= 0 && row < rows && column >= 0 && column < columns ? { row, column } : null;
  }

  /** The kernel entries in an entry of W. */
  held(row, column) {
    return this.state.rows[row].find(([at]) => at === column)?.[1] ?? [];
  }
}
