// The project that the guide to uni-app leads to, as somebody has it who follows it.
import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeGuide } from './guide.mjs';

/** What uni-app's own template brings, as far as it is needed. */
const template = {
  'src/main.ts': [
    "import { createSSRApp } from 'vue';",
    "import App from './App.vue';",
    'export const createApp = () => ({ app: createSSRApp(App) });',
  ],
  'src/App.vue': ['<script setup lang="ts">', '// Nothing yet.', '</script>'],
  'src/pages.json': ['{ "pages": [{ "path": "pages/index/index" }] }'],
  'src/manifest.json': [
    '{ "name": "guide", "vueVersion": "3", "h5": { "router": { "base": "./" } } }',
  ],
};

/**
 * @param {object} places
 * @param {string} places.guide the text
 * @param {string} places.sample a uni-app project whose packages it uses
 * @param {string} places.folder where it goes; what is there is removed
 */
export async function makeGuideProject({ guide, sample, folder }) {
  await rm(folder, { recursive: true, force: true });
  for (const [path, lines] of Object.entries(template)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), `${lines.join('\n')}\n`);
  }
  for (const file of ['package.json', 'index.html']) {
    await copyFile(join(sample, file), join(folder, file));
  }
  const tsconfig = { extends: join(sample, 'tsconfig.json'), include: ['src', 'vite.config.ts'] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
  await symlink(join(sample, 'node_modules'), join(folder, 'node_modules'), 'junction');
  await writeGuide(guide, folder);
}
