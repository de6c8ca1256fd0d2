/** What is asked about the server itself: its model, whether it is ready, its figures, its routes. */
import type { Hono } from 'hono';
import type { Tuned } from '../../classify/tuning/tuned.ts';
import { fittedLabels } from '../fitted-labels.ts';
import type { ServerMetrics } from '../metrics.ts';
import { openApi } from '../openapi.ts';
import type { Scheduler } from '../scheduler.ts';

/** What there is to tell. */
export interface StatusSettings {
  scheduler: Scheduler;
  metrics: ServerMetrics;
  /** The model's name in answers. */
  model: string;
  version: string;
  /** What glz tune fitted. */
  tuned?: Tuned;
  /** Whether the server is about to end. */
  isEnding(): boolean;
}

/** Adds the routes. */
export function addStatus(app: Hono, { scheduler, metrics, model, version, tuned, isEnding }: StatusSettings): void {
  app.get('/v1/models', (context) =>
    context.json({
      object: 'list',
      data: [{ id: model, object: 'model', created: 0, owned_by: 'glz' }],
      models: [{ name: model, description: 'GliZNet, zero-shot text classification, served by glz', release_date: '' }],
    }),
  );
  app.get('/thresholds', (context) => context.json({ thresholds: tuned ? fittedLabels(tuned) : null }));
  app.get('/health', (context) => context.json({ status: 'ok' }));
  app.get('/ready', (context) =>
    isEnding() ? context.json({ status: 'ending' }, 503) : context.json({ status: 'ready', waiting: scheduler.waiting }),
  );
  app.get('/metrics', (context) => context.body(metrics.text(), 200, { 'content-type': metrics.contentType }));
  app.get('/openapi.json', (context) => context.json(openApi(version)));
}
