"""The same over plain HTTP: the base URL comes from OPENAI_BASE_URL, the token from google-auth."""

import google.auth
import google.auth.transport.requests
import openai

credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials.refresh(google.auth.transport.requests.Request())
client = openai.OpenAI(api_key=credentials.token, max_retries=0)
answer = client.chat.completions.create(
    model="google/gemini-3.5-flash", messages=[{"role": "user", "content": "Why is the sky blue?"}]
)
print(project, answer.choices[0].message.content)
