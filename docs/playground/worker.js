// symconv in the browser, away from the page: {id, call, given} comes in, {id, answer} or {id, error} goes out, and
// {stage, part} while it loads.
"use strict";

const started = load();
let sympy = null; // only what asks for it waits for it

function say(stage, part) {
  postMessage({ stage, part });
}

async function archive(pyodide, name) {
  const answer = await fetch(`runtime/${name}.zip`);
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  pyodide.FS.writeFile(`/${name}.zip`, new Uint8Array(await answer.arrayBuffer()));
  pyodide.runPython(`import sys; sys.path.insert(0, "/${name}.zip")`);
}

async function load() {
  say("Loading Python", 0.1);
  importScripts("runtime/pyodide.js");
  const pyodide = await loadPyodide({ indexURL: new URL("runtime/", location.href).href });
  say("Loading symconv", 0.8);
  await archive(pyodide, "symconv");
  const bridge = pyodide.pyimport("bridge");
  say("Ready", 1);
  return { pyodide, bridge };
}

onmessage = async ({ data: { id, call, given } }) => {
  try {
    const { pyodide, bridge } = await started;
    if (call === "proof" && given[1] === "all") {
      sympy ??= archive(pyodide, "sympy");
      await sympy;
    }
    postMessage({ id, answer: JSON.parse(bridge[call](...given)) });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error).trim().split("\n").pop() });
  }
};
started.catch((error) => postMessage({ stage: `Python could not be loaded: ${error.message ?? error}`, part: -1 }));
