/** How large a context Ollama is asked for. Imports nothing. */

const SMALLEST_CONTEXT = 4096;
/** Of prompts, at the least: English has four or five, Chinese and rare scripts fewer than two. */
const CHARACTERS_PER_TOKEN = 2;

/**
 * A function from a prompt's characters and its answer's tokens to the context (`num_ctx`) that both fit into.
 * Ollama cuts what does not fit its context without a word, and loads the model anew for another size: it only grows.
 */
export function createContextSize(): (characters: number, answerTokens: number) => number {
  let context = SMALLEST_CONTEXT;
  return (characters, answerTokens) => {
    while (context < characters / CHARACTERS_PER_TOKEN + answerTokens) context *= 2;
    return context;
  };
}
