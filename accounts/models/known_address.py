"""The addresses a token was used from."""

from django.db import models

# More than this many addresses a token are not told apart any more.
ADDRESSES_PER_TOKEN = 1000


class KnownAddress(models.Model):
    token = models.ForeignKey("accounts.ApiToken", models.CASCADE, related_name="addresses")
    # Of an IPv6 address the first one of its /64.
    address = models.GenericIPAddressField()
    first_used_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "known addresses"
        constraints = (
            models.UniqueConstraint(fields=("token", "address"), name="an_address_is_new_once"),
        )

    def __str__(self) -> str:
        return f"{self.address} of token {self.token_id}"
