import '@seqline/shared/styles/tokens.css';
import '@seqline/shared/styles/base.css';
import '@seqline/shared/styles/controls.css';
import './console.css';
import { createApp } from 'vue';

import App from './App.vue';

createApp(App).mount('#app');
