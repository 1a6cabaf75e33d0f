"""Networks and their weights. Weights are cargo: a card says what they are, a hash proves it.

An analysis never opens a socket: weights are fetched or imported beforehand (``ssc models``), kept as
safetensors, and checked when they are loaded. No pickle is ever loaded.
"""
