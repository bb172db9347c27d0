import type { Api } from './api.ts';

export type Answer<K extends keyof Api> = Api[K]['answer'];
export type Body<K extends keyof Api> = Api[K]['body'];
export type Query<K extends keyof Api> = Api[K]['query'];
