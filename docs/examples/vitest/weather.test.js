import OpenAI from "openai";
import { expect, test } from "vitest";
import { gemulator } from "./gemulator.js";

test("it asks again when it is told to wait", async () => {
  const session = await gemulator(`
    turns:
      - when: { user: weather }
        times: 1
        reply: { error: 429, retry_after: 10ms }
      - when: { user: weather }
        reply: It is sunny.
  `);
  const client = new OpenAI(session);
  const answer = await client.chat.completions.create({
    model: "google/gemini-3.5-flash",
    messages: [{ role: "user", content: "How is the weather?" }],
  });
  expect(answer.choices[0].message.content).toBe("It is sunny.");
  await session.verify({ entries: [{ when: { user: "weather" }, count: 2 }] });
});

test("a request that fits no turn is said", async () => {
  const session = await gemulator("turns: [{ when: { user: weather }, reply: It is sunny. }]");
  const client = new OpenAI({ ...session, maxRetries: 0 });
  const asked = client.chat.completions.create({
    model: "google/gemini-3.5-flash",
    messages: [{ role: "user", content: "Hello?" }],
  });
  await expect(asked).rejects.toThrow("400");
  await expect(session.verify()).rejects.toThrow("matched no turn");
});
