// Turns a failed command's output into a reason and a remedy in plain words.
import { StepFailure } from './failure.mjs';
import { bold, red } from './progress.mjs';
import { parseTotals } from './totals.mjs';

/** @type {{ when: RegExp, why: string, advice: string }[]} first match wins */
const known = [
  {
    when: /No space left on device|ENOSPC|disk full/i,
    why: 'The disk is full.',
    advice:
      'Free some space (`target/` can be deleted as a whole; it is built again), then run it again.',
  },
  {
    when: /can only install packages when your package\.json and package-lock\.json|EUSAGE/,
    why: 'package.json and package-lock.json do not fit together.',
    advice: 'Run `npm install` and commit the new package-lock.json.',
  },
  {
    when: /cannot (?:update|create) the lock file .* because --locked was passed|lock file .* needs to be updated but --locked/,
    why: 'A Cargo.toml and Cargo.lock do not fit together.',
    advice: 'Run `cargo check` and commit the new Cargo.lock.',
  },
  {
    when: /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|ENETUNREACH|Could(?: not|n't) resolve host|Temporary failure (?:in name resolution|resolving)|network failure|failed to download|download of .* failed|spurious network error|could not download file/i,
    why: 'A download failed: there is no network, or a package registry cannot be reached.',
    advice:
      'Check the connection and proxy settings (HTTPS_PROXY), then run it again; what was downloaded is kept.',
  },
  {
    when: /linker `?[\w.-]+`? not found|error occurred.*(?:failed to find tool|cc).*not found|failed to find tool "?(?:cc|gcc|clang)/i,
    why: 'There is no C compiler and linker, which Rust and SQLite need.',
    advice:
      'Install one: `apt-get install build-essential` on Debian and Ubuntu, `xcode-select --install` on macOS.',
  },
  {
    when: /can't find crate for `(?:core|std)`|target may not be installed/,
    why: 'The Rust toolchain has no standard library for WebAssembly.',
    advice: 'Run `rustup target add wasm32-unknown-unknown`, or set SEQLINE_WASM_TOOLCHAIN=debian.',
  },
  {
    when: /requires rustc \d|is not supported by the following package|feature `edition\d+` is required/,
    why: 'The installed Rust is too old.',
    advice: 'Run `rustup update stable`.',
  },
  {
    when: /Could not get lock|dpkg frontend lock/,
    why: 'Another program is installing Debian packages at the same time.',
    advice: 'Wait until it is done, then run it again.',
  },
  {
    when: /error while loading shared libraries|Failed to launch.*(?:browser|chromium)|Executable doesn't exist/i,
    why: 'Chromium does not start.',
    advice: 'Install it (`apt-get install chromium`), or name another one in CHROME_PATH.',
  },
  {
    when: /signal: 9|was ended by SIGKILL|heap out of memory|Cannot allocate memory/,
    why: 'A process was killed, most likely because memory ran out.',
    advice: 'Close other programs, or use fewer jobs (CARGO_BUILD_JOBS=1), then run it again.',
  },
  {
    when: /EADDRINUSE|Address already in use/i,
    why: 'The port is taken by another program.',
    advice: 'Stop that program, or choose another port.',
  },
  {
    when: /EACCES|Permission denied/i,
    why: 'A file may not be read or written by this user.',
    advice:
      'Look for files here that belong to another user (often from a run as root): `find . -not -user $(whoami)`.',
  },
  {
    when: /could not compile|error TS\d+|error\[E\d+\]/,
    why: 'The code does not compile.',
    advice: 'The first error above is the one to mend; later ones often follow from it.',
  },
];

/**
 * @param {string} text the error's message and the command's output
 * @returns {{ why: string, advice: string } | null} `null` if it is nothing that we know
 */
export function explain(text) {
  const match = known.find(({ when }) => when.test(text));
  return match ? { why: match.why, advice: match.advice } : null;
}

/**
 * What to show for a failed step: the end of its output, what went wrong, why,
 * and what to do.
 *
 * @param {import('./runner.mjs').Step} step
 * @param {StepFailure | Error} error the latter from a mistake in the step itself
 * @param {string} logFile
 */
export function describeFailure(step, error, logFile) {
  const known = reasonOf(step, error);
  const lines = [
    error instanceof StepFailure ? tail(error.output) : String(error.stack),
    '',
    red(bold(`The step "${step.name}" failed: ${error.message}`)),
    known?.why && `Why:        ${known.why}`,
    `What to do: ${known?.advice ?? 'Mend what the output above complains about, then run it again.'}`,
    `Full log:   ${logFile}`,
    '',
  ];
  return lines.filter((line) => line !== undefined).join('\n');
}

/** @returns {{ why?: string, advice: string } | null} */
function reasonOf(step, error) {
  // A step's own advice beats what its output looks like.
  if (error.advice) return { advice: error.advice };
  // Tests that provoke failures print what would mislead us.
  const { failed } = step.hasTests ? parseTotals(error.output ?? '') : { failed: 0 };
  if (failed > 0) {
    return {
      why: `${failed} of its tests failed.`,
      advice: `Mend them; \`npm run ${step.name.replace('-', ':')}\` runs them alone.`,
    };
  }
  return explain(`${error.message}\n${error.output ?? ''}`);
}

// The end of a command's output, without blank lines at its rim.
function tail(output, lines = 40) {
  return output.trim().split('\n').slice(-lines).join('\n');
}
