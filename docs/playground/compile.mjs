// Compiles the Python files below a folder, in place, with the Python that will run them in the browser:
//   node compile.mjs RUNTIME FOLDER
import { pathToFileURL } from "node:url";
import { resolve } from "node:path";

const [runtime, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(runtime, "pyodide.mjs")).href);
const pyodide = await loadPyodide({ indexURL: resolve(runtime) });
pyodide.FS.mkdir("/sources");
pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, { root: resolve(folder) }, "/sources");
const done = pyodide.runPython(`
import compileall, py_compile
compileall.compile_dir("/sources", quiet=1, legacy=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
`);
process.exit(done ? 0 : 1);
