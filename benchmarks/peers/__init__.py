"""The contenders. Each folder has `settings.py` (ours uses the product's) and `tokens.py`:

seed(count)          makes accounts with a token each, returns the tokens' Authorization headers
JUNK, FORGED         the header of something that is no token, and of a well-formed unknown one
create(), revoke()   the verbs as its documentation has them, through the models

What is compared must be each one at its best: nothing is installed that the call does not need, no
middleware runs, database connections are kept, answers are rendered as JSON only.
"""
