"""Synthetic slide, chest and finger with known answers: for the demo, the sample data and the tests."""
