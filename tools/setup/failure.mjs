/**
 * A step went wrong for a known reason. `message` says what, `advice` what to do
 * about it; `output` is what the command printed, if one was run.
 */
export class StepFailure extends Error {
  constructor(message, { advice, output = '' } = {}) {
    super(message);
    this.name = 'StepFailure';
    this.advice = advice;
    this.output = output;
  }
}
