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
  /** Begins a group of pages that belong together. */
  isFirst?: boolean;
  /** Who finds it in the navigation; everybody where it is left out. */
  role?: 'admin';
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

export const pages: Readonly<Record<string, Page>> = {
  home: { title: 'Home', load: () => import('./home/home.tsx') },
  studio: { title: 'Studio', load: () => import('./studio/studio.tsx') },
  review: { title: 'Review', load: () => import('./review/review.tsx') },
  catalogues: { title: 'Catalogues', load: () => import('./catalogues/catalogues.tsx') },
  brands: { title: 'Brands', load: () => import('./brands/brands.tsx') },
  job: { title: 'Job', under: 'catalogues', load: () => import('./job/job.tsx') },
  runs: { title: 'Runs', isFirst: true, load: () => import('./runs/runs.tsx') },
  compare: { title: 'Two runs', under: 'runs', load: () => import('./compare/compare.tsx') },
  run: { title: 'Run', under: 'runs', load: () => import('./run/run.tsx') },
  datasets: { title: 'Datasets', load: () => import('./datasets/datasets.tsx') },
  dataset: { title: 'Dataset', under: 'datasets', load: () => import('./dataset/dataset.tsx') },
  receipt: { title: 'Receipt', under: 'studio', load: () => import('./receipt/receipt.tsx') },
  trainings: { title: 'Trainings', load: () => import('./trainings/trainings.tsx') },
  registry: { title: 'Registry', load: () => import('./registry/registry.tsx') },
  version: { title: 'Version', under: 'registry', load: () => import('./version/version.tsx') },
  diff: { title: 'Difference', under: 'datasets', load: () => import('./diff/diff.tsx') },
  serving: { title: 'Serving', isFirst: true, load: () => import('./serving/serving.tsx') },
  learning: { title: 'Learning', load: () => import('./learning/learning.tsx') },
  schedule: { title: 'Schedule', isFirst: true, load: () => import('./schedule/schedule.tsx') },
  admin: { title: 'Admin', role: 'admin', load: () => import('./admin/admin.tsx') },
};
