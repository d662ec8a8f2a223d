import { createSSRApp } from 'vue';

import App from './App.vue';
// #ifdef H5
import './h5/keyboard';
// #endif

// uni-app calls this on every platform.
export function createApp() {
  return { app: createSSRApp(App) };
}
