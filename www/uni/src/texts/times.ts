import { texts } from '.';

/**
 * A time of today, else a day, as short as a list needs it. Without `Intl`, which not every
 * mini-program has.
 */
export function shortTime(at: number, now = Date.now()): string {
  const [then, today] = [new Date(at), new Date(now)];
  const days = Math.round((midnight(today) - midnight(then)) / 86_400_000);
  if (days <= 0) return `${twoDigits(then.getHours())}:${twoDigits(then.getMinutes())}`;
  if (days === 1) return texts.yesterday;
  const day = `${twoDigits(then.getMonth() + 1)}-${twoDigits(then.getDate())}`;
  return then.getFullYear() === today.getFullYear() ? day : `${then.getFullYear()}-${day}`;
}

const midnight = (date: Date): number => new Date(date).setHours(0, 0, 0, 0);

const twoDigits = (number: number): string => `${number < 10 ? '0' : ''}${number}`;
