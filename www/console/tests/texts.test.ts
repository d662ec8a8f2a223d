import { describe, expect, test } from 'vitest';

import { ApiFailure, failureText } from '../src/api/failure.ts';
import type { Broadcast } from '../src/api/types.ts';
import { hashOf, routeOf } from '../src/route.ts';
import { draftOf, emptyForm, formOf } from '../src/store/draft-form.ts';
import { hourBars } from '../src/store/reach.ts';
import { audienceText, conditions, seenBy } from '../src/text/audience.ts';
import { fieldOfPath } from '../src/text/fields.ts';
import { detailsOf } from '../src/text/history.ts';
import { fromLocalInput, toLocalInput } from '../src/text/moments.ts';
import { isAllowed } from '../src/text/states.ts';

const HOUR_US = 3_600_000_000;

test('who sees it is said in words', () => {
  expect(conditions({})).toEqual([]);
  expect(audienceText({})).toBe('everyone');
  expect(
    conditions({
      members_only: true,
      segments: ['vip', 'beta'],
      hosts: ['wx'],
      allow_list_only: true,
    }),
  ).toEqual([
    'users who are logged in, no guests',
    'users of the segment “vip” or “beta”',
    'where the app runs in “wx”',
    'users of the allow-list only',
  ]);
  expect(conditions({ app_version_min: '4.2' })).toEqual(["with the app's version 4.2 or newer"]);
  expect(conditions({ app_version_max: '4.2' })).toEqual(["with the app's version 4.2 or older"]);
  const staged = {
    state: 'staged',
    staging: { allow_list: true, percent: 10 },
    audience: { hosts: ['wx'] },
  } as Broadcast;
  expect(seenBy(staged)).toBe(
    'It is shown to the users of the allow-list and 10 % of all users, as far as they are in the audience.',
  );
});

test.each([
  ['draft', ['edit', 'stage', 'publish', 'delete']],
  ['staged', ['edit', 'stage', 'publish', 'wave', 'stop', 'recall', 'delete']],
  ['published', ['edit', 'wave', 'stop', 'recall', 'delete']],
  ['stopped', ['edit', 'publish', 'recall', 'delete']],
  ['expired', ['edit', 'recall', 'delete']],
  ['recalled', ['delete']],
] as const)('of what is %s, what can be done is offered, and no more', (state, offered) => {
  const all = ['edit', 'stage', 'publish', 'wave', 'stop', 'recall', 'delete'] as const;
  expect(all.filter((action) => isAllowed(action, state))).toEqual(offered);
});

describe('a form', () => {
  test('gives back what it was filled from, times to the microsecond', () => {
    const draft = {
      content: { kind: 'text', title: 'Title', body: ' text \n' },
      audience: {
        starts_us: 1_777_777_777_777_777,
        expires_us: 1_777_877_777_777_777,
        app_version_min: '4.2',
        hosts: ['browser'],
        segments: ['vip'],
        members_only: true,
      },
      every_device: true,
    };
    expect(draftOf(formOf(draft), draft)).toEqual(draft);
  });

  test('asks for nothing where it is empty', () => {
    expect(draftOf(emptyForm())).toEqual({
      content: { kind: 'text', title: '', body: '' },
      audience: {},
      every_device: false,
    });
  });

  test('knows its fields by the paths of the API', () => {
    expect(fieldOfPath('content.title')).toBe('title');
    expect(fieldOfPath('audience.expires_us')).toBe('expires');
    expect(fieldOfPath('audience.segments[2]')).toBe('segments');
    expect(fieldOfPath('something.else')).toBeUndefined();
  });
});

test('local times go there and back', () => {
  expect(toLocalInput(undefined)).toBe('');
  expect(fromLocalInput('')).toBeUndefined();
  expect(toLocalInput(fromLocalInput('2026-05-03T09:41'))).toBe('2026-05-03T09:41');
});

test('refusals are split into field and reason, and said in words', () => {
  const refusal = new ApiFailure('field_invalid', 'audience.expires_us: it ends before it starts');
  expect([refusal.field, refusal.message]).toEqual([
    'audience.expires_us',
    'it ends before it starts',
  ]);
  expect(new ApiFailure('field_invalid', 'something odd').field).toBeUndefined();
  expect(new ApiFailure('state_forbidden', 'no: not now').field).toBeUndefined();
  expect(failureText(new ApiFailure('state_forbidden', 'it is `recalled`'))).toBe(
    'It is “recalled”.',
  );
});

test.each([
  ['#/', { page: 'list', states: [] }],
  ['#/?state=draft,recalled', { page: 'list', states: ['draft', 'recalled'] }],
  ['#/broadcasts/12', { page: 'broadcast', id: 12 }],
  ['#/broadcasts/12/edit', { page: 'edit', id: 12 }],
  ['#/new', { page: 'new' }],
  ['#/allow-list', { page: 'allow-list' }],
] as const)('%s leads to a page and back', (hash, route) => {
  expect(routeOf(hash)).toEqual(route);
  expect(hashOf(routeOf(hash))).toBe(hash);
});

test('an address that leads nowhere leads to the list', () => {
  for (const hash of ['', '#/broadcasts/x', '#/nowhere', '#/?state=odd']) {
    expect(routeOf(hash)).toEqual({ page: 'list', states: [] });
  }
});

test('bars have no gap, add up hosts, and end with the newest hour', () => {
  const hours = [
    { hour_us: HOUR_US, host: 'browser', handed: 3, opened: 1 },
    { hour_us: HOUR_US, host: 'wx', handed: 2, opened: 2 },
    { hour_us: 3 * HOUR_US, host: 'wx', handed: 1, opened: 0 },
  ];
  expect(hourBars(hours, undefined, 72)).toEqual([
    { hour_us: HOUR_US, handed: 5, opened: 3 },
    { hour_us: 2 * HOUR_US, handed: 0, opened: 0 },
    { hour_us: 3 * HOUR_US, handed: 1, opened: 0 },
  ]);
  expect(hourBars(hours, 'browser', 72)).toHaveLength(1);
  expect(hourBars(hours, undefined, 2).map(({ handed }) => handed)).toEqual([0, 1]);
  expect(hourBars([], undefined, 72)).toEqual([]);
});

test('details of the history are flat, and leave out what says nothing', () => {
  const details = { audience: { segments: ['a', 'b'], members_only: false }, percent: 5, note: '' };
  const line = { id: 1, operator: 'o', at_us: 0, action: 'edit', revision: 1, details };
  const flat = [
    { name: 'Segments', value: 'a, b' },
    { name: 'Percent of all users', value: '5' },
  ];
  expect(detailsOf(line)).toEqual(flat);
  expect(detailsOf({ ...line, details: JSON.stringify(details) })).toEqual(flat);
});
