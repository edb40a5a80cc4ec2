// What docs/faults.md says that openai-node sees is what it sees: every row of its table.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import OpenAI from "openai";

const root = fileURLToPath(new URL("../..", import.meta.url));
const words = "Grüße über Zürich, naïve café.";
const request = { model: "google/gemini-3.1-pro-preview", messages: [{ role: "user", content: "hi" }] };
let server, client;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  writeFileSync(join(folder, "words.yaml"), `pacing: { tokens_per_chunk: 1 }\nturns: [{ reply: '${words}' }]\n`);
  const options = ["serve", "--port", "0", "--log-format", "off", "--grace", "1", "--scenarios", folder];
  server = spawn(`${root}/.venv/bin/gemulator`, options, { cwd: root });
  let baseURL;
  for await (const line of createInterface({ input: server.stdout })) {
    baseURL = /OPENAI_BASE_URL=(\S+openapi)/.exec(line)?.[1];
    if (baseURL) break;
  }
  client = new OpenAI({ baseURL, apiKey: "emulator", maxRetries: 0 });
});

after(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
});

function judged(said, finish, usage) {
  if (said !== words) return !said ? "nothing" : words.startsWith(said) ? "part" : "other words";
  return !finish ? "no finish reason" : !usage ? "no usage" : "whole";
}

async function seenWhole(options) {
  try {
    const answer = await client.chat.completions.create(request, options);
    if (typeof answer === "string") return "a text";
    return judged(answer.choices[0].message.content, answer.choices[0].finish_reason, answer.usage);
  } catch (error) {
    return error.constructor.name;
  }
}

async function seenAsStream(options) {
  let said = "", finish, usage, odd = "";
  try {
    for await (const chunk of await client.chat.completions.create({ ...request, stream: true }, options)) {
      if (Array.isArray(chunk)) {
        odd = ", a list";
        continue;
      }
      said += chunk.choices[0].delta.content ?? "";
      finish = chunk.choices[0].finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
  } catch (error) {
    return said ? `part, ${error.constructor.name}` : error.constructor.name;
  }
  return judged(said, finish, usage) + odd;
}

// Time-outs in milliseconds, and the fault with times in proportion. A busy machine needs longer ones.
function clocks(line) {
  if (!/^(hang|slow)/.test(line)) return [[60_000, line]];
  return [1, 8, 60].map((longer) => [1000 * longer, line.replace(/\b(\d+)s\b/g, (_, seconds) => `${seconds * longer}s`)]);
}

const lines = readFileSync(join(root, "docs/faults.md"), "utf8").split("\n").filter((line) => line.startsWith("| `"));
const rows = lines.map((line) => line.slice(2, -2).split(" | ").map((cell) => cell.trim())).filter((row) => row.length === 6);

for (const [fault, , , , whole, stream] of rows) {
  const line = fault.replaceAll("`", "");
  test(line, async () => {
    let seen;
    for (const [timeout, order] of clocks(line)) {
      const headers = { "x-emulator-fault": order };
      const options = (name) => ({ timeout, headers: { ...headers, "x-emulator-session": `${order} ${name}` } });
      seen = [await seenWhole(options("whole")), await seenAsStream(options("stream"))];
      if (isDeepStrictEqual(seen, [whole, stream])) break;
    }
    assert.deepEqual(seen, [whole, stream]);
  });
}
