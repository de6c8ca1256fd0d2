/** `GET /openapi.json`: the server's own description, made of the schemas that it checks with. */
import { z } from 'zod';
import { classifyBody, decideBody } from './bodies.ts';
import { decisionsBody } from './decisions.ts';
import { systemOneBody } from './system-one.ts';

const schemaOf = (schema: z.ZodType): object => z.toJSONSchema(schema, { target: 'openapi-3.0', unrepresentable: 'any' });
const answer = (description: string) => ({ description, content: { 'application/json': { schema: { type: 'object' } } } });
const post = (summary: string, schema: z.ZodType) => ({
  post: {
    summary,
    requestBody: { required: true, content: { 'application/json': { schema: schemaOf(schema) } } },
    responses: { 200: answer('the answers'), 422: answer('a field that is wrong'), 503: answer('busy; try again after Retry-After') },
  },
});
const get = (summary: string) => ({ get: { summary, responses: { 200: { description: 'ok' } } } });

/** The description. @param version of glz */
export const openApi = (version: string): object => ({
  openapi: '3.0.3',
  info: { title: 'glz serve', version, description: 'Zero-shot text classification with GliZNet.' },
  components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/classify': post('Labels texts', classifyBody),
    '/decide': post('Answers questions as the library asks them', decideBody),
    '/v1/systemone': post('Answers named questions (System One)', systemOneBody),
    '/v1/decisions': post('Answers a list of questions (OpenAI Decisions)', decisionsBody),
    '/v1/models': get('The model that is served'),
    '/thresholds': get('The labels, thresholds and level of --thresholds; null without'),
    '/health': get('Whether the process lives'),
    '/ready': get('Whether requests are taken'),
    '/metrics': get('Figures for Prometheus'),
    '/openapi.json': get('This description'),
  },
});
