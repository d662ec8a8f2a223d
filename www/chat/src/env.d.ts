/// <reference types="vite/client" />
import type { Client } from 'seqline';

declare global {
  interface Window {
    /** In development mode only: for tests and bug reports. */
    seqline?: { client: Client };
  }
}
