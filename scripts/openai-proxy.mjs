// groq-sdk asks below /openai/v1, Ollama answers below /v1: passes requests on with the other path. Prints its port.
import { createServer } from 'node:http';

const target = process.argv[2];
const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const answer = await fetch(`${target}${request.url.replace('/openai/v1/', '/v1/')}`, {
    method: request.method,
    headers: { 'content-type': 'application/json' },
    body: Buffer.concat(chunks),
  });
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(await answer.text());
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
