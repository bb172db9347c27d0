/** The one client of the page: the typed client of the API, asked at the address that the page came from. */
import { createClient } from '../../client/index.ts';

export const baseUrl = new URL('.', document.baseURI).href;

export const client = createClient({ url: baseUrl });
