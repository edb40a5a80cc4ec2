"""The words that answers are made of: a file a language, and how a sentence is put together from them."""
