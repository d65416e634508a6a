// symconv in the browser, away from the page: {id, call, given} comes in, {id, answer} or {id, error} goes out, and
// {stage, part} while it loads.
"use strict";

const started = load();
let sympy = null; // only what asks for it waits for it

function say(stage, part) {
  postMessage({ stage, part });
}

async function archive(name) {
  const answer = await fetch(`runtime/${name}.zip`);
  if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${answer.statusText}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function install(pyodide, name, content) {
  pyodide.FS.writeFile(`/${name}.zip`, content);
  pyodide.runPython(`import sys; sys.path.insert(0, "/${name}.zip")`);
}

/** Report each file that has come; Python's start counts as one more. */
function watch(files) {
  const missing = new Set(files);
  const observer = new PerformanceObserver((list) => {
    for (const { name } of list.getEntries()) missing.delete(name.split("/").pop());
    say("Loading Python and symconv", 1 - (missing.size + 1) / (files.length + 1));
  });
  observer.observe({ type: "resource", buffered: true });
  return observer;
}

async function load() {
  const observer = watch(["pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "symconv.zip"]);
  const symconv = archive("symconv");
  importScripts("runtime/pyodide.js");
  const pyodide = await loadPyodide({ indexURL: new URL("runtime/", location.href).href });
  install(pyodide, "symconv", await symconv);
  const bridge = pyodide.pyimport("bridge");
  observer.disconnect();
  say(bridge.running(), 1);
  return { pyodide, bridge };
}

onmessage = async ({ data: { id, call, given } }) => {
  try {
    const { pyodide, bridge } = await started;
    if (call === "proof" && given[1] === "all") {
      sympy ??= archive("sympy").then((content) => install(pyodide, "sympy", content));
      await sympy.catch((error) => {
        sympy = null; // the next one who asks tries again
        throw error;
      });
    }
    postMessage({ id, answer: JSON.parse(bridge[call](...given)) });
  } catch (error) {
    postMessage({ id, error: String(error.message ?? error).trim().split("\n").pop() });
  }
};
started.catch((error) => postMessage({ stage: `Python could not be loaded: ${error.message ?? error}`, part: null }));
