"""An account to look around in: tokens in every state and ninety days of plausible traffic.

``programs`` is the cast, ``traffic`` what it does (pure, the same for the same seed), ``account``
writes both down.
"""
