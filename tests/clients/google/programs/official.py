"""As Google's page has it: application default credentials, a token, an OpenAI client on Google's host."""

import google.auth
import google.auth.transport.requests
import openai

LOCATION = "us-central1"

credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(google.auth.transport.requests.Request())
base = f"https://{LOCATION}-aiplatform.googleapis.com/v1/projects/{project}/locations/{LOCATION}/endpoints/openapi"
client = openai.OpenAI(base_url=base, api_key=credentials.token, max_retries=0)
answer = client.chat.completions.create(
    model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Why is the sky blue?"}]
)
print(project, answer.choices[0].message.content)
