// The page: controls change the configuration, the worker answers, W and the window show it.
import { asAddress, asOptions, fromAddress, MODES, NUMBERS, SIZES } from "./options.js";
import { Matrix } from "./matrix.js";
import { Window } from "./picture.js";

const root = document.getElementById("playground");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const matrix = new Matrix(part("matrix"));
const picture = new Window(part("window"));

let configuration = fromAddress(location.hash.slice(1));
let options = "{}"; // what was asked of symconv last
let shown = null; // the options that W, the window and the verdict are of
let look = { row: 0, column: 0 }; // the entry of W that is looked at

// Asking ------------------------------------------------------------------------------------------------

const worker = new Worker(new URL("worker.js", import.meta.url));
const waiting = new Map();
let count = 0;

function ask(call, ...given) {
  return new Promise((resolve, reject) => {
    waiting.set(++count, { resolve, reject });
    worker.postMessage({ id: count, call, given });
  });
}

worker.onmessage = ({ data }) => {
  if (data.stage) return progress(data);
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  if (data.error) reject(new Error(data.error));
  else resolve(data.answer);
};

/** The function, of which only the last call is made while one is under way. */
function latest(work) {
  let busy = false;
  let next = null;
  return async function run(...given) {
    if (busy) {
      next = given;
      return;
    }
    busy = true;
    try {
      await work(...given);
    } catch (error) {
      complain(error.message);
    } finally {
      busy = false;
    }
    if (next) {
      const again = next;
      next = null;
      run(...again);
    }
  };
}

function progress({ stage, part: share }) {
  const box = part("progress");
  if (share === null) return complain(stage);
  box.querySelector("progress").hidden = share === 1;
  box.querySelector("progress").value = share;
  box.querySelector("span").textContent = stage;
}

function complain(words) {
  part("error").textContent = words;
  part("error").hidden = false;
  part("shown").classList.add("stale");
  part("progress").hidden = true;
}

// What is shown -------------------------------------------------------------------------------------------

const change = latest(async () => {
  options = JSON.stringify(asOptions(configuration));
  const asked = options;
  const answer = await ask("state", asked);
  if (answer.error) return complain(answer.error);
  part("error").hidden = true;
  part("shown").classList.remove("stale");
  const [rows, columns] = answer.shape;
  const share = Math.round((1000 * answer.nonzeros) / (rows * columns)) / 10;
  part("verdict").textContent =
    `Proved: vec(Y) = W vec(X)${configuration.bias ? " + b" : ""}, in ${answer.steps} steps; ${answer.compared.toLocaleString("en")} comparisons held. ` +
    `W is ${rows} × ${columns}; ${answer.nonzeros.toLocaleString("en")} of its entries are not zero (${share} %).`;
  part("all").disabled = !answer.multiplied;
  part("large").hidden = answer.multiplied;
  part("status").textContent = "";
  part("command").textContent = answer.command;
  forget();
  shown = asked;
  part("shown").hidden = false;
  matrix.show(answer);
  const first = answer.rows[answer.chosen][0];
  look = { row: answer.chosen, column: first ? first[0] : 0 };
  root.dataset.shown = asked;
  await lookAt(look);
  proofSoon();
});

let pictured = ""; // the options and the row of the window that is drawn

const lookAt = latest(async ({ row, column }) => {
  const asked = shown;
  const wanted = `${row} ${asked}`;
  const [seen, why] = await Promise.all([wanted === pictured ? null : ask("picture", asked, row), ask("explained", asked, row, column)]);
  if (asked !== shown) return; // another layer is there by now, and looks for itself
  if (seen) {
    picture.show(seen);
    pictured = wanted;
  }
  part("why").replaceChildren(...withIndices(why.words));
  root.dataset.looked = `${row},${column}`;
  light();
});

/** Words with k_{0,1} set as a letter and its indices. */
function withIndices(words) {
  return words.split(/\b([kxyb]_\{?[\d,]+\}?)/).flatMap((piece, n) => {
    if (n % 2 === 0) return [piece];
    const [letter, below] = piece.replace(/[{}]/g, "").split("_");
    const [i, sub] = ["i", "sub"].map((tag) => document.createElement(tag));
    i.textContent = letter;
    sub.textContent = below;
    return [i, sub];
  });
}

function light() {
  matrix.light(look);
  picture.light({ output: [look.row], input: [look.column], kernel: matrix.held(look.row, look.column) });
}

function turnTo(next) {
  if (!matrix.state || (next.row === look.row && next.column === look.column)) return;
  look = next;
  matrix.light(look);
  lookAt(look);
}

let timer = 0;
let proved = "";

function proofSoon() {
  clearTimeout(timer);
  if (part("proof").open && proved !== options) timer = setTimeout(() => proof("axes"), 150);
}

const proof = latest(async (level) => {
  const asked = options;
  if (level === "axes" && proved === asked) return; // it is there, perhaps with more checks
  if (level === "all") part("status").textContent = "Loading SymPy, then multiplying everything out …";
  const answer = await ask("proof", asked, level);
  if (answer.error) throw new Error(answer.error);
  part("text").innerHTML = answer.html;
  part("status").textContent = level === "all" ? "Every entry was compared, and SymPy agrees." : "";
  proved = asked;
  root.dataset.proved = `${level} ${asked}`;
});

// The controls --------------------------------------------------------------------------------------------

/** A slider with its number; it is named by a label of its own, or by words where one label stands for two. */
function slider(id, { min, max }, words, value, put) {
  const both = document.createElement("span");
  both.className = "slider";
  both.innerHTML = `<input type="range" id="${id}" min="${min}" max="${max}" step="1"><output for="${id}"></output>`;
  const [input, output] = both.children;
  input.value = output.textContent = value;
  input.setAttribute("aria-label", words);
  input.addEventListener("input", () => {
    output.textContent = input.value;
    put(Number(input.value));
    change();
  });
  input.addEventListener("change", () => remember(id));
  return both;
}

function line(label, ...sliders) {
  const found = document.createElement("div");
  found.className = "line";
  found.append(Object.assign(document.createElement("span"), { textContent: label }), ...sliders);
  return found;
}

function controls() {
  const { rank, sizes, numbers } = configuration;
  const axes = rank === 1 ? [""] : [", down", ", across"];
  part("sizes").replaceChildren(
    ...Object.entries(SIZES).map(([name, range]) =>
      line(range.label, ...axes.map((axis, n) =>
        slider(`${name}-${n}`, range, range.label + axis, sizes[name][n], (value) => (sizes[name][n] = value))))),
  );
  part("channels").replaceChildren(
    ...Object.entries(NUMBERS).map(([name, range]) =>
      line(range.label, slider(name, range, range.label, numbers[name], (value) => (numbers[name] = value)))),
  );
  root.querySelector("#rank").value = rank;
  root.querySelector("#padding-mode").value = configuration.mode;
  root.querySelector("#flip-kernel").checked = configuration.flip;
  root.querySelector("#bias").checked = configuration.bias;
}

let moved = { id: null, at: 0 };

/** Put the configuration into the address, and leave the one before in the history; what one key does in a row is one step there. */
function remember(id) {
  const same = id === moved.id && performance.now() - moved.at < 1000;
  moved = { id, at: performance.now() };
  history[same ? "replaceState" : "pushState"](null, "", `#${asAddress(configuration)}`);
}

function take(next) {
  configuration = next;
  remember(null);
  controls();
  change();
}

function listen() {
  const on = (id, put) => root.querySelector(id).addEventListener("change", (event) => take({ ...configuration, ...put(event.target) }));
  on("#padding-mode", ({ value }) => ({ mode: value }));
  on("#flip-kernel", ({ checked }) => ({ flip: checked }));
  on("#bias", ({ checked }) => ({ bias: checked }));
  root.querySelector("#rank").addEventListener("change", ({ target }) => {
    const address = new URLSearchParams(asAddress(configuration));
    const sizes = Object.entries(configuration.sizes).map(([name, each]) => [name, target.value === "1" ? each[0] : `${each[0]}x${each[0]}`]);
    for (const [name, value] of sizes) address.set(name, value);
    take(fromAddress(address.toString()));
  });
  for (const name of ["popstate", "hashchange"]) {
    window.addEventListener(name, () => {
      const next = fromAddress(location.hash.slice(1));
      if (asAddress(next) === asAddress(configuration)) return;
      moved = { id: null, at: 0 };
      configuration = next;
      controls();
      change();
    });
  }
  matrix.canvas.addEventListener("pointermove", (event) => {
    const at = matrix.at(event);
    if (at) turnTo(at);
  });
  matrix.canvas.addEventListener("pointerdown", (event) => {
    const at = matrix.at(event);
    if (at) turnTo(at);
  });
  matrix.canvas.addEventListener("keydown", (event) => {
    const [rows, columns] = matrix.state?.shape ?? [1, 1];
    const to = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      Home: [0, -look.column], End: [0, columns - 1 - look.column], PageUp: [-look.row, 0], PageDown: [rows - 1 - look.row, 0],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    const between = (value, last) => Math.min(last, Math.max(0, value));
    turnTo({ row: between(look.row + to[0], rows - 1), column: between(look.column + to[1], columns - 1) });
  });
  part("window").addEventListener("pointermove", (event) => {
    const [panel, number] = picture.at(event) ?? [];
    if (panel === undefined || number < 0) return light();
    const held = { output: { row: number }, input: { column: number }, kernel: { entry: number } }[panel];
    matrix.light(held);
    picture.light({ [panel]: [number] });
  });
  part("window").addEventListener("pointerleave", light);
  part("window").addEventListener("click", (event) => {
    const [panel, number] = picture.at(event) ?? [];
    if (panel === "output") turnTo({ row: number, column: matrix.state.rows[number][0]?.[0] ?? 0 });
    if (panel === "input" && number >= 0) turnTo({ row: look.row, column: number });
  });
  part("proof").addEventListener("toggle", proofSoon);
  part("all").addEventListener("click", () => proof("all"));
  part("copy").addEventListener("click", copy);
  new ResizeObserver(() => {
    if (matrix.state && matrix.canvas.parentElement.clientWidth !== matrix.room) {
      matrix.room = matrix.canvas.parentElement.clientWidth;
      matrix.show(matrix.state);
      light();
    }
  }).observe(matrix.canvas.parentElement);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
}

function repaint() {
  if (!matrix.state) return;
  matrix.show(matrix.state);
  light();
}

async function copy() {
  const answer = await ask("latex", options);
  if (answer.error) return complain(answer.error);
  try {
    await navigator.clipboard.writeText(answer.latex);
    part("copied").textContent = "Copied: a LaTeX document that compiles as it is.";
  } catch {
    part("copied").textContent = "This browser does not let the page copy; select the text below.";
  }
  part("latex").value = answer.latex;
  part("latex").hidden = false;
}

/** What was copied is of the layer before. */
function forget() {
  part("copied").textContent = "";
  part("latex").hidden = true;
}

root.querySelector("#padding-mode").append(...MODES.map((mode) => new Option(mode, mode)));
controls();
listen();
change();
