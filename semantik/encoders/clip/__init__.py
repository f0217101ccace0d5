"""OpenAI's CLIP models, and their multilingual text tower."""
