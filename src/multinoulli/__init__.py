"""Scores in, probabilities you can trust out."""
