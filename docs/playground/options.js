// The configuration: what the controls say, what the address says, and what symconv is asked; one and the same.

/** The parameters that are a number for each axis: their ranges, and what they are where nothing is said. */
export const SIZES = {
  input: { label: "Input size", min: 1, max: 16, usual: 8 },
  kernel: { label: "Kernel size", min: 1, max: 7, usual: 3 },
  stride: { label: "Stride", min: 1, max: 5, usual: 1 },
  padding: { label: "Padding", min: 0, max: 6, usual: 0 },
  dilation: { label: "Dilation", min: 1, max: 4, usual: 1 },
};
export const NUMBERS = {
  "in-channels": { label: "Input channels", min: 1, max: 4, usual: 1 },
  "out-channels": { label: "Output channels", min: 1, max: 4, usual: 1 },
  groups: { label: "Groups", min: 1, max: 4, usual: 1 },
};
export const MODES = ["zeros", "reflect", "symmetric", "replicate", "circular"];
export const START = "input=8x8&kernel=3x3&padding=1x1";

/** What an address says after its #, with what is out of range brought into it. */
export function fromAddress(text) {
  const given = new URLSearchParams(text || START);
  const rank = Math.min(2, Math.max(1, (given.get("input") ?? "8x8").split("x").length));
  const sizes = Object.fromEntries(
    Object.entries(SIZES).map(([name, range]) => {
      const said = (given.get(name) ?? "").split("x");
      return [name, Array.from({ length: rank }, (_, axis) => within(range, said[axis] ?? said[0]))];
    }),
  );
  const numbers = Object.fromEntries(Object.entries(NUMBERS).map(([name, range]) => [name, within(range, given.get(name))]));
  const mode = MODES.includes(given.get("padding-mode")) ? given.get("padding-mode") : "zeros";
  return { rank, sizes, numbers, mode, flip: given.has("flip-kernel"), bias: given.has("bias") };
}

function within({ min, max, usual }, text) {
  const number = /^\d+$/.test(text ?? "") ? Number(text) : usual;
  return Math.min(max, Math.max(min, number));
}

/** The same as options of the command line, without what they are anyway; null where an option takes no value. */
export function asOptions({ sizes, numbers, mode, flip, bias }) {
  const found = {};
  for (const [name, each] of Object.entries(sizes)) {
    if (name === "input" || name === "kernel" || each.some((value) => value !== SIZES[name].usual)) found[name] = each.join("x");
  }
  for (const [name, value] of Object.entries(numbers)) if (value !== 1) found[name] = String(value);
  if (mode !== "zeros") found["padding-mode"] = mode;
  if (flip) found["flip-kernel"] = null;
  if (bias) found.bias = null;
  return found;
}

/** The same as what stands behind the # of an address. */
export function asAddress(configuration) {
  return Object.entries(asOptions(configuration)).map(([name, value]) => (value === null ? name : `${name}=${value}`)).join("&");
}
