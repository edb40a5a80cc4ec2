"""A session that refreshes, and a client that does not, over the life of a token of five seconds."""

import os
import time

import google.auth
import openai
import requests
from google.auth.transport.requests import AuthorizedSession

url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
body = {"model": "google/gemini-3.5-flash", "messages": [{"role": "user", "content": "Hello"}]}
credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
session = AuthorizedSession(credentials)
print(session.post(url, json=body).status_code)
first = credentials.token
while requests.post(url, json=body, headers={"authorization": f"Bearer {first}"}).status_code == 200:
    time.sleep(0.1)
print(session.post(url, json=body).status_code, credentials.token != first)
try:
    openai.OpenAI(api_key=first).chat.completions.create(**body)
except openai.AuthenticationError as error:
    print(error.status_code, error.response.json()[0]["error"]["details"][0]["reason"])
