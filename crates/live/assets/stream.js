// An answer that goes on while a net trains: an object a line.

import { show } from "./dom.js";

/**
 * Asks, and gives every event to a function as it comes. Returns when the answer ends or is not wanted any more;
 * what goes wrong is shown at the bottom of the page.
 * @param {string} path
 * @param {URLSearchParams} question
 * @param {AbortSignal} signal
 * @param {(event: any) => void} take
 */
export async function stream(path, question, signal, take) {
  try {
    const response = await fetch(`${path}?${question}`, { signal });
    if (!response.ok || !response.body) throw new Error((await response.json()).error);
    show("");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(JSON.parse(line));
    }
  } catch (error) {
    if (!signal.aborted) show(error instanceof TypeError ? "the server does not answer; start `trainer live` again" : String(/** @type {Error} */ (error).message));
  }
}
