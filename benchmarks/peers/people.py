"""Accounts for the peers."""

from django.contrib.auth.models import User

from benchmarks.peers.bulk import insert


def make_people(count: int) -> list[User]:
    people = (
        User(username=f"person-{n}", email=f"person-{n}@example.com", first_name=f"Person {n}")
        for n in range(count)
    )
    return insert(User, people)
