"""What a command tells a newcomer."""


def how_to_sign_in(email: str, password: str) -> str:
    return (
        f"\n  Your account:   {email}\n"
        f"  Its password:   {password}\n"
        "  It is shown this once. Change it under Account settings, Security.\n"
    )
