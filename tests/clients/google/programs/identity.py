"""An identity token of the metadata server, checked with the emulator's published keys."""

import os

import google.auth.transport.requests
from google.auth.compute_engine import IDTokenCredentials
from google.oauth2 import id_token

request = google.auth.transport.requests.Request()
credentials = IDTokenCredentials(request, "https://app.example", use_metadata_identity_endpoint=True)
credentials.refresh(request)
certificates = f"http://{os.environ['GCE_METADATA_HOST']}/oauth2/v1/certs"
told = id_token.verify_token(credentials.token, request, "https://app.example", certificates)
print(told["email"])
