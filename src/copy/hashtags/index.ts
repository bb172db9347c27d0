export { createHashtags, toHashtag } from './hashtags.ts';
