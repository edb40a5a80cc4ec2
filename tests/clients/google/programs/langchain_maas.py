"""LangChain's Vertex AI package asks a partner model with application default credentials."""

from langchain_google_vertexai.model_garden_maas import get_vertex_maas_model

model = get_vertex_maas_model(model_name="meta/llama-3.3-70b-instruct-maas", project="demo", location="us-central1")
print(bool(model.invoke("Hello").content))
