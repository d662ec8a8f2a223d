/** A step went wrong for a known reason. */
export class StepFailure extends Error {
  /**
   * @param {string} message what went wrong
   * @param {object} [details]
   * @param {string} [details.advice] what to do about it
   * @param {string} [details.output] what the command printed, if one was run
   */
  constructor(message, { advice, output = '' } = {}) {
    super(message);
    this.name = 'StepFailure';
    this.advice = advice;
    this.output = output;
  }
}
