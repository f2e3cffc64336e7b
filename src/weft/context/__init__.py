"""Utterances and everything around them: the context capsule."""
