const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const clockFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const weekdayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'long' });
const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long' });
const dateWithYearFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long' });
const shortDateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const fullFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

const DAY_MS = 24 * 60 * 60_000;

/** For example 09:41. */
export const formatTime = (at: number): string => timeFormat.format(at);

/** For example 09:41:07. */
export const formatClock = (at: number): string => clockFormat.format(at);

/** Date and time in full, for tooltips. */
export const formatFull = (at: number): string => fullFormat.format(at);

/** For example Today, Yesterday, Tuesday, 3 May. */
export function formatDay(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days > 1 && days < 7) return weekdayFormat.format(at);
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? dateFormat : dateWithYearFormat).format(at);
}

/** A time of today, else a day: as short as a list needs it. */
export function formatWhen(at: number, now: number): string {
  const days = daysBetween(at, now);
  if (days === 0) return formatTime(at);
  if (days === 1) return 'Yesterday';
  return shortDateFormat.format(at);
}

/** For example just now, 5 minutes ago, at 09:41, yesterday, on 3 May. */
export function formatSeen(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'} ago`;
  const days = daysBetween(at, now);
  if (days === 0) return `at ${formatTime(at)}`;
  return days === 1 ? 'yesterday' : `on ${shortDateFormat.format(at)}`;
}

/** For example 1.5 KiB. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const kibibytes = bytes / 1024;
  if (kibibytes < 1024) return `${kibibytes.toFixed(1)} KiB`;
  return `${(kibibytes / 1024).toFixed(1)} MiB`;
}

/** Midnights between two moments, in local time. */
function daysBetween(at: number, now: number): number {
  return Math.round((startOfDay(now) - startOfDay(at)) / DAY_MS);
}

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
