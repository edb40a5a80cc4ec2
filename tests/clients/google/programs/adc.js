// Application default credentials and an OpenAI client; the base URL is the first argument, else Google's own.
import { GoogleAuth } from "google-auth-library";
import OpenAI from "openai";

const auth = new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" });
const client = await auth.getClient();
const { token } = await client.getAccessToken();
const project = await auth.getProjectId();
const google = `https://us-central1-aiplatform.googleapis.com/v1/projects/${project}/locations/us-central1/endpoints/openapi`;
const openai = new OpenAI({ baseURL: process.argv[2] ?? google, apiKey: token, maxRetries: 0 });
const answer = await openai.chat.completions.create({
  model: "google/gemini-3.5-flash",
  messages: [{ role: "user", content: "Why is the sky blue?" }],
});
console.log(client.constructor.name, project, answer.choices[0].message.content.length > 0);
