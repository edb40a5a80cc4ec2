"""LangChain's OpenAI package asks Gemini; google-auth supplies each token."""

import google.auth
import google.auth.transport.requests
from langchain_openai import ChatOpenAI

LOCATION = "us-central1"
credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])


def token() -> str:
    if not credentials.valid:
        credentials.refresh(google.auth.transport.requests.Request())
    return str(credentials.token)


base = f"https://{LOCATION}-aiplatform.googleapis.com/v1/projects/{project}/locations/{LOCATION}/endpoints/openapi"
model = ChatOpenAI(model="google/gemini-3.5-flash", base_url=base, api_key=token)
unary = model.invoke("Hello").content
print(bool(unary), "".join(str(chunk.content) for chunk in model.stream("Hello")) == unary)
