// Who sees a broadcast, in words.
import type { Audience, Broadcast, Staging } from '../api/types.ts';
import { formatMoment } from './moments.ts';

/** The conditions, one by one; none if it is for everyone. */
export function conditions(audience: Audience): string[] {
  const { app_version_min: min, app_version_max: max } = audience;
  return [
    audience.members_only && 'users who are logged in, no guests',
    audience.segments?.length && `users of the segment ${anyOf(audience.segments)}`,
    audience.hosts?.length && `where the app runs in ${anyOf(audience.hosts)}`,
    min !== undefined && max !== undefined && `with the app's version from ${min} to ${max}`,
    min !== undefined && max === undefined && `with the app's version ${min} or newer`,
    min === undefined && max !== undefined && `with the app's version ${max} or older`,
    audience.allow_list_only && 'users of the allow-list only',
  ].filter((text) => typeof text === 'string');
}

/** The window, in words; empty if there is none. */
export function windowText({ starts_us, expires_us }: Audience): string {
  const from = starts_us === undefined ? '' : `from ${formatMoment(starts_us)}`;
  const until = expires_us === undefined ? '' : `until ${formatMoment(expires_us)}`;
  return [from, until].filter(Boolean).join(' ');
}

/** In one line, as for a list. */
export function audienceText(audience: Audience): string {
  const who = conditions(audience).join('; ');
  return [who === '' ? 'everyone' : who, windowText(audience)].filter(Boolean).join(', ');
}

/** While it is staged. */
export function stagingText({ allow_list, percent }: Staging): string {
  const who = [
    allow_list && 'the users of the allow-list',
    percent > 0 && `${percent} % of all users`,
  ];
  const text = who.filter(Boolean).join(' and ');
  return text === '' ? 'nobody' : text;
}

/** Who sees it at present, as a sentence. */
export function seenBy({ state, staging, audience }: Broadcast): string {
  switch (state) {
    case 'draft':
      return 'Only operators see it.';
    case 'staged': {
      const narrowed =
        conditions(audience).length > 0 ? ', as far as they are in the audience' : '';
      return `It is shown to ${stagingText(staging)}${narrowed}.`;
    }
    case 'published':
      return `It is shown to ${audienceText(audience)}.`;
    case 'stopped':
      return 'Nobody else gets it. Those who have it keep it until it expires.';
    case 'expired':
      return 'Its time is over: nobody sees it any more.';
    case 'recalled':
      return 'It was taken back from everyone, also where it had been read.';
  }
}

function anyOf(labels: string[]): string {
  const quoted = labels.map((label) => `“${label}”`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}
