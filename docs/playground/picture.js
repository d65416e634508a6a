// The window of one output: symconv's picture, and frames around the cells that are looked at.

export class Window {
  constructor(box) {
    this.box = box;
    this.cells = [];
  }

  show({ svg, cells }) {
    this.box.innerHTML = svg;
    this.cells = cells;
    this.svg = this.box.querySelector("svg");
    this.lit = document.createElementNS("http://www.w3.org/2000/svg", "g");
    this.lit.setAttribute("class", "lit");
    this.svg.append(this.lit);
  }

  /** Frame the cells of a panel with one of the numbers; more than once where an input is read twice. */
  light(wanted) {
    if (!this.svg) return;
    const frames = Object.entries(wanted).flatMap(([panel, numbers]) =>
      this.cells.filter(([where, number]) => where === panel && numbers.includes(number)));
    this.lit.innerHTML = frames
      .map(([, , x, y, width, height]) => `<rect x="${x}" y="${y}" width="${width}" height="${height}"/>`).join("");
  }

  /** The cell under a pointer as [panel, number], or null. */
  at(event) {
    if (!this.svg) return null;
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    const hit = this.cells.filter(([, , x, y, width, height]) =>
      point.x >= x && point.x < x + width && point.y >= y && point.y < y + height).at(-1);
    return hit ? [hit[0], hit[1]] : null;
  }
}
