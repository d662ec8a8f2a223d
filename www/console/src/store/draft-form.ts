// A broadcast as the fields of a form, and back.
import type { Audience, Content, Draft } from '../api/types.ts';
import { fieldNames } from '../text/fields.ts';
import { fromLocalInput, toLocalInput } from '../text/moments.ts';

export interface DraftForm {
  kind: string;
  title: string;
  body: string;
  /** Local times, as their fields have them. */
  starts: string;
  expires: string;
  versionMin: string;
  versionMax: string;
  hosts: string[];
  segments: string[];
  membersOnly: boolean;
  allowListOnly: boolean;
  everyDevice: boolean;
}

export function formOf({ content, audience, every_device }: Draft): DraftForm {
  return {
    kind: content.kind,
    title: content.title,
    body: content.body,
    starts: toLocalInput(audience.starts_us),
    expires: toLocalInput(audience.expires_us),
    versionMin: audience.app_version_min ?? '',
    versionMax: audience.app_version_max ?? '',
    hosts: [...(audience.hosts ?? [])],
    segments: [...(audience.segments ?? [])],
    membersOnly: audience.members_only ?? false,
    allowListOnly: audience.allow_list_only ?? false,
    everyDevice: every_device,
  };
}

export const emptyForm = (): DraftForm =>
  formOf({ content: { kind: 'text', title: '', body: '' }, audience: {}, every_device: false });

/** @param base what the form was filled from: its times are kept to the microsecond */
export function draftOf(form: DraftForm, base?: Draft): Draft {
  const content: Content = { kind: form.kind, title: form.title.trim(), body: form.body };
  const [min, max] = [form.versionMin.trim(), form.versionMax.trim()];
  const audience: Audience = {
    ...given('starts_us', moment(form.starts, base?.audience.starts_us)),
    ...given('expires_us', moment(form.expires, base?.audience.expires_us)),
    ...given('app_version_min', min === '' ? undefined : min),
    ...given('app_version_max', max === '' ? undefined : max),
    ...given('hosts', form.hosts.length > 0 ? form.hosts : undefined),
    ...given('segments', form.segments.length > 0 ? form.segments : undefined),
    ...given('members_only', form.membersOnly || undefined),
    ...given('allow_list_only', form.allowListOnly || undefined),
  };
  return { content, audience, every_device: form.everyDevice };
}

/** Whether two forms say the same. */
export const isSame = (one: DraftForm, other: DraftForm): boolean =>
  JSON.stringify(draftOf(one)) === JSON.stringify(draftOf(other));

export interface Difference {
  field: string;
  mine: string;
  theirs: string;
}

/** The fields in which two forms differ, for people. */
export function differences(mine: DraftForm, theirs: DraftForm): Difference[] {
  return (Object.keys(fieldNames) as (keyof DraftForm)[])
    .map((key) => ({ field: fieldNames[key], mine: shown(mine, key), theirs: shown(theirs, key) }))
    .filter((field) => field.mine !== field.theirs);
}

function shown(form: DraftForm, key: keyof DraftForm): string {
  const value = form[key];
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.join(', ');
  return key === 'starts' || key === 'expires' ? value.replace('T', ' ') : value;
}

/** A field shows whole minutes: what was not touched is not rounded. */
function moment(text: string, base_us: number | undefined): number | undefined {
  return text === toLocalInput(base_us) ? base_us : fromLocalInput(text);
}

const given = <K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> =>
  value === undefined ? {} : ({ [key]: value } as Partial<Record<K, V>>);
