// What a person sees while steps run: on a terminal one live line for the step
// at work, elsewhere (CI, a pipe) plain lines.
const isTerminal = Boolean(process.stdout.isTTY);
const hasColours = isTerminal && !process.env.NO_COLOR;
const paint = (code) => (text) => (hasColours ? `\u001b[${code}m${text}\u001b[0m` : text);
export const green = paint(32);
export const red = paint(31);
export const yellow = paint(33);
export const dim = paint(2);
export const bold = paint(1);

const redraw_interval_ms = 120;
const plain_interval_ms = 30_000;
const spinner = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

export const formatDuration = (ms) => {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
};

export class Progress {
  #timer;
  #start;
  #label = '';
  #lastLine = '';
  #frame = 0;

  /** @param {number} count of steps to come */
  constructor(count) {
    this.count = count;
  }

  begin(index, { name, purpose }) {
    this.#label = `[${index + 1}/${this.count}] ${bold(name)}  ${purpose}`;
    this.#lastLine = '';
    this.#start = Date.now();
    if (isTerminal) {
      this.#timer = setInterval(() => this.#draw(), redraw_interval_ms);
      this.#draw();
    } else {
      console.log(this.#label);
      this.#timer = setInterval(() => this.#tick(), plain_interval_ms);
    }
  }

  /** Takes what the step's command prints; its last line is shown. */
  output(text) {
    const lines = text.split('\n').map((line) => line.trim());
    this.#lastLine = lines.findLast(Boolean) ?? this.#lastLine;
  }

  /** A line that stays: something the person must know about. */
  say(line) {
    this.#clear();
    console.log(`      ${yellow(line)}`);
  }

  /** @param {'done' | 'fresh' | 'skipped' | 'failed'} status */
  end(status, note) {
    clearInterval(this.#timer);
    this.#clear();
    const words = {
      done: () => `${green('✓')} ${formatDuration(Date.now() - this.#start)}`,
      fresh: () => `${green('✓')} ${dim('nothing changed')}`,
      skipped: () => yellow('– skipped'),
      failed: () => `${red('✗ failed')} after ${formatDuration(Date.now() - this.#start)}`,
    };
    const result = [words[status](), note && dim(note)].filter(Boolean).join('  ');
    console.log(isTerminal ? `${this.#label}  ${result}` : `      ${result}`);
  }

  /** Several lines about a step that failed. */
  explain(text) {
    console.log(text);
  }

  #draw() {
    this.#frame = (this.#frame + 1) % spinner.length;
    const head = `${spinner[this.#frame]} ${this.#label}  ${formatDuration(Date.now() - this.#start)}`;
    const room = (process.stdout.columns ?? 80) - visibleLength(head) - 3;
    const rest = room > 10 ? `  ${dim(this.#lastLine.slice(0, room))}` : '';
    process.stdout.write(`\r\u001b[2K${head}${rest}`);
  }

  #tick() {
    const seconds = Math.round((Date.now() - this.#start) / 1000);
    console.log(`      … ${seconds} s  ${this.#lastLine.slice(0, 100)}`);
  }

  #clear() {
    if (isTerminal) process.stdout.write('\r\u001b[2K');
  }
}

// eslint-disable-next-line no-control-regex -- colours begin with an escape character
const visibleLength = (text) => text.replace(/\u001b\[\d+m/g, '').length;
