import { beforeEach, describe, expect, test } from 'vitest';

import { OperatorApi } from '../src/api/operator-api.ts';
import { Editor } from '../src/store/editor.ts';
import type { FormKeeper, KeptForm } from '../src/store/kept-form.ts';
import { FakeRelay } from './fake-relay.ts';

class MemoryKeeper implements FormKeeper {
  kept: KeptForm | undefined;

  load(): KeptForm | undefined {
    return structuredClone(this.kept);
  }

  save(kept: KeptForm | undefined): void {
    this.kept = kept && (JSON.parse(JSON.stringify(kept)) as KeptForm);
  }
}

let relay: FakeRelay;
let olga: OperatorApi;
let oscar: OperatorApi;

beforeEach(() => {
  relay = new FakeRelay();
  olga = new OperatorApi(relay.callAs('olga'));
  oscar = new OperatorApi(relay.callAs('oscar'));
});

const draft = (title: string, body = 'text') => ({
  content: { kind: 'text', title, body },
  audience: {},
  every_device: false,
});

async function editorOf(api: OperatorApi, id?: number, keeper: FormKeeper = new MemoryKeeper()) {
  const editor = new Editor(api, id, keeper);
  await editor.load();
  return editor;
}

test('a new broadcast is saved, and edited from there on', async () => {
  const editor = await editorOf(olga);
  expect(editor.isDirty.value).toBe(false);
  Object.assign(editor.state.form, { title: ' Hello ', body: 'to all', segments: ['vip'] });
  expect(editor.isDirty.value).toBe(true);
  const saved = await editor.save();
  expect(saved).toMatchObject({
    revision: 1,
    content: { title: 'Hello', body: 'to all' },
    audience: { segments: ['vip'] },
  });
  expect(editor.isDirty.value).toBe(false);

  editor.state.form.body = 'to everyone';
  expect(await editor.save()).toMatchObject({ id: saved?.id, revision: 2 });
  expect(relay.broadcasts.size).toBe(1);
});

test('what is refused is said at its field, and the text stays', async () => {
  const editor = await editorOf(olga);
  editor.state.form.body = 'without a title';
  expect(await editor.save()).toBeUndefined();
  expect(editor.state.problems).toEqual({ title: 'it is empty' });
  expect(editor.state.failure).toContain('not saved');
  expect(editor.state.form.body).toBe('without a title');
  expect(editor.isDirty.value).toBe(true);
});

test('a relay that is away loses no text', async () => {
  const editor = await editorOf(olga);
  Object.assign(editor.state.form, { title: 'Hello', body: 'to all' });
  relay.isDown = true;
  expect(await editor.save()).toBeUndefined();
  expect(editor.state.failure).toContain('cannot be reached');
  relay.isDown = false;
  expect(await editor.save()).toMatchObject({ content: { title: 'Hello', body: 'to all' } });
});

describe('the preview', () => {
  test('fills in placeholders with what is supposed, and lists problems', async () => {
    const editor = await editorOf(olga);
    Object.assign(editor.state.form, { title: 'Dear {{name|friend}}', body: '' });
    expect(editor.placeholders.value).toEqual(['name']);
    await editor.look();
    expect(editor.state.preview).toMatchObject({ title: 'Dear friend' });
    expect(editor.state.problems).toEqual({ body: 'it is empty' });

    editor.suppose('name', 'Ada');
    editor.state.form.body = 'Hello';
    await editor.look();
    expect(editor.state.preview).toMatchObject({ title: 'Dear Ada', body: 'Hello' });
    expect(editor.state.problems).toEqual({});
  });

  test('of an older text is not shown after that of a newer one', async () => {
    const waiting: (() => void)[] = [];
    const call = relay.callAs('olga');
    const slow = new OperatorApi(async (method, params) => {
      const value = await call(method, params);
      await new Promise<void>((resolve) => waiting.push(resolve));
      return value;
    });
    const editor = await editorOf(slow);
    editor.state.form.title = 'one';
    const first = editor.look();
    editor.state.form.title = 'two';
    const second = editor.look();
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]?.();
    await second;
    waiting[0]?.();
    await first;
    expect(editor.state.preview?.title).toBe('two');
  });
});

describe('two operators', () => {
  test('a stale save says who was first, and keeps this text until it is decided', async () => {
    const { id } = await olga.create(draft('Hello', 'first'));
    const mine = await editorOf(olga, id);
    const theirs = await editorOf(oscar, id);
    theirs.state.form.body = 'by oscar';
    await theirs.save();

    mine.state.form.title = 'by olga';
    expect(await mine.save()).toBeUndefined();
    expect(mine.state.theirs?.by).toBe('oscar');
    expect(mine.state.form.title).toBe('by olga');
    expect(mine.differences.value).toEqual([
      { field: 'Title', mine: 'by olga', theirs: 'Hello' },
      { field: 'Text', mine: 'first', theirs: 'by oscar' },
    ]);

    mine.keepMine();
    expect(mine.state.form.title).toBe('by olga');
    expect(await mine.save()).toMatchObject({ content: { title: 'by olga', body: 'first' } });
  });

  test('theirs can be loaded instead', async () => {
    const { id } = await olga.create(draft('Hello'));
    const mine = await editorOf(olga, id);
    mine.state.form.title = 'by olga';
    await oscar.edit({ id, revision: 1 }, draft('by oscar'));
    await mine.lookForOthers();
    expect(mine.state.theirs?.by).toBe('oscar');
    mine.takeTheirs();
    expect(mine.state.form.title).toBe('by oscar');
    expect(mine.isDirty.value).toBe(false);
  });

  test('where nothing was written, the newest is shown without a question', async () => {
    const { id } = await olga.create(draft('Hello'));
    const mine = await editorOf(olga, id);
    await oscar.edit({ id, revision: 1 }, draft('by oscar'));
    await mine.lookForOthers();
    expect(mine.state.theirs).toBeUndefined();
    expect(mine.state.form.title).toBe('by oscar');
  });
});

describe('what was not saved', () => {
  test('is there again after a reload', async () => {
    const keeper = new MemoryKeeper();
    const { id } = await olga.create(draft('Hello'));
    const before = await editorOf(olga, id, keeper);
    before.state.form.title = 'Hello, all';
    before.keep();

    const after = await editorOf(olga, id, keeper);
    expect(after.state.form.title).toBe('Hello, all');
    expect(after.state.isRestored).toBe(true);
    expect(after.isDirty.value).toBe(true);
    after.discard();
    expect(after.state.form.title).toBe('Hello');
    expect(keeper.kept).toBeUndefined();
  });

  test('meets what somebody else saved since', async () => {
    const keeper = new MemoryKeeper();
    const { id } = await olga.create(draft('Hello'));
    const before = await editorOf(olga, id, keeper);
    before.state.form.title = 'by olga';
    before.keep();
    await oscar.edit({ id, revision: 1 }, draft('by oscar'));

    const after = await editorOf(olga, id, keeper);
    expect(after.state.form.title).toBe('by olga');
    expect(after.state.theirs?.by).toBe('oscar');
  });

  test('is forgotten once it is saved', async () => {
    const keeper = new MemoryKeeper();
    const editor = await editorOf(olga, undefined, keeper);
    Object.assign(editor.state.form, { title: 'Hello', body: 'text' });
    editor.keep();
    expect(keeper.kept).toBeDefined();
    await editor.save();
    expect(keeper.kept).toBeUndefined();
  });
});
