"""Scores of networks and of readers against the consensus: the tables and figures of Jia et al. 2024."""
