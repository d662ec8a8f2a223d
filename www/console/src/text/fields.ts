// The fields of a broadcast, as the editor names them.
import type { DraftForm } from '../store/draft-form.ts';

export const fieldNames: Record<keyof DraftForm, string> = {
  kind: 'Kind',
  title: 'Title',
  body: 'Text',
  starts: 'From',
  expires: 'Until',
  versionMin: 'Lowest version',
  versionMax: 'Highest version',
  hosts: 'Hosts',
  segments: 'Segments',
  membersOnly: 'Logged-in users only',
  allowListOnly: 'Allow-list only',
  everyDevice: 'New on every device',
};

/** In which field of the form a path of the API is; none for what has no field. */
export function fieldOfPath(path: string): keyof DraftForm | undefined {
  const name = path.replace(/^(content|audience)\./, '').replace(/[.[].*$/, '');
  return fields[name];
}

const fields: Record<string, keyof DraftForm | undefined> = {
  kind: 'kind',
  title: 'title',
  body: 'body',
  starts_us: 'starts',
  expires_us: 'expires',
  app_version_min: 'versionMin',
  app_version_max: 'versionMax',
  hosts: 'hosts',
  segments: 'segments',
  members_only: 'membersOnly',
  allow_list_only: 'allowListOnly',
  every_device: 'everyDevice',
};
