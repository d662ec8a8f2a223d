import { en, type Texts } from './en';
import { zh } from './zh';

/** In the language of the device: Chinese, else English. */
export const texts: Texts = uni.getLocale().startsWith('zh') ? zh : en;
