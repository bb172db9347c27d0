export { createHashtags, isHashtag, MAX_HASHTAG_CHARS, toHashtag } from './hashtags.ts';
