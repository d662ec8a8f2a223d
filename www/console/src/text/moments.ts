// Microseconds of the relay as people read and write them, in this device's time zone.

const momentFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** For example 3 May 2026, 09:41. */
export const formatMoment = (at_us: number): string => momentFormat.format(at_us / 1_000);

/** As `<input type="datetime-local">` has it, to the minute; empty for none. */
export function toLocalInput(at_us: number | undefined): string {
  if (at_us === undefined) return '';
  const at = new Date(at_us / 1_000);
  const date = [pad(at.getFullYear(), 4), pad(at.getMonth() + 1), pad(at.getDate())].join('-');
  return `${date}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** @returns `undefined` for an empty field, and for what is no time */
export function fromLocalInput(text: string): number | undefined {
  const at_ms = text === '' ? NaN : new Date(text).getTime();
  return Number.isNaN(at_ms) ? undefined : at_ms * 1_000;
}

/** For example UTC+2, beside fields for times. */
export function zoneName(): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'shortOffset' }).formatToParts();
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? 'local time';
}

/** For example 10 s, 5 min, 2 h. */
export function formatWindow(window_ms: number): string {
  const s = Math.round(window_ms / 1_000);
  if (s < 120) return `${s} s`;
  if (s < 7_200) return `${Math.round(s / 60)} min`;
  return `${Math.round(s / 3_600)} h`;
}

const pad = (number: number, length = 2): string => String(number).padStart(length, '0');
