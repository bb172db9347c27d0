/**
 * Every page of the console. A page is a folder beside this file and a row here; it is loaded when it is
 * opened.
 */
import type { ComponentType } from 'preact';
import type { PageProps } from '../app/route.ts';

interface Page {
  title: string;
  /** Pages of one thing, such as a run, are reached from their list and stand under it. */
  under?: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

export const pages: Readonly<Record<string, Page>> = {
  home: { title: 'Home', load: () => import('./home/home.tsx') },
  studio: { title: 'Studio', load: () => import('./studio/studio.tsx') },
  catalogues: { title: 'Catalogues', load: () => import('./catalogues/catalogues.tsx') },
  runs: { title: 'Runs', load: () => import('./runs/runs.tsx') },
  run: { title: 'Run', under: 'runs', load: () => import('./run/run.tsx') },
  datasets: { title: 'Datasets', load: () => import('./datasets/datasets.tsx') },
  dataset: { title: 'Dataset', under: 'datasets', load: () => import('./dataset/dataset.tsx') },
  registry: { title: 'Registry', load: () => import('./registry/registry.tsx') },
  schedule: { title: 'Schedule', load: () => import('./schedule/schedule.tsx') },
};
