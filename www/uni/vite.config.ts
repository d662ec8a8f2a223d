import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

import uni from '@dcloudio/vite-plugin-uni';
import { defineConfig, type Plugin } from 'vite';

const platform = process.env.UNI_PLATFORM;

/** WeChat takes WebAssembly from nowhere but the mini-program's own files: this adds it to them. */
function seqlineWasm(): Plugin {
  return {
    name: 'seqline-wasm',
    async generateBundle() {
      if (platform !== 'mp-weixin') return;
      const wasm = createRequire(import.meta.url).resolve('seqline/seqline.mvp.wasm');
      const fileName = 'miniprogram_npm/seqline/seqline.wasm';
      this.emitFile({ type: 'asset', fileName, source: await readFile(wasm) });
    },
    outputOptions: (output) =>
      // uni-app names chunks of packages `..-node_modules-…`, which browsers do not find.
      platform === 'h5' ? { ...output, chunkFileNames: 'assets/[name].[hash].js' } : output,
  };
}

export default defineConfig({
  plugins: [uni(), seqlineWasm()],
  // Web pages do well with either; with this one they load less.
  resolve: { alias: platform === 'h5' ? { 'seqline/mp': 'seqline' } : {} },
});
