// Runs one suite inside the browser: all that the macro `wasm_bindgen_test`
// left in the module as exports, through the runtime of wasm-bindgen-test.
const suite = new URLSearchParams(location.search).get('suite');

// Called by that runtime around each test.
globalThis.__wbg_test_invoke = (test) => test();

globalThis.result = run().catch((error) => ({ error: String(error.stack ?? error) }));

async function run() {
  const glue = await import(`/suites/${suite}/suite.js`);
  const wasm = await glue.default({ module_or_path: `/suites/${suite}/suite_bg.wasm` });
  const tests = Object.keys(wasm).filter((name) => name.startsWith('__wbgt_'));
  // A suite without tests has no runtime in it either.
  if (tests.length === 0) return { isPassed: true, count: 0 };

  captureConsole(glue);
  const context = new glue.WasmBindgenTestContext(false);
  context.include_ignored(false);
  context.filtered_count(0);
  const isPassed = await context.run(tests.map((name) => wasm[name]));
  return { isPassed, count: tests.length };
}

// The runtime shows what a test printed only when the test fails.
function captureConsole(glue) {
  for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
    console[level] = (...args) => glue[`__wbgtest_console_${level}`](args);
  }
}
