"""Proof: rules, features as transcripts, platforms under one contract, and the shape of the house."""
