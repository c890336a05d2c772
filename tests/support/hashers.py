from django.contrib.auth.hashers import ScryptPasswordHasher


class QuickScrypt(ScryptPasswordHasher):
    """Costs next to nothing; a hash names its cost, so the real hasher can check it as well."""

    work_factor = 2
    parallelism = 1
