import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import { defineConfig, globalIgnores } from 'eslint/config';
import globals from 'globals';
import ts from 'typescript-eslint';

export default defineConfig(
  globalIgnores([
    ...['**/dist/', '**/node_modules/', 'target/', 'tests/results/'],
    // For compilers of every kind, this one's configuration not among them.
    'tests/package/fixtures/types/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  js.configs.recommended,
  { files: ['**/*.{js,mjs,cjs}'], languageOptions: { globals: globals.node } },
  { files: ['tools/wasm-tests/page.js'], languageOptions: { globals: globals.browser } },

  {
    files: ['tests/package/fixtures/**/*.js'],
    languageOptions: {
      globals: { ...globals.browser, ...globals.node },
      parserOptions: { ecmaFeatures: { jsx: true } },
    },
  },

  {
    files: ['**/*.{ts,mts,cts,vue}'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: {
        projectService: true,
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.vue'],
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // A number in a text is what it looks like.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['**/*.vue'],
    extends: [vue.configs['flat/recommended']],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
  },
  {
    files: ['www/uni/**/*.vue'],
    languageOptions: { globals: { uni: 'readonly' } },
    // uni-app names a page as the folder that it is in.
    rules: { 'vue/multi-word-component-names': 'off' },
  },
  {
    files: ['www/**/*.{ts,vue}'],
    // What people write is text, wherever it is shown.
    rules: {
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'srcdoc'].map((property) => ({
          property,
          message: 'Nothing is drawn as HTML.',
        })),
      ],
    },
  },

  // Last: turns off what would argue with prettier.
  prettier,
);
