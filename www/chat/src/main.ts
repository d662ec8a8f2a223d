import { createApp } from 'vue';

import App from './App.vue';
import '@seqline/shared/styles/tokens.css';
import '@seqline/shared/styles/base.css';
import '@seqline/shared/styles/controls.css';

createApp(App).mount('#app');
